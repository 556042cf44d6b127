// What librdkafka can do with a cluster, asked in C++. Arguments: bootstrap.servers, or a member's
// (../groups.py).
#include <initializer_list>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "reporting.h"

namespace {

constexpr int patience_ms = 30000;
std::string servers;

// Why a capability is not there.
using Problem = std::runtime_error;

void expect(bool holds, const std::string& otherwise) {
  if (!holds) throw Problem(otherwise);
}

void expect_none(RdKafka::ErrorCode error) {
  expect(error == RdKafka::ERR_NO_ERROR, RdKafka::err2str(error));
}

using Text = std::optional<std::string>;  // Null, or bytes.
using Setting = std::pair<std::string, std::string>;
using Settings = std::vector<Setting>;

std::unique_ptr<RdKafka::Conf> conf_of(const Settings& settings) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string problem;
  // The default waits of 10 s are longer than a broker is away. Errors are told to whoever asked.
  const Settings reach{
      {"bootstrap.servers", servers}, {"reconnect.backoff.max.ms", "500"}, {"log_level", "0"}};
  for (const auto& all : {reach, settings}) {
    for (const auto& [key, value] : all) {
      expect(conf->set(key, value, problem) == RdKafka::Conf::CONF_OK, problem);
    }
  }
  return conf;
}

// ---- Producing ---------------------------------------------------------------------------------

class Producer : RdKafka::DeliveryReportCb {
 public:
  explicit Producer(std::initializer_list<Setting> settings = {}) {
    Settings all{{"acks", "all"}, {"linger.ms", "20"}};
    all.insert(all.end(), settings);
    auto conf = conf_of(all);
    std::string problem;
    conf->set("dr_cb", this, problem);
    client_.reset(RdKafka::Producer::create(conf.get(), problem));
    expect(client_ != nullptr, problem);
  }

  void send(const std::string& topic, std::int32_t partition, const Text& key, const Text& value,
            std::int64_t timestamp = 0, RdKafka::Headers* headers = nullptr) {
    expect_none(client_->produce(
        topic, partition, RdKafka::Producer::RK_MSG_COPY | RdKafka::Producer::RK_MSG_BLOCK,
        value ? const_cast<char*>(value->data()) : nullptr, value ? value->size() : 0,
        key ? key->data() : nullptr, key ? key->size() : 0, timestamp, headers, nullptr));
    client_->poll(0);
    ++sent_;
  }
  void send_numbered(const std::string& topic, int count, int partitions = 1) {
    for (int i = 0; i < count; ++i) {
      send(topic, i % partitions, std::nullopt, "record " + std::to_string(i));
    }
  }
  void poll(int ms) { client_->poll(ms); }
  RdKafka::Producer& client() { return *client_; }
  // All have been delivered; where to.
  const std::vector<std::int64_t>& flush() {
    expect_none(client_->flush(patience_ms));
    expect_none(error_);
    expect(offsets_.size() == sent_, std::to_string(offsets_.size()) + " are delivered");
    return offsets_;
  }

 private:
  void dr_cb(RdKafka::Message& message) override {
    if (message.err() != RdKafka::ERR_NO_ERROR) {
      error_ = message.err();
    } else {
      offsets_.push_back(message.offset());
    }
  }

  std::vector<std::int64_t> offsets_;
  std::size_t sent_ = 0;
  RdKafka::ErrorCode error_ = RdKafka::ERR_NO_ERROR;
  std::unique_ptr<RdKafka::Producer> client_;  // Ends before what its reports go to.
};

// ---- Reading -----------------------------------------------------------------------------------

struct Record {
  std::int32_t partition = 0;
  Text key, value;
  std::vector<std::pair<std::string, Text>> headers;
};

Record record_of(RdKafka::Message& message) {
  Record record;
  record.partition = message.partition();
  if (message.key_pointer()) record.key.emplace(*message.key());
  if (message.payload()) {
    record.value.emplace(static_cast<const char*>(message.payload()), message.len());
  }
  if (!message.headers()) return record;
  for (const auto& header : message.headers()->get_all()) {
    Text value;
    if (header.value()) value.emplace(header.value_string(), header.value_size());
    record.headers.emplace_back(header.key(), value);
  }
  return record;
}

