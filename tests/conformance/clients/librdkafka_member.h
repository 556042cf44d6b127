// A member of a group, as ../groups.py asks for it, in C.
#pragma once

#include "librdkafka_cluster.h"
#include "reporting.h"

static inline void on_rebalance(rd_kafka_t* consumer, rd_kafka_resp_err_t what,
                                rd_kafka_topic_partition_list_t* places, void* opaque) {
  (void)opaque;
  const int is_assigned = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (strcmp(rd_kafka_rebalance_protocol(consumer), "COOPERATIVE") != 0) {
    rd_kafka_assign(consumer, is_assigned ? places : NULL);
  } else {
    rd_kafka_error_t* error = is_assigned ? rd_kafka_incremental_assign(consumer, places)
                                          : rd_kafka_incremental_unassign(consumer, places);
    if (error) rd_kafka_error_destroy(error);
  }
  rd_kafka_topic_partition_list_t* assigned = NULL;
  rd_kafka_assignment(consumer, &assigned);
  printf("has");
  // None: a member that leaves may have left by now, while it revokes.
  for (int i = 0; assigned && i < assigned->cnt; ++i) printf(" %d", assigned->elems[i].partition);
  printf("\n");
  fflush(stdout);
  if (assigned) rd_kafka_topic_partition_list_destroy(assigned);
}

// With an instance if it is a static one.
static inline int be_member(const char* role, const char* topic, const char* group,
                            const char* instance) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "session.timeout.ms", instance ? "30000" : "6000");
  set(conf, "heartbeat.interval.ms", "500");
  if (instance) set(conf, "group.instance.id", instance);
  if (strcmp(role, "cooperative") == 0) {
    set(conf, "partition.assignment.strategy", "cooperative-sticky");
  }
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_t* consumer = member_with(conf, topic, group);
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
