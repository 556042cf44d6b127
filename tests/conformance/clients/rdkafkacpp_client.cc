// What librdkafka can do with a cluster, asked in C++. Arguments: bootstrap.servers, or a member's
// (../groups.py).
#include <algorithm>
#include <map>

#include "librdkafka_groups.h"
#include "rdkafkacpp_cluster.h"
#include "reporting.h"

namespace {

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

// Of both partitions, how many records are before where the group has committed.
void expect_committed(Consumer& consumer, const std::string& topic, std::int64_t count) {
  Places places(topic, 2);
  expect_none(consumer.client().committed(places.all(), patience_ms));
  std::int64_t sum = 0;
  for (const auto* place : places.all()) sum += std::max<std::int64_t>(0, place->offset());
  expect(sum == count, "offsets of " + std::to_string(sum) + " records are committed");
}

void rewind_to_committed(Consumer& consumer, const std::string& topic) {
  Places places(topic, 2);
  expect_none(consumer.client().committed(places.all(), patience_ms));
  for (auto* place : places.all()) {
    if (place->offset() < 0) place->set_offset(0);
    expect_none(consumer.client().seek(*place, patience_ms));
  }
}

// A transaction: 20 records go to `topic`, and where they end is committed.
void process(Consumer& consumer, Producer& producer, const std::string& input,
             const std::string& topic, bool is_commit) {
  const auto records = consumer.read(20);
  expect_fine(producer.client().begin_transaction());
  for (std::size_t i = 0; i < records.size(); ++i) {
    producer.send(topic, static_cast<std::int32_t>(i % 2), std::nullopt, records[i].value);
  }
  Places places(input, 2);
  expect_none(consumer.client().position(places.all()));
  const std::unique_ptr<RdKafka::ConsumerGroupMetadata> group(consumer.client().groupMetadata());
  expect_fine(
      producer.client().send_offsets_to_transaction(places.all(), group.get(), patience_ms));
  producer.flush();
  expect_fine(is_commit ? producer.client().commit_transaction(patience_ms)
                        : producer.client().abort_transaction(patience_ms));
}

void exactly_once(const std::string& topic) {
  const auto input = topic + "-input";
  create(input, 2);
  create(topic, 2);
  Producer source;
  source.send_numbered(input, 60, 2);
  source.flush();
  Member consumer(input, topic, {{"enable.auto.commit", "false"}});
  Producer producer{{"transactional.id", "rdkafkacpp-exactly-once"}};
  expect_fine(producer.client().init_transactions(patience_ms));
  process(consumer, producer, input, topic, true);
  expect_committed(consumer, input, 20);
  process(consumer, producer, input, topic, false);
  expect_committed(consumer, input, 20);
  rewind_to_committed(consumer, input);
  for (int i = 0; i < 2; ++i) process(consumer, producer, input, topic, true);
  expect_committed(consumer, input, 60);
  expect_all(topic, 2, 60, false);
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
  Places places("timed", 1, time);
  expect_none(reader.client().offsetsForTimes(places.all(), patience_ms));
  return places.all()[0]->offset();
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

// Of a group of that name, with both partitions of a topic of that name.
std::unique_ptr<Member> member_of(const std::string& name) {
  create(name, 2);
  Producer producer;
  producer.send_numbered(name, 2, 2);
  producer.flush();
  auto member = std::make_unique<Member>(name, name);
  member->read(2);
  return member;
}

void expect_listed(const std::string& group, const std::string& state) {
  const auto client = plain_client();
  const std::string listed = listed_state(client->c_ptr(), group.c_str());
  expect(listed == state, "it is " + listed + ", not " + state);
}

void list_groups(const std::string& group) {
  auto member = member_of(group);
  expect_listed(group, "Stable");
  member.reset();
  expect_listed(group, "Empty");
}

void describe_groups(const std::string& group) {
  const auto client = plain_client();
  const auto member = member_of(group);
  described_group described{};
  const auto error = describe_group(client->c_ptr(), group.c_str(), &described);
  expect(error == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2name(error));
  expect(std::string("Stable") == described.state, described.state);
  expect(described.members == 1, std::to_string(described.members) + " members");
  expect(described.partitions == 2, std::to_string(described.partitions) + " partitions");
}

void delete_groups(const std::string& group) {
  const auto client = plain_client();
  const auto expect_answer = [&](rd_kafka_resp_err_t wanted) {
    const auto answer = delete_group(client->c_ptr(), group.c_str());
    expect(answer == wanted,
           std::string(rd_kafka_err2name(answer)) + ", not " + rd_kafka_err2name(wanted));
  };
  auto member = member_of(group);
  expect_answer(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP);
  member.reset();
  Consumer observer({{"group.id", group}});
  expect_committed(observer, group, 2);
  expect_answer(RD_KAFKA_RESP_ERR_NO_ERROR);
  expect_committed(observer, group, 0);
  expect_answer(RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND);
  expect_listed(group, "Unknown");
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
    if (consumer->rebalance_protocol() == "COOPERATIVE") {
      delete (is_assigned ? consumer->incremental_assign(places)
                          : consumer->incremental_unassign(places));
    } else if (is_assigned) {
      consumer->assign(places);
    } else {
      consumer->unassign();
    }
    std::vector<RdKafka::TopicPartition*> assigned;
    consumer->assignment(assigned);
    std::string line = "has";
    for (const auto* place : assigned) line += " " + std::to_string(place->partition());
    RdKafka::TopicPartition::destroy(assigned);
    puts(line.c_str());
    fflush(stdout);
  }
};

// With an instance if it is a static one.
void be_member(const std::string& role, const std::string& topic, const std::string& group,
               const char* instance) {
  Settings settings{{"session.timeout.ms", instance ? "30000" : "6000"},
                    {"heartbeat.interval.ms", "500"}};
  if (instance) settings.push_back({"group.instance.id", instance});
  if (role == "cooperative") {
    settings.push_back({"partition.assignment.strategy", "cooperative-sticky"});
  }
  Assignment assignment;
  Member member(topic, group, settings, &assignment);
  hear_of_leaving();
  while (!is_asked_to_leave) {
    const std::unique_ptr<RdKafka::Message> message(member.client().consume(200));
    if (message->err() != RdKafka::ERR_NO_ERROR) continue;
    printf("record %s\n", record_of(*message).value.value_or("").c_str());
    fflush(stdout);
  }
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
    {"exactly-once", exactly_once},
    {"consume-beginning", consume_beginning},
    {"consume-end", consume_end},
    {"consume-offset", consume_offset},
    {"consume-timestamp", consume_timestamp},
    {"assign-seek", assign_seek},
    {"metadata", metadata},
    {"list-offsets", list_offsets},
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
  if (count > 4) {
    be_member(arguments[2], arguments[3], arguments[4], arguments[5]);
    return 0;
  }
  printf("client rdkafkacpp %s\n", RdKafka::version_str().c_str());
  fflush(stdout);
  send_timed();
  for (const auto& capability : capabilities) attempt(capability);
  for (const char* missing :
       {"create-topics", "delete-topics", "create-partitions", "describe-configs", "alter-configs",
        "delete-records", "elect-leaders", "reassign", "describe-log-dirs"}) {
    not_applicable(missing, "rdkafkacpp.h has no admin client");
  }
  not_applicable("group-consumer", "librdkafka 2.0.2 has classic groups only");
  return 0;
}