class Reader {
 public:
  Reader(const std::string& topic, int partitions, std::int64_t offset) {
    auto conf = conf_of({{"group.id", "unused"},
                         {"enable.auto.commit", "false"},
                         {"auto.offset.reset", "error"},
                         {"enable.partition.eof", "true"}});
    std::string problem;
    client_.reset(RdKafka::KafkaConsumer::create(conf.get(), problem));
    expect(client_ != nullptr, problem);
    std::vector<RdKafka::TopicPartition*> places;
    for (int p = 0; p < partitions; ++p) {
      places.push_back(RdKafka::TopicPartition::create(topic, p, offset));
    }
    expect_none(client_->assign(places));
    RdKafka::TopicPartition::destroy(places);
  }
  ~Reader() { client_->close(); }

  std::unique_ptr<RdKafka::Message> next() {
    return std::unique_ptr<RdKafka::Message>(client_->consume(patience_ms));
  }
  // Until there are `count`; ends are passed over.
  std::vector<Record> read(std::size_t count) {
    std::vector<Record> records;
    while (records.size() < count) {
      const auto message = next();
      if (message->err() == RdKafka::ERR__PARTITION_EOF) continue;
      expect_none(message->err());
      records.push_back(record_of(*message));
    }
    return records;
  }
  void seek(const std::string& topic, std::int64_t offset) {
    std::unique_ptr<RdKafka::TopicPartition> place(
        RdKafka::TopicPartition::create(topic, 0, offset));
    expect_none(client_->seek(*place, patience_ms));
  }
  RdKafka::KafkaConsumer& client() { return *client_; }

 private:
  std::unique_ptr<RdKafka::KafkaConsumer> client_;
};

void expect_numbered(const std::vector<Record>& records, int first = 0) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto expected = "record " + std::to_string(first + static_cast<int>(i));
    expect(records[i].value == expected, expected + " is " + records[i].value.value_or("null"));
  }
}

void expect_stored(const std::string& topic, std::int64_t offset, int first, std::size_t count) {
  expect_numbered(Reader(topic, 1, offset).read(count), first);
}

// Each of "record 0" … is there, and without repeats only once.
void expect_all(const std::string& topic, int partitions, std::size_t count, bool with_repeats) {
  Reader reader(topic, partitions, 0);
  std::multiset<std::string> values;
  for (int ends = 0; ends < partitions;) {
    const auto message = reader.next();
    if (message->err() == RdKafka::ERR__PARTITION_EOF) {
      ++ends;
      continue;
    }
    expect_none(message->err());
    values.insert(*record_of(*message).value);
  }
  const std::set<std::string> distinct(values.begin(), values.end());
  expect(distinct.size() == count, std::to_string(distinct.size()) + " are there");
  expect(with_repeats || values.size() == count, "some are there twice");
}

// ---- Topics ------------------------------------------------------------------------------------

std::unique_ptr<RdKafka::Metadata> metadata_of(RdKafka::Handle& client, const std::string& topic) {
  std::string problem;
  RdKafka::Metadata* metadata = nullptr;
  std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(&client, topic, nullptr, problem));
  expect_none(client.metadata(false, handle.get(), &metadata, patience_ms));
  return std::unique_ptr<RdKafka::Metadata>(metadata);
}

std::unique_ptr<RdKafka::Producer> plain_client() {
  std::string problem;
  return std::unique_ptr<RdKafka::Producer>(RdKafka::Producer::create(conf_of({}).get(), problem));
}

// C++ has no admin client of its own, but what C's needs.
void create(const std::string& topic, int partitions) {
  const auto client = plain_client();
  auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 3, nullptr, 0);
  auto* queue = rd_kafka_queue_new(client->c_ptr());
  rd_kafka_CreateTopics(client->c_ptr(), &wanted, 1, nullptr, queue);
  rd_kafka_NewTopic_destroy(wanted);
  auto* made = rd_kafka_queue_poll(queue, patience_ms);
  expect(made != nullptr, "no topic is made");
  rd_kafka_event_destroy(made);
  rd_kafka_queue_destroy(queue);
}

// Its leader knows of the topic, too.
void make_known(const std::string& topic) {
  Producer producer;
  producer.send(topic, 0, std::nullopt, "known");
  producer.flush();
}

// ---- Produce -----------------------------------------------------------------------------------

void codec(const std::string& topic) {
  Producer producer{{"compression.type", topic.substr(topic.find('-') + 1)}};
  producer.send_numbered(topic, 500);
  producer.flush();
  expect_stored(topic, 0, 0, 500);
}

void acks(const std::string& topic) {
  make_known(topic);  // With acks=0 nobody says that a leader does not know of it yet.
  Producer producer{{"acks", topic.substr(topic.find('-') + 1)}};
  producer.send_numbered(topic, 100);
  producer.flush();
  expect_stored(topic, 1, 0, 100);
}

