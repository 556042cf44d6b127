// What librdkafka's transactions can do with a cluster, in C.
#pragma once

#include "librdkafka_cluster.h"

static inline int is_fine(rd_kafka_error_t* error, const char* what) {
  if (!error) return 1;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  EXPECT(0, "%s: %s", what, rd_kafka_err2str(code));
}

static inline rd_kafka_t* transactional(struct deliveries* deliveries, const char* id) {
  rd_kafka_t* producer = producer_with(deliveries, "transactional.id", id, NULL);
  return is_fine(rd_kafka_init_transactions(producer, patience_ms), "init") ? producer : NULL;
}

static inline int transactions(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 2));
  rd_kafka_t* producer = transactional(&deliveries, "librdkafka-transactions");
  TRY(producer != NULL);
  for (int i = 0; i < 4; ++i) {
    TRY(is_fine(rd_kafka_begin_transaction(producer), "begin"));
    // Of the aborted ones some would be found beside those that are committed.
    produce_numbered(producer, topic, i == 2 ? 100 : 10, 2);
    // librdkafka 2.0.2 aborts at the coordinator, too, what that has not let begin yet
    // (CONCURRENT_TRANSACTIONS), and INVALID_TXN_STATE is fatal to it: let it begin.
    TRY(rd_kafka_flush(producer, patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR);
    TRY(is_fine(i == 2 ? rd_kafka_commit_transaction(producer, patience_ms)
                       : rd_kafka_abort_transaction(producer, patience_ms),
                "end"));
  }
  rd_kafka_destroy(producer);
  return hold_all(topic, 2, 100, 1);
}

static inline int fencing(const char* topic) {
  struct deliveries zombies, successors;
  TRY(create(topic, 1));
  rd_kafka_t* zombie = transactional(&zombies, "librdkafka-fencing");
  TRY(zombie != NULL);
  TRY(is_fine(rd_kafka_begin_transaction(zombie), "begin"));
  produce_numbered(zombie, topic, 7, 1);
  rd_kafka_flush(zombie, patience_ms);
  rd_kafka_t* successor = transactional(&successors, "librdkafka-fencing");
  TRY(successor != NULL);
  rd_kafka_error_t* error = rd_kafka_commit_transaction(zombie, patience_ms);
  EXPECT(error, "a zombie commits");
  EXPECT(rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__FENCED, "%s", rd_kafka_error_name(error));
  rd_kafka_error_destroy(error);
  rd_kafka_destroy(zombie);
  TRY(is_fine(rd_kafka_begin_transaction(successor), "begin"));
  produce_numbered(successor, topic, 5, 1);
  TRY(is_fine(rd_kafka_commit_transaction(successor, patience_ms), "commit"));
  rd_kafka_destroy(successor);
  return hold_all(topic, 1, 5, 1);
}

// Where the group has committed, of each of the two partitions.
static inline int commits(rd_kafka_t* consumer, const char* topic,
                          rd_kafka_topic_partition_list_t** to) {
  *to = rd_kafka_topic_partition_list_new(2);
  for (int p = 0; p < 2; ++p) rd_kafka_topic_partition_list_add(*to, topic, p);
  const rd_kafka_resp_err_t error = rd_kafka_committed(consumer, *to, patience_ms);
  EXPECT(!error, "committed: %s", rd_kafka_err2name(error));
  return 1;
}

static inline int have_committed(rd_kafka_t* consumer, const char* topic, int count) {
  rd_kafka_topic_partition_list_t* committed;
  TRY(commits(consumer, topic, &committed));
  int64_t sum = 0;
  for (int p = 0; p < 2; ++p) {
    if (committed->elems[p].offset > 0) sum += committed->elems[p].offset;
  }
  rd_kafka_topic_partition_list_destroy(committed);
  EXPECT(sum == count, "offsets of %lld records are committed, not %d", (long long)sum, count);
  return 1;
}

// To where the group has committed.
static inline int rewind_to_committed(rd_kafka_t* consumer, const char* topic) {
  rd_kafka_topic_partition_list_t* committed;
  TRY(commits(consumer, topic, &committed));
  for (int p = 0; p < 2; ++p) {
    if (committed->elems[p].offset < 0) committed->elems[p].offset = 0;
  }
  TRY(is_fine(rd_kafka_seek_partitions(consumer, committed, patience_ms), "seek"));
  rd_kafka_topic_partition_list_destroy(committed);
  return 1;
}

// A transaction: 20 records go to `topic`, and where they end is committed.
static inline int process(rd_kafka_t* consumer, rd_kafka_t* producer, const char* topic,
                          int is_commit) {
  struct records records = {0};
  TRY(poll_records(consumer, &records, 20));
  TRY(is_fine(rd_kafka_begin_transaction(producer), "begin"));
  for (int i = 0; i < 20; ++i) {
    produce(producer, topic, i % 2, NULL, 0, records.all[i].value, records.all[i].value_size);
  }
  forget(&records);
  rd_kafka_topic_partition_list_t* places = NULL;
  rd_kafka_assignment(consumer, &places);
  rd_kafka_position(consumer, places);
  rd_kafka_consumer_group_metadata_t* group = rd_kafka_consumer_group_metadata(consumer);
  TRY(is_fine(rd_kafka_send_offsets_to_transaction(producer, places, group, patience_ms),
              "send offsets"));
  rd_kafka_consumer_group_metadata_destroy(group);
  rd_kafka_topic_partition_list_destroy(places);
  TRY(rd_kafka_flush(producer, patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR);
  return is_fine(is_commit ? rd_kafka_commit_transaction(producer, patience_ms)
                           : rd_kafka_abort_transaction(producer, patience_ms),
                 "end");
}

static inline int exactly_once(const char* topic) {
  static const char* const input = "exactly-once-input";
  struct deliveries sent, deliveries;
  TRY(create(input, 2) && create(topic, 2));
  rd_kafka_t* source = producer_with(&sent, NULL);
  produce_numbered(source, input, 60, 2);
  TRY(flushed(source, &sent, 60));
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "enable.auto.commit", "false");
  rd_kafka_t* consumer = member_with(conf, input, topic);
  rd_kafka_t* producer = transactional(&deliveries, "librdkafka-exactly-once");
  TRY(producer != NULL);
  TRY(process(consumer, producer, topic, 1) && have_committed(consumer, input, 20));
  TRY(process(consumer, producer, topic, 0) && have_committed(consumer, input, 20));
  TRY(rewind_to_committed(consumer, input));
  for (int i = 0; i < 2; ++i) TRY(process(consumer, producer, topic, 1));
  TRY(have_committed(consumer, input, 60));
  leave(consumer);
  rd_kafka_destroy(producer);
  EXPECT(deliveries.count == 80, "%d delivered, not 80", deliveries.count);
  return hold_all(topic, 2, 60, 1);
}
