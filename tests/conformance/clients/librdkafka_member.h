// A member of a group, as ../groups.py asks for it, in C.
#pragma once

#include "librdkafka_cluster.h"
#include "reporting.h"

static inline void on_rebalance(rd_kafka_t* consumer, rd_kafka_resp_err_t what,
                                rd_kafka_topic_partition_list_t* places, void* opaque) {
  (void)opaque;
  const int is_assigned = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  printf("has");
  for (int i = 0; is_assigned && i < places->cnt; ++i) printf(" %d", places->elems[i].partition);
  printf("\n");
  fflush(stdout);
  rd_kafka_assign(consumer, is_assigned ? places : NULL);
}

static inline int be_member(const char* topic, const char* group) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "group.id", group);
  set(conf, "session.timeout.ms", "6000");
  set(conf, "heartbeat.interval.ms", "500");
  set(conf, "auto.offset.reset", "earliest");
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_t* consumer = client_of(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(consumer, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  hear_of_leaving();
  while (!is_asked_to_leave) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 200);
    if (!message) continue;
    if (!message->err) {
      printf("record %.*s\n", (int)message->len, (const char*)message->payload);
      fflush(stdout);
    }
    rd_kafka_message_destroy(message);
  }
  leave(consumer);
  return 0;
}
