// What librdkafka can do with a cluster, asked in C. Arguments: bootstrap.servers, or a member's
// (../groups.py).
#include "librdkafka_cluster.h"
#include "librdkafka_groups.h"
#include "librdkafka_member.h"
#include "librdkafka_transactions.h"
#include "reporting.h"

// ---- Produce -----------------------------------------------------------------------------------

static int codec(const char* topic) {
  struct deliveries deliveries;
  rd_kafka_t* producer =
      producer_with(&deliveries, "compression.type", topic + strlen("codec-"), NULL);
  produce_numbered(producer, topic, 500, 1);
  TRY(flushed(producer, &deliveries, 500));
  return holds_numbered(topic, 0, 0, 500);
}

static int acks(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 1));
  // With acks=0 nobody says that a leader does not know of the topic yet: with this it does.
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 1, 1);
  TRY(flushed(producer, &deliveries, 1));
  producer = producer_with(&deliveries, "acks", topic + strlen("acks-"), NULL);
  produce_numbered(producer, topic, 100, 1);
  TRY(flushed(producer, &deliveries, 100));
  return holds_numbered(topic, 1, 0, 100);
}

static int keys(const char* topic) {
  struct deliveries deliveries;
  struct records records;
  TRY(create(topic, 4));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  for (int i = 0; i < 500; ++i) {
    char key[32], value[32];
    const int key_size = snprintf(key, sizeof key, "%d", i % 13);
    const int value_size = snprintf(value, sizeof value, "%d", i);
    produce(producer, topic, RD_KAFKA_PARTITION_UA, key, (size_t)key_size, value,
            (size_t)value_size);
  }
  TRY(flushed(producer, &deliveries, 500));
  TRY(read_records(topic, 4, 0, &records, 500));
  int partition[13], last[13];
  for (int k = 0; k < 13; ++k) partition[k] = last[k] = -1;
  for (int i = 0; i < 500; ++i) {
    const struct record* record = &records.all[i];
    const int k = atoi(record->key), number = atoi(record->value);
    EXPECT(partition[k] < 0 || partition[k] == record->partition, "key %d has two partitions", k);
    EXPECT(last[k] < number, "key %d is out of order", k);
    partition[k] = record->partition;
    last[k] = number;
  }
  forget(&records);
  return 1;
}

static int headers(const char* topic) {
  struct deliveries deliveries;
  struct records records;
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE("v", 1),
                    RD_KAFKA_V_HEADER("name", "1", 1), RD_KAFKA_V_HEADER("name", "2", 1),
                    RD_KAFKA_V_HEADER("empty", "", 0), RD_KAFKA_V_HEADER("null", NULL, 0),
                    RD_KAFKA_V_END);
  TRY(flushed(producer, &deliveries, 1));
  TRY(read_records(topic, 1, 0, &records, 1));
  EXPECT(records.all[0].headers, "no headers");
  const char *names[] = {"name", "name", "empty", "null"}, *values[] = {"1", "2", "", NULL};
  for (size_t i = 0; i < 4; ++i) {
    const char* name = NULL;
    const void* value = NULL;
    size_t size = 0;
    EXPECT(!rd_kafka_header_get_all(records.all[0].headers, i, &name, &value, &size), "%zu headers",
           i);
    EXPECT(strcmp(name, names[i]) == 0 && (value == NULL) == (values[i] == NULL), "header %s",
           name);
    EXPECT(!value || (size == strlen(values[i]) && memcmp(value, values[i], size) == 0),
           "header %s", name);
  }
  forget(&records);
  return 1;
}

