// A cluster as librdkafka's tests in C use it: producers that count what was delivered, readers
// that keep what they read, topics made. What a capability lacks is left in `why`.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { most_records = 3000, patience_ms = 30000 };

static const char* servers;
static char why[600];

// Of a capability: says why it is not there.
#define EXPECT(holds, ...)                    \
  do {                                        \
    if (!(holds)) {                           \
      snprintf(why, sizeof why, __VA_ARGS__); \
      return 0;                               \
    }                                         \
  } while (0)
#define TRY(capability)          \
  do {                           \
    if (!(capability)) return 0; \
  } while (0)

static inline long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// ---- Clients -----------------------------------------------------------------------------------

struct deliveries {
  int count;
  int64_t offsets[most_records];
  rd_kafka_resp_err_t error;
};

static inline void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message,
                               void* opaque) {
  struct deliveries* deliveries = opaque;
  (void)client;
  if (message->err) {
    deliveries->error = message->err;
  } else {
    deliveries->offsets[deliveries->count++] = message->offset;
  }
}

static inline void set(rd_kafka_conf_t* conf, const char* key, const char* value) {
  char problem[200];
  if (rd_kafka_conf_set(conf, key, value, problem, sizeof problem) != RD_KAFKA_CONF_OK) {
    fprintf(stderr, "%s\n", problem);
    exit(1);
  }
}

static inline rd_kafka_t* client_of(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char problem[200];
  set(conf, "bootstrap.servers", servers);
  // The default waits of 10 s are longer than a broker is away.
  set(conf, "reconnect.backoff.max.ms", "500");
  set(conf, "log_level", "0");  // Errors are told to whoever asked.
  rd_kafka_t* client = rd_kafka_new(type, conf, problem, sizeof problem);
  if (!client) {
    fprintf(stderr, "%s\n", problem);
    exit(1);
  }
  return client;
}

// Settings: key, value, …, NULL.
static inline rd_kafka_t* producer_with(struct deliveries* deliveries, ...) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "acks", "all");
  set(conf, "linger.ms", "20");
  va_list settings;
  va_start(settings, deliveries);
  for (const char* key; (key = va_arg(settings, const char*)) != NULL;) {
    set(conf, key, va_arg(settings, const char*));
  }
  va_end(settings);
  memset(deliveries, 0, sizeof *deliveries);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_conf_set_opaque(conf, deliveries);
  return client_of(RD_KAFKA_PRODUCER, conf);
}

static inline void produce(rd_kafka_t* producer, const char* topic, int partition, const char* key,
                           size_t key_size, const char* value, size_t value_size) {
  rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                    RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE((void*)value, value_size),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
                    RD_KAFKA_V_END);
  rd_kafka_poll(producer, 0);
}

// "record 0" …, one partition after the other.
static inline void produce_numbered(rd_kafka_t* producer, const char* topic, int count,
                                    int partitions) {
  for (int i = 0; i < count; ++i) {
    char value[32];
    produce(producer, topic, i % partitions, NULL, 0, value,
            (size_t)snprintf(value, sizeof value, "record %d", i));
  }
}

static inline int flushed(rd_kafka_t* producer, const struct deliveries* deliveries, int count) {
  const rd_kafka_resp_err_t error = rd_kafka_flush(producer, patience_ms);
  rd_kafka_destroy(producer);
  EXPECT(!error, "flush: %s", rd_kafka_err2str(error));
  EXPECT(!deliveries->error, "delivery: %s", rd_kafka_err2str(deliveries->error));
  EXPECT(deliveries->count == count, "%d delivered, not %d", deliveries->count, count);
  return 1;
}

static inline rd_kafka_t* admin(void) {
  static rd_kafka_t* client;
  if (!client) client = client_of(RD_KAFKA_PRODUCER, rd_kafka_conf_new());
  return client;
}

// ---- Reading -----------------------------------------------------------------------------------

// What a message said; its consumer cannot end while there are messages of it.
struct record {
  int partition;
  char *key, *value;  // Or NULL, and else with a zero behind.
  size_t value_size;
  rd_kafka_headers_t* headers;
};

struct records {
  int count;
  struct record all[most_records];
};

static inline char* copy(const void* bytes, size_t size) {
  if (!bytes) return NULL;
  char* text = malloc(size + 1);
  memcpy(text, bytes, size);
  text[size] = '\0';
  return text;
}

static inline void keep(struct records* records, rd_kafka_message_t* message) {
  struct record* record = &records->all[records->count++];
  record->partition = message->partition;
  record->key = copy(message->key, message->key_len);
  record->value = copy(message->payload, message->len);
  record->value_size = message->len;
  record->headers = NULL;
  rd_kafka_message_detach_headers(message, &record->headers);
}

static inline void forget(struct records* records) {
  for (int i = 0; i < records->count; ++i) {
    free(records->all[i].key);
    free(records->all[i].value);
    if (records->all[i].headers) rd_kafka_headers_destroy(records->all[i].headers);
  }
  records->count = 0;
}

static inline rd_kafka_t* reader(const char* topic, int partitions, int64_t offset) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "group.id", "unused");
  set(conf, "enable.auto.commit", "false");
  set(conf, "auto.offset.reset", "error");
  set(conf, "enable.partition.eof", "true");
  rd_kafka_t* consumer = client_of(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* places = rd_kafka_topic_partition_list_new(partitions);
  for (int p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(places, topic, p)->offset = offset;
  }
  rd_kafka_assign(consumer, places);
  rd_kafka_topic_partition_list_destroy(places);
  return consumer;
}

