// A cluster as librdkafka's tests in C++ use it: producers that count what was delivered, readers
// that keep what they read, topics made. What a capability lacks is thrown.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

constexpr int patience_ms = 30000;
inline std::string servers;

// Why a capability is not there.
using Problem = std::runtime_error;

inline void expect(bool holds, const std::string& otherwise) {
  if (!holds) throw Problem(otherwise);
}

inline void expect_none(RdKafka::ErrorCode error) {
  expect(error == RdKafka::ERR_NO_ERROR, RdKafka::err2str(error));
}

using Text = std::optional<std::string>;  // Null, or bytes.
using Setting = std::pair<std::string, std::string>;
using Settings = std::vector<Setting>;

inline std::unique_ptr<RdKafka::Conf> conf_of(const Settings& settings) {
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

inline Record record_of(RdKafka::Message& message) {
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

class Consumer {
 public:
  explicit Consumer(const Settings& settings, RdKafka::RebalanceCb* told = nullptr) {
    auto conf = conf_of(settings);
    std::string problem;
    if (told) conf->set("rebalance_cb", told, problem);
    client_.reset(RdKafka::KafkaConsumer::create(conf.get(), problem));
    expect(client_ != nullptr, problem);
  }
  ~Consumer() { client_->close(); }

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
  RdKafka::KafkaConsumer& client() { return *client_; }

 private:
  std::unique_ptr<RdKafka::KafkaConsumer> client_;
};

// Partitions with offsets.
class Places {
 public:
  Places(const std::string& topic, int partitions,
         std::int64_t offset = RdKafka::Topic::OFFSET_INVALID) {
    for (int p = 0; p < partitions; ++p) {
      all_.push_back(RdKafka::TopicPartition::create(topic, p, offset));
    }
  }
  Places(const Places&) = delete;
  ~Places() { RdKafka::TopicPartition::destroy(all_); }
  std::vector<RdKafka::TopicPartition*>& all() { return all_; }

 private:
  std::vector<RdKafka::TopicPartition*> all_;
};

class Reader : public Consumer {
 public:
  Reader(const std::string& topic, int partitions, std::int64_t offset)
      : Consumer({{"group.id", "unused"},
                  {"enable.auto.commit", "false"},
                  {"auto.offset.reset", "error"},
                  {"enable.partition.eof", "true"}}) {
    expect_none(client().assign(Places(topic, partitions, offset).all()));
  }
  void seek(const std::string& topic, std::int64_t offset) {
    expect_none(client().seek(*Places(topic, 1, offset).all()[0], patience_ms));
  }
};

// Of a group, which begins at the beginning.
class Member : public Consumer {
 public:
  Member(const std::string& topic, const std::string& group, Settings settings = {},
         RdKafka::RebalanceCb* told = nullptr)
      : Consumer(of_group(group, std::move(settings)), told) {
    expect_none(client().subscribe({topic}));
  }

 private:
  static Settings of_group(const std::string& group, Settings settings) {
    settings.push_back({"group.id", group});
    settings.push_back({"auto.offset.reset", "earliest"});
    return settings;
  }
};

inline void expect_numbered(const std::vector<Record>& records, int first = 0) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto expected = "record " + std::to_string(first + static_cast<int>(i));
    expect(records[i].value == expected, expected + " is " + records[i].value.value_or("null"));
  }
}

inline void expect_stored(const std::string& topic, std::int64_t offset, int first,
                          std::size_t count) {
  expect_numbered(Reader(topic, 1, offset).read(count), first);
}

// Each of "record 0" … is there, and without repeats only once.
inline void expect_all(const std::string& topic, int partitions, std::size_t count,
                       bool with_repeats) {
  Reader reader(topic, partitions, 0);
  std::set<std::string> distinct;
  std::set<std::int32_t> at_end;
  std::size_t all = 0;
  // What a transaction has written is there a little after it has been committed.
  while (at_end.size() < static_cast<std::size_t>(partitions) || distinct.size() < count) {
    const auto message = reader.next();
    if (message->err() == RdKafka::ERR__PARTITION_EOF) {
      at_end.insert(message->partition());
      continue;
    }
    expect(message->err() != RdKafka::ERR__TIMED_OUT,
           std::to_string(distinct.size()) + " are there");
    expect_none(message->err());
    at_end.erase(message->partition());
    distinct.insert(*record_of(*message).value);
    ++all;
  }
  expect(distinct.size() == count, std::to_string(distinct.size()) + " are there");
  expect(with_repeats || all == count, "some are there twice");
}

// ---- Topics ------------------------------------------------------------------------------------

inline std::unique_ptr<RdKafka::Metadata> metadata_of(RdKafka::Handle& client,
                                                      const std::string& topic) {
  std::string problem;
  RdKafka::Metadata* metadata = nullptr;
  std::unique_ptr<RdKafka::Topic> handle(RdKafka::Topic::create(&client, topic, nullptr, problem));
  expect_none(client.metadata(false, handle.get(), &metadata, patience_ms));
  return std::unique_ptr<RdKafka::Metadata>(metadata);
}

inline std::unique_ptr<RdKafka::Producer> plain_client() {
  std::string problem;
  return std::unique_ptr<RdKafka::Producer>(RdKafka::Producer::create(conf_of({}).get(), problem));
}

// C++ has no admin client of its own, but what C's needs.
inline void create(const std::string& topic, int partitions) {
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
inline void make_known(const std::string& topic) {
  Producer producer;
  producer.send(topic, 0, std::nullopt, "known");
  producer.flush();
}