static int null_and_empty(const char* topic) {
  static const char *pairs_keys[] = {"", "k", NULL, "k"}, *pairs_values[] = {"", NULL, "v", ""};
  struct deliveries deliveries;
  struct records records;
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  for (int i = 0; i < 4; ++i) {
    const char *key = pairs_keys[i], *value = pairs_values[i];
    produce(producer, topic, 0, key, key ? strlen(key) : 0, value, value ? strlen(value) : 0);
  }
  TRY(flushed(producer, &deliveries, 4));
  TRY(read_records(topic, 1, 0, &records, 4));
  for (int i = 0; i < 4; ++i) {
    const struct record* record = &records.all[i];
    EXPECT((record->key == NULL) == (pairs_keys[i] == NULL), "the key of record %d", i);
    EXPECT((record->value == NULL) == (pairs_values[i] == NULL), "the value of record %d", i);
  }
  forget(&records);
  return 1;
}

static int send_large(const char* topic, size_t size) {
  struct deliveries deliveries;
  rd_kafka_t* producer = producer_with(&deliveries, "message.max.bytes", "2000000", NULL);
  char* value = malloc(size);
  memset(value, 'x', size);
  produce(producer, topic, 0, NULL, 0, value, size);
  free(value);
  return flushed(producer, &deliveries, 1);
}

static int large_message(const char* topic) {
  struct records records;
  TRY(send_large(topic, 1000000));
  TRY(read_records(topic, 1, 0, &records, 1));
  EXPECT(records.all[0].value_size == 1000000, "%zu bytes", records.all[0].value_size);
  forget(&records);
  return 1;
}

static int too_large(const char* topic) {
  EXPECT(!send_large(topic, 1100000), "no error");
  // What the producer was told is why.
  return strstr(why, rd_kafka_err2str(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)) != NULL;
}

static int batches(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 1));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 3000, 1);
  TRY(flushed(producer, &deliveries, 3000));
  return holds_numbered(topic, 0, 0, 3000);
}

static int pipelining(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 1));
  rd_kafka_t* producer = producer_with(&deliveries, "batch.num.messages", "1", "linger.ms", "0",
                                       "max.in.flight.requests.per.connection", "20", NULL);
  produce_numbered(producer, topic, 300, 1);
  TRY(flushed(producer, &deliveries, 300));
  for (int i = 0; i < 300; ++i) {
    EXPECT(deliveries.offsets[i] == i, "answer %d says offset %lld", i,
           (long long)deliveries.offsets[i]);
  }
  return 1;
}

static int idempotent(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 3));
  rd_kafka_t* producer = producer_with(&deliveries, "enable.idempotence", "true", NULL);
  produce_numbered(producer, topic, 600, 3);
  TRY(flushed(producer, &deliveries, 600));
  return hold_all(topic, 3, 600, 1);
}

// ---- Consume -----------------------------------------------------------------------------------

static void produce_timed(void) {
  struct deliveries deliveries;
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  for (int i = 0; i < 100; ++i) {
    char value[32];
    const int size = snprintf(value, sizeof value, "record %d", i);
    rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("timed"), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_VALUE(value, (size_t)size),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_TIMESTAMP(1000000 + i * 1000), RD_KAFKA_V_END);
  }
  flushed(producer, &deliveries, 100);
}

static int consume_beginning(const char* topic) {
  (void)topic;
  return holds_numbered("timed", RD_KAFKA_OFFSET_BEGINNING, 0, 100);
}

static int consume_end(const char* topic) {
  struct deliveries deliveries;
  struct records records = {0};
  TRY(create(topic, 1));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 10, 1);
  TRY(flushed(producer, &deliveries, 10));
  rd_kafka_t* consumer = reader(topic, 1, RD_KAFKA_OFFSET_END);
  // Only whoever has arrived at the end is told so.
  rd_kafka_message_t* end = rd_kafka_consumer_poll(consumer, patience_ms);
  EXPECT(end && end->err == RD_KAFKA_RESP_ERR__PARTITION_EOF, "not at the end");
  rd_kafka_message_destroy(end);
  producer = producer_with(&deliveries, NULL);
  produce(producer, topic, 0, NULL, 0, "later", 5);
  TRY(flushed(producer, &deliveries, 1));
  TRY(poll_records(consumer, &records, 1));
  EXPECT(strcmp(records.all[0].value, "later") == 0, "not what came later");
  forget(&records);
  leave(consumer);
  return 1;
}