// A member of a group, that begins at the beginning.
static inline rd_kafka_t* member_with(rd_kafka_conf_t* conf, const char* topic, const char* group) {
  set(conf, "group.id", group);
  set(conf, "auto.offset.reset", "earliest");
  rd_kafka_t* consumer = client_of(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(consumer, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  return consumer;
}

// Until there are `count`; ends are passed over.
static inline int poll_records(rd_kafka_t* consumer, struct records* records, int count) {
  const long long until = now_ms() + patience_ms;
  while (records->count < count) {
    EXPECT(now_ms() < until, "%d records, not %d", records->count, count);
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 200);
    if (!message) continue;
    const rd_kafka_resp_err_t error = message->err;
    if (!error) keep(records, message);
    rd_kafka_message_destroy(message);
    EXPECT(!error || error == RD_KAFKA_RESP_ERR__PARTITION_EOF, "reading: %s",
           rd_kafka_err2str(error));
  }
  return 1;
}

static inline void leave(rd_kafka_t* consumer) {
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
}

static inline int read_records(const char* topic, int partitions, int64_t offset,
                               struct records* records, int count) {
  rd_kafka_t* consumer = reader(topic, partitions, offset);
  records->count = 0;
  const int are_there = poll_records(consumer, records, count);
  leave(consumer);
  return are_there;
}

static inline int are_numbered(const struct records* records, int first) {
  for (int i = 0; i < records->count; ++i) {
    char value[32];
    snprintf(value, sizeof value, "record %d", first + i);
    EXPECT(strcmp(records->all[i].value, value) == 0, "record %d is %s", first + i,
           records->all[i].value);
  }
  return 1;
}

// Partition 0 holds "record `first`" and so on, `count` in all.
static inline int holds_numbered(const char* topic, int64_t offset, int first, int count) {
  struct records records;
  const int is_so =
      read_records(topic, 1, offset, &records, count) && are_numbered(&records, first);
  forget(&records);
  return is_so;
}

// Each of "record 0" … is there at least once, and with `is_once` no oftener.
static inline int hold_all(const char* topic, int partitions, int count, int is_once) {
  static int times[most_records];
  memset(times, 0, sizeof times);
  rd_kafka_t* consumer = reader(topic, partitions, 0);
  const long long until = now_ms() + patience_ms;
  int distinct = 0, ends = 0, is_at_end[8] = {0};
  // What a transaction has written is there a little after it has been committed.
  while ((ends < partitions || distinct < count) && now_ms() < until) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 200);
    if (!message) continue;
    const int is_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    ends += is_end - is_at_end[message->partition];
    is_at_end[message->partition] = is_end;
    if (!message->err) {
      char value[32];
      snprintf(value, sizeof value, "%.*s", (int)message->len, (const char*)message->payload);
      distinct += times[atoi(value + strlen("record "))]++ == 0;
    }
    rd_kafka_message_destroy(message);
  }
  leave(consumer);
  EXPECT(distinct == count, "%d of %d are there", distinct, count);
  for (int i = 0; is_once && i < count; ++i) EXPECT(times[i] == 1, "%d is there twice", i);
  return 1;
}

// ---- Administering -----------------------------------------------------------------------------

static inline const struct rd_kafka_metadata* metadata_of(const char* topic) {
  const struct rd_kafka_metadata* metadata = NULL;
  rd_kafka_topic_t* handle = topic ? rd_kafka_topic_new(admin(), topic, NULL) : NULL;
  rd_kafka_metadata(admin(), handle == NULL, handle, &metadata, patience_ms);
  if (handle) rd_kafka_topic_destroy(handle);
  return metadata;
}

static inline int partitions_of(const char* topic) {
  const struct rd_kafka_metadata* metadata = metadata_of(NULL);
  int partitions = 0;
  for (int i = 0; metadata && i < metadata->topic_cnt; ++i) {
    if (strcmp(metadata->topics[i].topic, topic) == 0) {
      partitions = metadata->topics[i].partition_cnt;
    }
  }
  if (metadata) rd_kafka_metadata_destroy(metadata);
  return partitions;
}

// The broker that is asked may learn of it a little later than the controller.
static inline int comes_to_have(const char* topic, int partitions) {
  const long long until = now_ms() + patience_ms;
  while (partitions_of(topic) != partitions) {
    EXPECT(now_ms() < until, "%s has %d partitions, not %d", topic, partitions_of(topic),
           partitions);
    usleep(50000);
  }
  return 1;
}

static inline rd_kafka_event_t* outcome(rd_kafka_queue_t* queue) {
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, patience_ms);
  rd_kafka_queue_destroy(queue);
  return event;
}

// The topic's own error.
static inline rd_kafka_resp_err_t try_create(const char* topic, int partitions, int replicas) {
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic, partitions, replicas, NULL, 0);
  if (strcmp(topic, "configured") == 0) {
    rd_kafka_NewTopic_set_config(wanted, "retention.ms", "7200000");
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_new(admin());
  rd_kafka_CreateTopics(admin(), &wanted, 1, NULL, queue);
  rd_kafka_NewTopic_destroy(wanted);
  rd_kafka_event_t* event = outcome(queue);
  if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  const rd_kafka_resp_err_t error =
      count ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  return error;
}

static inline int create(const char* topic, int partitions) {
  const rd_kafka_resp_err_t error = try_create(topic, partitions, 3);
  EXPECT(!error, "%s: %s", topic, rd_kafka_err2name(error));
  return comes_to_have(topic, partitions);
}