void keys(const std::string& topic) {
  create(topic, 4);
  Producer producer;
  for (int i = 0; i < 500; ++i) {
    producer.send(topic, RdKafka::Topic::PARTITION_UA, "key " + std::to_string(i % 13),
                  std::to_string(i));
  }
  producer.flush();
  std::map<std::string, std::vector<Record>> by_key;
  for (auto& record : Reader(topic, 4, 0).read(500)) {
    by_key[*record.key].push_back(std::move(record));
  }
  expect(by_key.size() == 13, std::to_string(by_key.size()) + " keys");
  for (const auto& [key, records] : by_key) {
    for (std::size_t i = 1; i < records.size(); ++i) {
      expect(records[i].partition == records[0].partition, key + " has two partitions");
      expect(std::stoi(*records[i - 1].value) < std::stoi(*records[i].value),
             key + " is out of order");
    }
  }
}

void headers(const std::string& topic) {
  const std::vector<std::pair<std::string, Text>> wanted{
      {"name", "1"}, {"name", "2"}, {"empty", ""}, {"null", std::nullopt}};
  auto* sent = RdKafka::Headers::create();
  for (const auto& [name, value] : wanted) {
    sent->add(name, value ? value->data() : nullptr, value ? value->size() : 0);
  }
  Producer producer;
  producer.send(topic, 0, std::nullopt, "v", 0, sent);
  producer.flush();
  expect(Reader(topic, 1, 0).read(1)[0].headers == wanted, "other headers");
}

void null_and_empty(const std::string& topic) {
  const std::vector<std::pair<Text, Text>> pairs{
      {"", ""}, {"k", std::nullopt}, {std::nullopt, "v"}, {"k", ""}};
  Producer producer;
  for (const auto& [key, value] : pairs) producer.send(topic, 0, key, value);
  producer.flush();
  const auto records = Reader(topic, 1, 0).read(4);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    expect(records[i].key == pairs[i].first, "the key of record " + std::to_string(i));
    expect(records[i].value == pairs[i].second, "the value of record " + std::to_string(i));
  }
}

void send_large(std::size_t size) {
  Producer producer{{"message.max.bytes", "2000000"}};
  producer.send("large", 0, std::nullopt, std::string(size, 'x'));
  producer.flush();
}

void large_message(const std::string&) {
  send_large(1000000);
  expect(Reader("large", 1, 0).read(1)[0].value == std::string(1000000, 'x'), "other bytes");
}

void too_large(const std::string&) {
  try {
    send_large(1100000);
  } catch (const Problem& problem) {
    expect(problem.what() == RdKafka::err2str(RdKafka::ERR_MSG_SIZE_TOO_LARGE), problem.what());
    return;
  }
  throw Problem("no error");
}

void batches(const std::string& topic) {
  Producer producer;
  producer.send_numbered(topic, 3000);
  producer.flush();
  expect_stored(topic, 0, 0, 3000);
}

void pipelining(const std::string& topic) {
  make_known(topic);
  Producer producer{{"batch.num.messages", "1"}, {"linger.ms", "0"}, {"max.in.flight", "20"}};
  producer.send_numbered(topic, 300);
  std::int64_t expected = 0;
  for (const auto offset : producer.flush()) {
    expect(offset == ++expected, "answers are out of order");
  }
}

void idempotent(const std::string& topic) {
  create(topic, 3);
  Producer producer{{"enable.idempotence", "true"}};
  producer.send_numbered(topic, 600, 3);
  producer.flush();
  expect_all(topic, 3, 600, false);
}

// ---- Transact ----------------------------------------------------------------------------------

void expect_fine(RdKafka::Error* error) {
  const std::unique_ptr<RdKafka::Error> owned(error);
  if (owned) expect_none(owned->code());
}

void transactions(const std::string& topic) {
  create(topic, 2);
  Producer producer{{"transactional.id", "rdkafkacpp-transactions"}};
  expect_fine(producer.client().init_transactions(patience_ms));
  for (int i = 0; i < 4; ++i) {
    expect_fine(producer.client().begin_transaction());
    // Of the aborted ones some would be found beside those that are committed.
    const bool is_commit = i == 2;
    producer.send_numbered(topic, is_commit ? 100 : 10, 2);
    // librdkafka 2.0.2 aborts at the coordinator, too, what that has not let begin yet
    // (CONCURRENT_TRANSACTIONS), and INVALID_TXN_STATE is fatal to it: let it begin.
    expect_none(producer.client().flush(patience_ms));
    expect_fine(is_commit ? producer.client().commit_transaction(patience_ms)
                          : producer.client().abort_transaction(patience_ms));
  }
  expect_all(topic, 2, 100, false);
}