static int consume_offset(const char* topic) {
  (void)topic;
  return holds_numbered("timed", 60, 60, 40);
}

static int64_t offset_at(int64_t time) {
  rd_kafka_topic_partition_list_t* place = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(place, "timed", 0)->offset = time;
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(admin(), place, patience_ms);
  const int64_t offset = error ? -1000 : place->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(place);
  return offset;
}

static int consume_timestamp(const char* topic) {
  (void)topic;
  EXPECT(offset_at(1029500) == 30, "offset %lld", (long long)offset_at(1029500));
  EXPECT(offset_at(2000000) == RD_KAFKA_OFFSET_END, "after the last: %lld",
         (long long)offset_at(2000000));
  return holds_numbered("timed", offset_at(1029500), 30, 70);
}

static int assign_seek(const char* topic) {
  (void)topic;
  static const int offsets[] = {90, 10, 50};
  struct records records = {0};
  rd_kafka_t* consumer = reader("timed", 1, 0);
  TRY(poll_records(consumer, &records, 100));
  rd_kafka_topic_t* handle = rd_kafka_topic_new(consumer, "timed", NULL);
  for (size_t i = 0; i < 3; ++i) {
    forget(&records);
    const rd_kafka_resp_err_t error = rd_kafka_seek(handle, 0, offsets[i], patience_ms);
    EXPECT(!error, "seek: %s", rd_kafka_err2str(error));
    TRY(poll_records(consumer, &records, 100 - offsets[i]));
    TRY(are_numbered(&records, offsets[i]));
  }
  forget(&records);
  rd_kafka_topic_destroy(handle);
  leave(consumer);
  return 1;
}

// ---- Administer --------------------------------------------------------------------------------

static int metadata(const char* topic) {
  TRY(create(topic, 3));
  const struct rd_kafka_metadata* metadata = metadata_of(topic);
  EXPECT(metadata && metadata->broker_cnt == 3, "not three brokers");
  EXPECT(metadata->topic_cnt == 1 && metadata->topics[0].partition_cnt == 3, "not 3 partitions");
  for (int p = 0; p < 3; ++p) {
    const struct rd_kafka_metadata_partition* partition = &metadata->topics[0].partitions[p];
    EXPECT(partition->replica_cnt == 3, "%d replicas", partition->replica_cnt);
    EXPECT(partition->leader >= 1 && partition->leader <= 3, "leader %d", partition->leader);
  }
  rd_kafka_metadata_destroy(metadata);
  return 1;
}

static int create_topics(const char* topic) {
  TRY(create(topic, 3));
  EXPECT(try_create(topic, 3, 3) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "made twice");
  EXPECT(try_create("wide", 1, 9) == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
         "more replicas than brokers");
  return 1;
}

static rd_kafka_resp_err_t try_delete(const char* topic) {
  rd_kafka_DeleteTopic_t* doomed = rd_kafka_DeleteTopic_new(topic);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_DeleteTopics(admin(), &doomed, 1, NULL, queue);
  rd_kafka_DeleteTopic_destroy(doomed);
  rd_kafka_event_t* event = outcome(queue);
  if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
  const rd_kafka_resp_err_t error =
      count ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  return error;
}

static int delete_topics(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 1));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 10, 1);
  TRY(flushed(producer, &deliveries, 10));
  const rd_kafka_resp_err_t error = try_delete(topic);
  EXPECT(!error, "%s", rd_kafka_err2name(error));
  TRY(comes_to_have(topic, 0));
  TRY(create(topic, 1));
  producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 1, 1);
  TRY(flushed(producer, &deliveries, 1));
  return hold_all(topic, 1, 1, 1);
}

