// Load for ../kills: sends numbered records with acks=all until told to stop, and writes down what
// was acknowledged; afterwards reads everything back.
//
//   librdkafka_load BOOTSTRAP plain|idempotent   until standard input ends
//
// Lines: `acked PARTITION NUMBER` in the order of acknowledgements, `refused NUMBER ERROR`, then
// `stored PARTITION OFFSET NUMBER` in the order of reading, then `end`.
#include <poll.h>

#include "librdkafka_cluster.h"

enum { partitions = 6, records_per_ms = 1, drain_ms = 120000 };

static void on_report(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque) {
  (void)client;
  (void)opaque;
  const int size = (int)message->len;
  const char* number = message->payload;
  if (message->err) {
    printf("refused %.*s %s\n", size, number, rd_kafka_err2name(message->err));
  } else {
    printf("acked %d %.*s\n", message->partition, size, number);
  }
}

static rd_kafka_t* load_producer(int is_idempotent) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "acks", "all");
  set(conf, "linger.ms", "5");
  set(conf, "enable.idempotence", is_idempotent ? "true" : "false");
  // One request at a time: without idempotence a retry may otherwise overtake.
  if (!is_idempotent) set(conf, "max.in.flight.requests.per.connection", "1");
  // A request that got no answer is sent again soon, and no record is given up.
  set(conf, "socket.timeout.ms", "10000");
  set(conf, "request.timeout.ms", "8000");
  set(conf, "message.timeout.ms", "0");
  set(conf, "message.send.max.retries", "2147483647");
  rd_kafka_conf_set_dr_msg_cb(conf, on_report);
  return client_of(RD_KAFKA_PRODUCER, conf);
}

static int is_told_to_stop(void) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  return poll(&input, 1, 1) > 0;
}

static int send_until_stopped(rd_kafka_t* producer, const char* topic) {
  for (int number = 0; !is_told_to_stop();) {
    for (int i = 0; i < records_per_ms; ++i, ++number) {
      char value[32];
      produce(producer, topic, number % partitions, NULL, 0, value,
              (size_t)snprintf(value, sizeof value, "%d", number));
    }
  }
  const rd_kafka_resp_err_t error = rd_kafka_flush(producer, drain_ms);
  if (error) fprintf(stderr, "%d records are not delivered\n", rd_kafka_outq_len(producer));
  return error == 0;
}

// From each partition's beginning to its end.
static int print_stored(const char* topic) {
  rd_kafka_t* consumer = reader(topic, partitions, RD_KAFKA_OFFSET_BEGINNING);
  int ends = 0;
  const long long until = now_ms() + drain_ms;
  while (ends < partitions && now_ms() < until) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 200);
    if (!message) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++ends;
    } else if (!message->err) {
      printf("stored %d %lld %.*s\n", message->partition, (long long)message->offset,
             (int)message->len, (const char*)message->payload);
    }
    rd_kafka_message_destroy(message);
  }
  leave(consumer);
  return ends == partitions;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  servers = arguments[1];
  const char* topic = arguments[2];
  if (!create(topic, partitions)) {
    fprintf(stderr, "%s\n", why);
    return 1;
  }
  printf("ready\n");
  fflush(stdout);
  rd_kafka_t* producer = load_producer(strcmp(topic, "idempotent") == 0);
  const int all_are_delivered = send_until_stopped(producer, topic);
  rd_kafka_destroy(producer);
  const int all_are_read = all_are_delivered && print_stored(topic);
  rd_kafka_destroy(admin());
  printf("end\n");
  return !all_are_read;
}