void fencing(const std::string& topic) {
  create(topic, 1);
  Producer zombie{{"transactional.id", "rdkafkacpp-fencing"}};
  expect_fine(zombie.client().init_transactions(patience_ms));
  expect_fine(zombie.client().begin_transaction());
  zombie.send_numbered(topic, 7);
  zombie.flush();
  Producer successor{{"transactional.id", "rdkafkacpp-fencing"}};
  expect_fine(successor.client().init_transactions(patience_ms));
  const std::unique_ptr<RdKafka::Error> error(zombie.client().commit_transaction(patience_ms));
  expect(error && error->code() == RdKafka::ERR__FENCED, "a zombie commits");
  expect_fine(successor.client().begin_transaction());
  successor.send_numbered(topic, 5);
  expect_fine(successor.client().commit_transaction(patience_ms));
  expect_all(topic, 1, 5, false);
}

// ---- Consume -----------------------------------------------------------------------------------

void send_timed() {
  Producer producer;
  for (int i = 0; i < 100; ++i) {
    producer.send("timed", 0, std::nullopt, "record " + std::to_string(i), 1000000 + i * 1000);
  }
  producer.flush();
}

void consume_beginning(const std::string&) {
  expect_stored("timed", RdKafka::Topic::OFFSET_BEGINNING, 0, 100);
}

void consume_end(const std::string& topic) {
  Producer producer;
  producer.send_numbered(topic, 10);
  producer.flush();
  Reader reader(topic, 1, RdKafka::Topic::OFFSET_END);
  // Only whoever has arrived at the end is told so.
  expect(reader.next()->err() == RdKafka::ERR__PARTITION_EOF, "not at the end");
  producer.send(topic, 0, std::nullopt, "later");
  producer.flush();
  expect(reader.read(1)[0].value == "later", "not what came later");
}

void consume_offset(const std::string&) { expect_stored("timed", 60, 60, 40); }

std::int64_t offset_at(std::int64_t time) {
  Reader reader("timed", 1, 0);
  std::vector<RdKafka::TopicPartition*> place{RdKafka::TopicPartition::create("timed", 0, time)};
  const auto error = reader.client().offsetsForTimes(place, patience_ms);
  const auto offset = place[0]->offset();
  RdKafka::TopicPartition::destroy(place);
  expect_none(error);
  return offset;
}

void consume_timestamp(const std::string&) {
  expect(offset_at(1029500) == 30, "another offset");
  expect(offset_at(2000000) == RdKafka::Topic::OFFSET_END, "after the last there is one");
  expect_stored("timed", 30, 30, 70);
}

void assign_seek(const std::string&) {
  Reader reader("timed", 1, 0);
  reader.read(100);
  for (const int offset : {90, 10, 50}) {
    reader.seek("timed", offset);
    expect_numbered(reader.read(static_cast<std::size_t>(100 - offset)), offset);
  }
}

// ---- Administer --------------------------------------------------------------------------------

void metadata(const std::string& topic) {
  make_known(topic);
  const auto client = plain_client();
  const auto metadata = metadata_of(*client, topic);
  expect(metadata->brokers()->size() == 3, "not three brokers");
  for (const auto* partition : *metadata->topics()->at(0)->partitions()) {
    expect(partition->replicas()->size() == 3, "not three replicas");
    expect(partition->leader() >= 1 && partition->leader() <= 3, "no leader");
  }
}

void list_offsets(const std::string&) {
  const auto client = plain_client();
  std::int64_t low = -1, high = -1;
  expect_none(client->query_watermark_offsets("timed", 0, &low, &high, patience_ms));
  expect(low == 0 && high == 100, "from " + std::to_string(low) + " to " + std::to_string(high));
}

void describe_cluster(const std::string&) {
  const auto client = plain_client();
  expect(client->clusterid(patience_ms) == "AAAAAAAAAAAAAAAAAAAAAA", "another cluster");
  const auto controller = client->controllerid(patience_ms);
  expect(controller >= 1 && controller <= 3, "controller " + std::to_string(controller));
}

// ---- Errors ------------------------------------------------------------------------------------

void unknown_topic(const std::string&) {
  Reader reader("timed", 1, 0);  // A consumer: a producer's question would make the topic.
  const auto metadata = metadata_of(reader.client(), "nowhere");
  const auto error = metadata->topics()->at(0)->err();
  expect(error == RdKafka::ERR_UNKNOWN_TOPIC_OR_PART, RdKafka::err2str(error));
}