static int create_partitions(const char* topic) {
  TRY(create(topic, 1));
  char problem[200];
  rd_kafka_NewPartitions_t* more = rd_kafka_NewPartitions_new(topic, 4, problem, sizeof problem);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_CreatePartitions(admin(), &more, 1, NULL, queue);
  rd_kafka_NewPartitions_destroy(more);
  rd_kafka_event_t* event = outcome(queue);
  EXPECT(event && !rd_kafka_event_error(event), "%s",
         event ? rd_kafka_event_error_string(event) : "no answer");
  size_t count = 0;
  const rd_kafka_topic_result_t** results = rd_kafka_CreatePartitions_result_topics(
      rd_kafka_event_CreatePartitions_result(event), &count);
  const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  rd_kafka_event_destroy(event);
  EXPECT(!error, "%s", rd_kafka_err2name(error));
  return comes_to_have(topic, 4);
}

// The value of the topic's retention.ms is `expected`.
static int has_retention(const char* topic, const char* expected) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_DescribeConfigs(admin(), &resource, 1, NULL, queue);
  rd_kafka_ConfigResource_destroy(resource);
  rd_kafka_event_t* event = outcome(queue);
  EXPECT(event && !rd_kafka_event_error(event), "%s",
         event ? rd_kafka_event_error_string(event) : "no answer");
  size_t count = 0, entries = 0;
  const rd_kafka_ConfigResource_t** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event), &count);
  const rd_kafka_ConfigEntry_t** all = rd_kafka_ConfigResource_configs(resources[0], &entries);
  snprintf(why, sizeof why, "retention.ms is not among %zu settings", entries);
  int is_so = 0;
  for (size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(all[i]);
    if (strcmp(rd_kafka_ConfigEntry_name(all[i]), "retention.ms") != 0) continue;
    is_so = value && strcmp(value, expected) == 0;
    snprintf(why, sizeof why, "retention.ms is %s", value ? value : "null");
  }
  rd_kafka_event_destroy(event);
  return is_so;
}

static int describe_configs(const char* topic) {
  (void)topic;
  TRY(create("configured", 1));
  return has_retention("configured", "7200000");
}

static int alter_configs(const char* topic) {
  (void)topic;
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "configured");
  rd_kafka_ConfigResource_set_config(resource, "retention.ms", "3600000");
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_AlterConfigs(admin(), &resource, 1, NULL, queue);
  rd_kafka_ConfigResource_destroy(resource);
  rd_kafka_event_t* event = outcome(queue);
  EXPECT(event && !rd_kafka_event_error(event), "%s",
         event ? rd_kafka_event_error_string(event) : "no answer");
  rd_kafka_event_destroy(event);
  const long long until = now_ms() + patience_ms;
  while (!has_retention("configured", "3600000")) {
    if (now_ms() > until) return 0;
    usleep(50000);
  }
  return 1;
}

static int begins_and_ends(const char* topic, int64_t begin, int64_t end) {
  int64_t low = -1, high = -1;
  const rd_kafka_resp_err_t error =
      rd_kafka_query_watermark_offsets(admin(), topic, 0, &low, &high, patience_ms);
  EXPECT(!error, "%s", rd_kafka_err2name(error));
  EXPECT(low == begin && high == end, "from %lld to %lld", (long long)low, (long long)high);
  return 1;
}

static int list_offsets(const char* topic) {
  (void)topic;
  return begins_and_ends("timed", 0, 100);
}

static int delete_records(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 1));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 100, 1);
  TRY(flushed(producer, &deliveries, 100));
  rd_kafka_topic_partition_list_t* before = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(before, topic, 0)->offset = 60;
  rd_kafka_DeleteRecords_t* doomed = rd_kafka_DeleteRecords_new(before);
  rd_kafka_topic_partition_list_destroy(before);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_DeleteRecords(admin(), &doomed, 1, NULL, queue);
  rd_kafka_DeleteRecords_destroy(doomed);
  rd_kafka_event_t* event = outcome(queue);
  EXPECT(event && !rd_kafka_event_error(event), "%s",
         event ? rd_kafka_event_error_string(event) : "no answer");
  const rd_kafka_topic_partition_t begin =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))->elems[0];
  EXPECT(!begin.err, "%s", rd_kafka_err2name(begin.err));
  EXPECT(begin.offset == 60, "begins at %lld", (long long)begin.offset);
  rd_kafka_event_destroy(event);
  TRY(begins_and_ends(topic, 60, 100));
  return holds_numbered(topic, RD_KAFKA_OFFSET_BEGINNING, 60, 40);
}

static int describe_cluster(const char* topic) {
  (void)topic;
  char* id = rd_kafka_clusterid(admin(), patience_ms);
  EXPECT(id && strcmp(id, "AAAAAAAAAAAAAAAAAAAAAA") == 0, "cluster %s", id ? id : "unknown");
  free(id);
  const int controller = rd_kafka_controllerid(admin(), patience_ms);
  EXPECT(controller >= 1 && controller <= 3, "controller %d", controller);
  return 1;
}

// A group of that name has a member, with both partitions of a topic of that name.
static rd_kafka_t* has_member(const char* name) {
  struct deliveries deliveries;
  struct records records = {0};
  if (!create(name, 2)) return NULL;
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, name, 2, 2);
  if (!flushed(producer, &deliveries, 2)) return NULL;
  rd_kafka_t* member = member_with(rd_kafka_conf_new(), name, name);
  const int is_assigned = poll_records(member, &records, 2);
  forget(&records);
  return is_assigned ? member : NULL;
}

static int list_groups(const char* group) {
  rd_kafka_t* member = has_member(group);
  TRY(member != NULL);
  const char* state = listed_state(admin(), group);
  EXPECT(strcmp(state, "Stable") == 0, "with a member it is %s", state);
  leave(member);
  state = listed_state(admin(), group);
  EXPECT(strcmp(state, "Empty") == 0, "without a member it is %s", state);
  return 1;
}

static int describe_groups(const char* group) {
  struct described_group described = {0};
  rd_kafka_t* member = has_member(group);
  TRY(member != NULL);
  const rd_kafka_resp_err_t error = describe_group(admin(), group, &described);
  EXPECT(!error, "%s", rd_kafka_err2name(error));
  EXPECT(strcmp(described.state, "Stable") == 0, "it is %s", described.state);
  EXPECT(described.members == 1, "it has %zu members", described.members);
  EXPECT(described.partitions == 2, "%d partitions are assigned", described.partitions);
  leave(member);
  return 1;
}

static int delete_groups(const char* group) {
  rd_kafka_t* member = has_member(group);
  TRY(member != NULL);
  rd_kafka_resp_err_t error = delete_group(admin(), group);
  EXPECT(error == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, "with a member: %s", rd_kafka_err2name(error));
  leave(member);
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "group.id", group);
  rd_kafka_t* observer = client_of(RD_KAFKA_CONSUMER, conf);
  TRY(have_committed(observer, group, 2));
  error = delete_group(admin(), group);
  EXPECT(!error, "without a member: %s", rd_kafka_err2name(error));
  TRY(have_committed(observer, group, 0));
  leave(observer);
  error = delete_group(admin(), group);
  EXPECT(error == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, "once more: %s", rd_kafka_err2name(error));
  EXPECT(strcmp(listed_state(admin(), group), "Unknown") == 0, "it is listed");
  return 1;
}

// ---- Errors ------------------------------------------------------------------------------------

static int unknown_topic(const char* topic) {
  (void)topic;
  const rd_kafka_resp_err_t error = try_delete("nowhere");
  EXPECT(error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "%s", rd_kafka_err2name(error));
  return 1;
}

static int out_of_range(const char* topic) {
  (void)topic;
  rd_kafka_t* consumer = reader("timed", 1, 1000000);
  rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, patience_ms);
  EXPECT(message, "nothing is said");
  // librdkafka tells of it as the failed reset, in whose words the broker's error is.
  const int is_told = message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET &&
                      strstr(rd_kafka_message_errstr(message), "out of range");
  snprintf(why, sizeof why, "%.300s", rd_kafka_message_errstr(message));
  rd_kafka_message_destroy(message);
  leave(consumer);
  return is_told;
}