void out_of_range(const std::string&) {
  Reader reader("timed", 1, 1000000);
  // librdkafka tells of it as the failed reset, in whose words the broker's error is.
  const auto message = reader.next();
  expect(message->err() == RdKafka::ERR__AUTO_OFFSET_RESET, RdKafka::err2str(message->err()));
  expect(message->errstr().find("out of range") != std::string::npos, message->errstr());
}

void invalid_partition(const std::string&) {
  try {
    Producer producer;
    producer.send("timed", 99, std::nullopt, "v");
    producer.flush();
  } catch (const Problem& problem) {
    expect(problem.what() == RdKafka::err2str(RdKafka::ERR__UNKNOWN_PARTITION), problem.what());
    return;
  }
  throw Problem("no error");
}

// ---- Failures ----------------------------------------------------------------------------------

void broker_killed(const std::string& topic) {
  create(topic, 3);
  Producer producer;
  for (int i = 0; i < 600; ++i) {
    if (i == 200) ask("kill 1");
    producer.send(topic, i % 3, std::nullopt, "record " + std::to_string(i));
    producer.poll(2);
  }
  producer.flush();
  ask("start 1");
  expect_all(topic, 3, 600, true);  // What was sent again may be there twice.
}

void restart(const std::string& topic) {
  create(topic, 3);
  Producer producer;
  producer.send_numbered(topic, 300, 3);
  producer.flush();
  ask("restart");
  expect_all(topic, 3, 300, true);
}

// ---- Groups ------------------------------------------------------------------------------------

struct Assignment : RdKafka::RebalanceCb {
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode what,
                    std::vector<RdKafka::TopicPartition*>& places) override {
    const bool is_assigned = what == RdKafka::ERR__ASSIGN_PARTITIONS;
    std::string line = "has";
    if (is_assigned) {
      for (const auto* place : places) line += " " + std::to_string(place->partition());
    }
    puts(line.c_str());
    fflush(stdout);
    if (is_assigned) {
      consumer->assign(places);
    } else {
      consumer->unassign();
    }
  }
};

void be_member(const std::string& topic, const std::string& group) {
  auto conf = conf_of({{"group.id", group},
                       {"session.timeout.ms", "6000"},
                       {"heartbeat.interval.ms", "500"},
                       {"auto.offset.reset", "earliest"}});
  Assignment assignment;
  std::string problem;
  conf->set("rebalance_cb", &assignment, problem);
  std::unique_ptr<RdKafka::KafkaConsumer> consumer(
      RdKafka::KafkaConsumer::create(conf.get(), problem));
  expect(consumer != nullptr, problem);
  expect_none(consumer->subscribe({topic}));
  hear_of_leaving();
  while (!is_asked_to_leave) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(200));
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    printf("record %s\n", record_of(*message).value.value_or("").c_str());
    fflush(stdout);
  }
  consumer->close();
}

// ---- All of them -------------------------------------------------------------------------------

using Capability = std::pair<const char*, void (*)(const std::string&)>;
constexpr Capability capabilities[] = {
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
    {"consume-beginning", consume_beginning},
    {"consume-end", consume_end},
    {"consume-offset", consume_offset},
    {"consume-timestamp", consume_timestamp},
    {"assign-seek", assign_seek},
    {"metadata", metadata},
    {"list-offsets", list_offsets},
    {"describe-cluster", describe_cluster},
    {"unknown-topic", unknown_topic},
    {"out-of-range", out_of_range},
    {"invalid-partition", invalid_partition},
    {"broker-killed", broker_killed},
    {"restart", restart},
};

void attempt(const Capability& capability) {
  try {
    capability.second(capability.first);
    report(capability.first, 1, "");
  } catch (const Problem& problem) {
    report(capability.first, 0, problem.what());
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 0;
  servers = arguments[1];
  if (count == 5 && std::string(arguments[2]) == "member") {
    be_member(arguments[3], arguments[4]);
    return 0;
  }
  printf("client rdkafkacpp %s\n", RdKafka::version_str().c_str());
  fflush(stdout);
  send_timed();
  for (const auto& capability : capabilities) attempt(capability);
  for (const char* missing :
       {"create-topics", "delete-topics", "create-partitions", "describe-configs", "alter-configs",
        "delete-records", "elect-leaders", "reassign"}) {
    not_applicable(missing, "rdkafkacpp.h has no admin client");
  }
  return 0;
}