static int invalid_partition(const char* topic) {
  (void)topic;
  struct deliveries deliveries;
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce(producer, "timed", 99, NULL, 0, "v", 1);
  rd_kafka_flush(producer, patience_ms);
  rd_kafka_destroy(producer);
  EXPECT(deliveries.error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "%s",
         rd_kafka_err2name(deliveries.error));
  return 1;
}

// ---- Failures ----------------------------------------------------------------------------------

static int broker_killed(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 3));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  for (int i = 0; i < 600; ++i) {
    char value[32];
    if (i == 200) ask("kill 1");
    produce(producer, topic, i % 3, NULL, 0, value,
            (size_t)snprintf(value, sizeof value, "record %d", i));
    usleep(2000);
  }
  TRY(flushed(producer, &deliveries, 600));
  ask("start 1");
  return hold_all(topic, 3, 600, 0);  // What was sent again may be there twice.
}

static int restart(const char* topic) {
  struct deliveries deliveries;
  TRY(create(topic, 3));
  rd_kafka_t* producer = producer_with(&deliveries, NULL);
  produce_numbered(producer, topic, 300, 3);
  TRY(flushed(producer, &deliveries, 300));
  ask("restart");
  return hold_all(topic, 3, 300, 1);
}

// ---- All of them -------------------------------------------------------------------------------

static const struct {
  const char* name;
  int (*is_there)(const char* capability);
} capabilities[] = {
    {"codec-none", codec},
    {"codec-gzip", codec},
    {"codec-snappy", codec},
    {"codec-lz4", codec},
    {"codec-zstd", codec},
    {"acks-0", acks},
    {"acks-1", acks},
    {"acks-all", acks},
    {"acks-2", acks},
    {"keys", keys},
    {"headers", headers},
    {"null-and-empty", null_and_empty},
    {"large-message", large_message},
    {"too-large", too_large},
    {"batches", batches},
    {"pipelining", pipelining},
    {"idempotent", idempotent},
    {"transactions", transactions},
    {"fencing", fencing},
    {"exactly-once", exactly_once},
    {"consume-beginning", consume_beginning},
    {"consume-end", consume_end},
    {"consume-offset", consume_offset},
    {"consume-timestamp", consume_timestamp},
    {"assign-seek", assign_seek},
    {"metadata", metadata},
    {"create-topics", create_topics},
    {"delete-topics", delete_topics},
    {"create-partitions", create_partitions},
    {"describe-configs", describe_configs},
    {"alter-configs", alter_configs},
    {"list-offsets", list_offsets},
    {"delete-records", delete_records},
    {"describe-cluster", describe_cluster},
    {"list-groups", list_groups},
    {"describe-groups", describe_groups},
    {"delete-groups", delete_groups},
    {"unknown-topic", unknown_topic},
    {"out-of-range", out_of_range},
    {"invalid-partition", invalid_partition},
    {"broker-killed", broker_killed},
    {"restart", restart},
};

int main(int count, char** arguments) {
  if (count < 2) return 0;
  servers = arguments[1];
  if (count > 4) return be_member(arguments[2], arguments[3], arguments[4], arguments[5]);
  printf("client librdkafka %s\n", rd_kafka_version_str());
  fflush(stdout);
  produce_timed();
  for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; ++i) {
    const char* name = capabilities[i].name;
    why[0] = '\0';
    report(name, capabilities[i].is_there(name), why);
  }
  not_applicable("elect-leaders", "not in librdkafka 2.0.2's admin client");
  not_applicable("reassign", "not in librdkafka 2.0.2's admin client");
  not_applicable("describe-log-dirs", "not in librdkafka 2.0.2's admin client");
  not_applicable("group-consumer", "librdkafka 2.0.2 has classic groups only");
  rd_kafka_destroy(admin());
  return 0;
}
