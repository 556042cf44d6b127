// Shows that a plan survives its file exactly, and that a file with a mistake is refused with the
// place of the mistake and the word that was meant.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenarios/duration_text.h"
#include "scenarios/nearest.h"
#include "scenarios/plan_toml.h"

namespace brokersim::scenarios {
namespace {

std::string error_of(const std::string& text, const std::vector<Override>& overrides = {}) {
  const auto plan = parse_plan(text, "p.toml", overrides);
  return plan ? "none" : plan.error();
}

std::vector<Operation> example_operations() {
  return {{.at = 2s,
           .client = "host-01",
           .topic = "my-topic",
           .input = "input/a.jsonl",
           .first_line = 11,
           .count = 10,
           .every = 25ms,
           .key = "k"},
          {.at = 3s + 1ns,
           .client = "admin",
           .kind = Operation::Kind::elect,
           .topic = "my-topic",
           .partition = 1},
          {.at = 3500ms,
           .client = "admin",
           .kind = Operation::Kind::make_again,
           .topic = "my-topic",
           .away = 250ms},
          {.at = 3600ms,
           .client = "admin",
           .kind = Operation::Kind::delete_records,
           .topic = "my-topic",
           .partition = 2,
           .percent = 35},
          {.at = 3700ms,
           .client = "admin",
           .kind = Operation::Kind::delete_records,
           .topic = "my-topic",
           .before = 17},
          {.at = 3800ms,
           .client = "admin",
           .kind = Operation::Kind::create_partitions,
           .topic = "my-topic",
           .partitions = 6},
          {.at = 4s, .client = "member", .kind = Operation::Kind::leave},
          {.at = 5s, .client = "member", .kind = Operation::Kind::join},
          {.at = 6s, .client = "member", .kind = Operation::Kind::process, .lasting = 7s},
          {.at = 8s,
           .client = "member",
           .kind = Operation::Kind::pause,
           .partition = 3,
           .lasting = 1s}};
}

Plan example() {
  Plan plan{.scenario = "a \"quoted\" name\n", .seed = 42, .bugs = {"REP-01"}};
  plan.cluster.settings = {{"replica.lag.time.max.ms", "2000"}};
  plan.topics = {{.name = "my-topic", .partitions = 4, .configs = {{"cleanup.policy", "delete"}}}};
  plan.cluster.last_producer_epoch = 3;
  plan.producers = {{.name = "host-01", .acks = 2, .linger = 5ms, .partitioner = Partitioner::key},
                    {.name = "host-02", .enable_idempotence = true, .first_sequence = 2147483647},
                    {.name = "host-03", .transactional_id = "t", .transaction_protocol = 1}};
  plan.consumers = {
      {.name = "reader", .topic = "my-topic", .partitions = {0, 3}, .at = 1500ms},
      {.name = "member",
       .topic = "my-topic",
       .group = "g",
       .instance_id = "i",
       .assignor = client::Assignor::cooperative_sticky,
       .session_timeout = 6s,
       .max_poll_interval = 5s,
       .enable_auto_commit = false},
      {.name = "late", .topic = "my-topic", .auto_offset_reset = client::OffsetReset::latest},
      {.name = "asking", .topic = "my-topic", .auto_offset_reset = client::OffsetReset::none}};
  plan.operations = example_operations();
  plan.operations.push_back(
      {.at = 9s, .client = "admin", .kind = Operation::Kind::unregister_broker, .broker = 2});
  Operation update{.at = 9s, .client = "admin", .kind = Operation::Kind::update_features};
  update.levels = {{"group.version", 1}, {"transaction.version", 0}};
  plan.operations.push_back(std::move(update));
  plan.faults = {{.kind = "slow_link",
                  .at = 4s,
                  .lasting = 250ms,
                  .targets = {"broker-1"},
                  .peers = {"leader:my-topic-0", "controller"},
                  .parameters = {{"extra", Duration(20ms)}, {"bytes_per_second", 7}}},
                 {.kind = "crash",
                  .at = 5s,
                  .when = {.transaction = "*", .becomes = "PrepareAbort", .nth = 2, .after = 1ms},
                  .targets = {"there"}}};
  return plan;
}

TEST(PlanFiles, what_is_written_reads_back_equal) {
  const auto text = to_toml(example());
  const auto plan = parse_plan(text, "p.toml");
  ASSERT_TRUE(plan) << plan.error() << text;
  EXPECT_EQ(*plan, example()) << text;
  EXPECT_EQ(to_toml(*plan), text);
}

TEST(PlanFiles, an_operation_or_a_fault_is_one_line_with_its_keys_in_order) {
  const auto text = to_toml(example());
  EXPECT_NE(text.find("  { at = \"3.000000001s\", client = \"admin\", do = \"elect\", "
                      "topic = \"my-topic\", partition = 1 },\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  { at = \"4s\", for = \"250ms\", kind = \"slow_link\", "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  { at = \"5s\", when = { transaction = \"*\", becomes = \"PrepareAbort\", "
                      "nth = 2, after = \"1ms\" }, kind = \"crash\", targets = [\"there\"] },\n"),
            std::string::npos)
      << text;
}

TEST(PlanFiles, a_mistyped_key_is_refused_with_its_place_and_what_was_meant) {
  EXPECT_EQ(error_of("version = 1\noperations = [\n  { at = \"1s\", parition = 0 },\n]\n"),
            "p.toml:3:16: unknown key 'parition'; did you mean 'partition'?");
}

TEST(PlanFiles, a_mistyped_fault_parameter_setting_or_bug_is_refused_likewise) {
  EXPECT_EQ(error_of("version = 1\nfaults = [ { kind = \"power_lost\" } ]\n"),
            "p.toml:2:21: there is no fault 'power_lost'; did you mean 'power_loss'?");
  EXPECT_EQ(
      error_of("version = 1\nfaults = [ { kind = \"slow_disk\", parameters = { factr = 2 } } ]"),
      "p.toml:2:49: slow_disk has no parameter 'factr'; did you mean 'factor'?");
  EXPECT_EQ(error_of("version = 1\nsettings.\"replica.lag.time.max\" = 1\n"),
            "p.toml:2:10: there is no setting 'replica.lag.time.max'; did you mean "
            "'replica.lag.time.max.ms'?");
  EXPECT_EQ(error_of("version = 1\nbugs = [\"REP-1\"]\n"),
            "p.toml:2:9: there is no bug 'REP-1'; did you mean 'REP-01'?");
}

TEST(PlanFiles, a_fault_that_waits_for_what_cannot_be_is_refused) {
  const auto error = [](const std::string& fault) {
    return error_of("version = 1\nfaults = [ { kind = \"crash\", " + fault + " } ]");
  };
  EXPECT_EQ(error("when = { group = \"g\", becomes = \"Stable\" }, targets = [\"there\"]"), "none");
  EXPECT_EQ(error("when = { transaction = \"t\", becomes = \"PrepareComit\" }"),
            "p.toml:2:68: there is no state of transactions 'PrepareComit'; did you mean "
            "'PrepareCommit'?");
  EXPECT_EQ(error("when = { group = \"g\", becomes = \"Ongoing\" }").substr(0, 53),
            "p.toml:2:62: there is no state of groups 'Ongoing'; t");
  EXPECT_EQ(error("when = { becomes = \"Stable\" }"),
            "p.toml:2:37: a fault waits for a transaction or for a group");
  EXPECT_EQ(error("when = { group = \"g\", transaction = \"t\", becomes = \"Empty\" }"),
            "p.toml:2:37: a fault waits for a transaction or for a group");
  EXPECT_EQ(error("when = { group = \"g\" }"), "p.toml:2:37: there is no 'becomes' here");
  EXPECT_EQ(error("when = { group = \"g\", becomes = \"Empty\", nth = 0 }"),
            "p.toml:2:77: the first time is nth = 1");
  EXPECT_EQ(error("when = { group = \"g\", becomes = \"Empty\", nht = 2 }"),
            "p.toml:2:71: unknown key 'nht'; did you mean 'nth'?");
  EXPECT_EQ(error("targets = [\"there\"]"),
            "p.toml:2:41: 'there' is where what a fault waits for happens: it has no 'when'");
}

// A plan of two brokers with two copies of each partition and a controller, and this operation.
std::string operation_error(const std::string& operation, const std::string& kraft_version = "1") {
  return error_of(
      "version = 1\ncluster.brokers = 2\ncluster.controllers = 1\n"
      "settings.\"kraft.version\" = " +
      kraft_version +
      "\ntopics = [ { name = \"orders\", partitions = 3, replication_factor = 2 } ]\n"
      "producers = [ { name = \"host-01\" } ]\n"
      "consumers = [ { name = \"reader\", topic = \"orders\" },\n"
      "              { name = \"member\", topic = \"orders\", group = \"g\" } ]\n"
      "operations = [\n  { " +
      operation + " },\n]\n");
}

TEST(PlanFiles, an_operation_that_could_do_nothing_is_refused_with_what_could) {
  const auto error = [](const std::string& operation) { return operation_error(operation); };
  const std::string send = "client = \"host-01\", topic = \"orders\"";
  EXPECT_EQ(error(send), "none");
  EXPECT_EQ(error(send + ", partition = 2"), "none");
  EXPECT_EQ(error(send + ", partition = 3"),
            "p.toml:10:55: orders has partitions 0 to 2, not 3: say which");
  EXPECT_EQ(error("client = \"host-1\", topic = \"orders\""),
            "p.toml:10:14: there is no producer 'host-1' in this plan; did you mean 'host-01'?");
  EXPECT_EQ(error("client = \"host-01\", topic = \"order\""),
            "p.toml:10:33: there is no topic 'order' in this plan; did you mean 'orders'?");
  EXPECT_EQ(error("client = \"host-01\"").substr(0, 34), "p.toml:10:3: there is no topic '' ");

  EXPECT_EQ(error("client = \"member\", do = \"leave\""), "none");
  EXPECT_EQ(error("client = \"reader\", do = \"join\""),
            "p.toml:10:14: there is no member of a group 'reader' in this plan; there is "
            "member");
  for (const std::string how : {"process", "pause"}) {
    const auto slow = "client = \"member\", do = \"" + how + "\"";
    EXPECT_EQ(error(slow + ", for = \"3s\""), "none");
    EXPECT_EQ(error(slow), "p.toml:10:3: for how long? Say for = \"5s\"");
  }
  EXPECT_EQ(error("client = \"reader\", do = \"process\", for = \"3s\""),
            "p.toml:10:14: there is no member of a group or task 'reader' in this plan; there is "
            "member");
}

TEST(PlanFiles, an_operation_of_the_admin_that_could_do_nothing_is_refused_with_what_could) {
  const auto error = [](const std::string& what, const std::string& kraft_version = "1") {
    return operation_error("client = \"admin\", do = " + what, kraft_version);
  };
  EXPECT_EQ(operation_error("client = \"host-01\", do = \"elect\", topic = \"orders\""),
            "p.toml:10:14: this is asked for by the client \"admin\", not by 'host-01'");
  const std::string move = "\"reassign\", topic = \"orders\"";
  EXPECT_EQ(error(move + ", partition = 0, replicas = [2, 1]"), "none");
  EXPECT_EQ(error(move + ", replicas = [1]"),
            "p.toml:10:3: orders has partitions 0 to 2, not -1: say which");
  EXPECT_EQ(error(move + ", partition = 0"),
            "p.toml:10:3: nowhere to go: a partition moves to some of the brokers 1 to 2, as in "
            "replicas = [1]");
  EXPECT_EQ(error(move + ", partition = 0, replicas = [3]"),
            "p.toml:10:84: there is no broker 3: a partition moves to some of the brokers 1 to 2, "
            "as in replicas = [1]");
  EXPECT_EQ(error(move + ", partition = 0, replicas = [2, 2]").substr(0, 38),
            "p.toml:10:84: a broker is named twice:");

  EXPECT_EQ(error("\"make_again\", topic = \"orders\", away = \"1s\""), "none");
  EXPECT_EQ(error("\"make_again\", topic = \"order\""),
            "p.toml:10:50: there is no topic 'order' in this plan; did you mean 'orders'?");

  EXPECT_EQ(error("\"delete_records\", topic = \"orders\""), "none");
  EXPECT_EQ(error("\"delete_records\", topic = \"orders\", partition = 2, before = 5"), "none");
  EXPECT_EQ(error("\"delete_records\", topic = \"order\""),
            "p.toml:10:54: there is no topic 'order' in this plan; did you mean 'orders'?");
  EXPECT_EQ(error("\"delete_records\", topic = \"orders\", partition = 3"),
            "p.toml:10:76: orders has partitions 0 to 2, not 3: say which");
  EXPECT_EQ(error("\"delete_records\", topic = \"orders\", percent = 101"),
            "p.toml:10:74: percent is 101, but must be at most 100");

  EXPECT_EQ(error("\"create_partitions\", topic = \"orders\", partitions = 4"), "none");
  EXPECT_EQ(
      error("\"create_partitions\", topic = \"orders\", partitions = 3"),
      "p.toml:10:80: orders has 3 partitions already: say how many it is to have in all, as in "
      "partitions = 4");

  EXPECT_EQ(error("\"add_voter\", controller = 1"), "none");
  EXPECT_EQ(error("\"add_voter\""),
            "p.toml:10:3: which controller? They are 1 to 1, as in controller = 1, not 0");
  EXPECT_EQ(error("\"remove_voter\", controller = 2"),
            "p.toml:10:57: which controller? They are 1 to 1, as in controller = 1, not 2");
  EXPECT_EQ(error("\"remove_voter\", controller = 1", "0"),
            "p.toml:10:28: voters are fixed where kraft.version is 0: say "
            "settings.\"kraft.version\" = 1");

  EXPECT_EQ(error("\"configure\", configs = { \"leader.replication.throttled.rate\" = 1 }"),
            "none");
  EXPECT_EQ(error("\"configure\", topic = \"orders\"").substr(0, 36),
            "p.toml:10:3: nothing to configure: s");
  EXPECT_EQ(error("\"configure\", configs = { \"retention.ms\" = 1 }"),
            "p.toml:10:51: there is no 'retention.ms' that running brokers could be configured "
            "with");
  EXPECT_EQ(error("\"configure\", topic = \"orders\", configs = { \"retention.ms\" = \"x\" }"),
            "p.toml:10:69: retention.ms is 'x': Not a number of type LONG");
}

TEST(PlanFiles, an_operation_on_the_cluster_that_could_do_nothing_is_refused_with_what_could) {
  const auto error = [](const std::string& what) {
    return operation_error("client = \"admin\", do = " + what);
  };
  EXPECT_EQ(error("\"unregister_broker\", broker = 2"), "none");
  EXPECT_EQ(error("\"unregister_broker\""),
            "p.toml:10:3: which broker? They are 1 to 2, as in broker = 1, not 0");
  EXPECT_EQ(error("\"unregister_broker\", broker = 3"),
            "p.toml:10:58: which broker? They are 1 to 2, as in broker = 1, not 3");

  EXPECT_EQ(error("\"update_features\", levels = { \"group.version\" = 0 }"), "none");
  EXPECT_EQ(error("\"update_features\", levels = { \"transaction.version\" = 2 }"), "none");
  EXPECT_EQ(error("\"update_features\""),
            "p.toml:10:3: no feature to change: say levels = { \"FEATURE\" = 1 }");
  EXPECT_EQ(error("\"update_features\", levels = { \"group.versio\" = 1 }"),
            "p.toml:10:56: there is no feature 'group.versio'; did you mean 'group.version'?");
  EXPECT_EQ(error("\"update_features\", levels = { \"group.version\" = 2 }"),
            "p.toml:10:56: group.version has levels 0 to 1, and 0");
}

// Its members would be turned away for good.
TEST(PlanFiles, features_that_groups_need_are_not_given_up) {
  const auto error = [](const std::string& protocol) {
    return error_of(
        "version = 1\n"
        "topics = [ { name = \"t\" } ]\n"
        "consumers = [ { name = \"m\", topic = \"t\", group = \"g\", protocol = \"" +
        protocol +
        "\" } ]\n"
        "operations = [\n"
        "  { client = \"admin\", do = \"update_features\", levels = { \"group.version\" = 0 } },\n"
        "]\n");
  };
  EXPECT_EQ(error("classic"), "none");
  EXPECT_EQ(
      error("consumer"),
      "p.toml:5:56: with group.version 0 there are no consumer groups, and this plan has some");
}

// As many as there are once it has grown, of whatever names one.
TEST(PlanFiles, partitions_that_are_made_later_are_taken) {
  const auto grown = [](const std::string& operation, const std::string& reads = "4") {
    return error_of(
        "version = 1\n"
        "topics = [ { name = \"orders\", partitions = 3 } ]\n"
        "producers = [ { name = \"host-01\" } ]\n"
        "consumers = [ { name = \"reader\", topic = \"orders\", partitions = [" +
        reads +
        "] } ]\n"
        "operations = [\n"
        "  { client = \"admin\", do = \"create_partitions\", topic = \"orders\", "
        "partitions = 5 },\n"
        "  { client = " +
        operation + " },\n]\n");
  };
  for (const std::string what :
       {"\"host-01\"", "\"admin\", do = \"elect\"", "\"admin\", do = \"delete_records\"",
        "\"admin\", do = \"reassign\", replicas = [1]"}) {
    const auto of = [&](int partition) {
      return grown(what + fmt::format(", topic = \"orders\", partition = {}", partition));
    };
    EXPECT_EQ(of(4), "none") << what;
    EXPECT_NE(of(5).find("orders has partitions 0 to 4, not 5: say which"), std::string::npos)
        << of(5);
  }
  EXPECT_NE(grown("\"host-01\", topic = \"orders\"", "5").find("not 5: say which"),
            std::string::npos);
}

TEST(PlanFiles, what_a_producer_has_no_use_for_is_refused) {
  const auto error = [](const std::string& fields) {
    return error_of("version = 1\nproducers = [ { name = \"p\", " + fields + " } ]\n");
  };
  EXPECT_EQ(error("first_sequence = 5, enable_idempotence = true"), "none");
  EXPECT_EQ(error("first_sequence = 5"),
            "p.toml:2:46: first_sequence is of idempotent producers: say enable_idempotence = "
            "true");
  EXPECT_EQ(error("first_sequence = 5, transactional_id = \"t\""),
            "p.toml:2:46: in transactions first_sequence does nothing: leave it out");
  EXPECT_EQ(error("transaction_protocol = 1, transactional_id = \"t\""), "none");
  EXPECT_EQ(error("transaction_protocol = 1, enable_idempotence = true"),
            "p.toml:2:52: transaction_protocol does nothing without transactions: leave it out, or "
            "let the producer have some");
}

// What it has committed could not be judged.
TEST(PlanFiles, a_group_of_tasks_has_one_guarantee_and_no_other_readers_of_their_input) {
  const auto error = [](const std::string& second, const std::string& member) {
    return error_of(
        "version = 1\n"
        "topics = [ { name = \"in\" }, { name = \"out\" } ]\n"
        "consumers = [ { name = \"m\", " +
        member +
        " } ]\n"
        "tasks = [\n"
        "  { name = \"a\", group = \"g\", input = \"in\", output = \"out\", "
        "guarantee = \"at_least_once\" },\n"
        "  { name = \"b\", input = \"in\", output = \"out\", " +
        second + " },\n]\n");
  };
  const std::string alike = "group = \"g\", guarantee = \"at_least_once\"";
  const std::string reader = "topic = \"in\"";
  EXPECT_EQ(error(alike, reader), "none");
  EXPECT_EQ(error("group = \"h\", guarantee = \"at_most_once\"", reader), "none");
  EXPECT_EQ(error("group = \"g\", guarantee = \"at_most_once\"", reader),
            "p.toml:6:72: 'g' promises at_least_once by its task 'a': say that here, or another "
            "group");
  EXPECT_EQ(error(alike, "topic = \"out\", group = \"g\""), "none");
  EXPECT_EQ(error(alike, "topic = \"in\", group = \"g\""),
            "p.toml:3:51: 'g' is the group of the task 'a', which reads the same topic: say "
            "another group");
}

TEST(PlanFiles, a_reader_of_nothing_and_a_fault_of_no_machine_are_refused) {
  const std::string start = "version = 1\ntopics = [ { name = \"orders\" } ]\n";
  EXPECT_EQ(
      error_of(start + "consumers = [ { name = \"r\", topic = \"orders\", partitions = [1] } ]"),
      "p.toml:3:60: orders has partitions 0 to 0, not 1: say which");
  EXPECT_EQ(
      error_of(start + "tasks = [ { name = \"t\", input = \"orders\", output = \"order\" } ]"),
      "p.toml:3:52: there is no topic 'order' in this plan; did you mean 'orders'?");
  EXPECT_EQ(error_of(start + "faults = [ { kind = \"crash\", targets = [\"broker-4\"] } ]"),
            "p.toml:3:40: there is no broker-4 in a cluster of 3 brokers and 3 controllers");
}

TEST(PlanFiles, numbers_that_no_run_could_have_are_refused) {
  const auto error = [](const std::string& line) { return error_of("version = 1\n" + line); };
  EXPECT_EQ(error("cluster.brokers = 0"), "p.toml:2:19: brokers is 0, but must be at least 1");
  EXPECT_EQ(error("cluster.controllers = -1"),
            "p.toml:2:23: controllers is -1, but must be at least 1");
  EXPECT_EQ(error("topics = [ { name = \"t\", partitions = 0 } ]"),
            "p.toml:2:39: partitions is 0, but must be at least 1");
  EXPECT_EQ(error("topics = [ { name = \"t\", replication_factor = 4 } ]"),
            "p.toml:2:47: 4 copies of a partition need as many brokers, but there are only 3");
  EXPECT_EQ(error("cluster.last_producer_epoch = 32767"),
            "p.toml:2:31: last_producer_epoch is 32767, but must be at most 32766");
  EXPECT_EQ(error("producers = [ { name = \"p\", transactional_id = \"t\", "
                  "transaction_protocol = 3 } ]"),
            "p.toml:2:76: transaction_protocol is 3, but must be at most 2");
  EXPECT_EQ(error("producers = [ { name = \"p\", max_in_flight = 0 } ]"),
            "p.toml:2:45: max_in_flight is 0, but must be at least 1");
  EXPECT_EQ(error("producers = [ { name = \"p\", max_in_flight = 1000000000 } ]"),
            "p.toml:2:45: max_in_flight is 1000000000, but must be at most 1000");
  EXPECT_EQ(error("operations = [ { client = \"p\", first_line = 0 } ]"),
            "p.toml:2:45: first_line is 0, but must be at least 1");
  EXPECT_EQ(error("operations = [ { client = \"p\", count = -1 } ]"),
            "p.toml:2:40: count is -1, but must be at least 0");
  EXPECT_EQ(error("operations = [ { client = \"p\", count = 1000001 } ]"),
            "p.toml:2:40: count is 1000001, but must be at most 1000000");
  EXPECT_EQ(error("producers = [ { name = \"p\", acks = 10 } ]"),
            "p.toml:2:36: acks is 10, but must be at most 9");
  EXPECT_EQ(error("cluster.brokers = 101"), "p.toml:2:19: brokers is 101, but must be at most 100");
  EXPECT_EQ(error("cluster.voters = 2").substr(0, 67),
            "p.toml:2:18: all controllers vote where kraft.version is 0: say \"kr");
  EXPECT_EQ(
      error("topics = [ { name = \"t\", configs = { \"flush.ms\" = \"soon\" } } ]").substr(0, 38),
      "p.toml:2:51: flush.ms is 'soon': Not a");
  EXPECT_EQ(error("topics = [ { partitions = 2 } ]"), "p.toml:2:12: a topic has a name");
  EXPECT_EQ(error("topics = [ { name = \"t\" } ]\ncluster.brokers = 2"),
            "p.toml:2:12: 3 copies of a partition need as many brokers, but there are only 2");
}

// It would ask again and again, and be refused each time.
TEST(PlanFiles, a_member_whose_session_no_coordinator_takes_is_refused) {
  const auto error = [](const std::string& member, const std::string& more = "") {
    return error_of(
        "version = 1\n"
        "topics = [ { name = \"t\" } ]\n"
        "consumers = [ { name = \"m\", topic = \"t\", " +
        member + " } ]\n" + more);
  };
  const std::string brief = "group = \"g\", session_timeout = \"3s\"";
  const std::string refused =
      "session_timeout is 3s, but must be at least 6s unless "
      "settings.\"group.min.session.timeout.ms\" is 3000: brokers refuse the member";
  EXPECT_EQ(error(brief), "p.toml:3:73: " + refused);
  EXPECT_EQ(error(brief, "settings.\"group.min.session.timeout.ms\" = 3000\n"), "none");
  EXPECT_EQ(error("session_timeout = \"3s\""), "none");
  EXPECT_EQ(error("group = \"g\", session_timeout = \"6s\""), "none");
  EXPECT_EQ(error("group = \"g\", session_timeout = \"1800s\""), "none");
  EXPECT_EQ(error("group = \"g\", session_timeout = \"1801s\""),
            "p.toml:3:73: session_timeout is 1801s, but must be at most 1800s unless "
            "settings.\"group.max.session.timeout.ms\" is 1801000: brokers refuse the member");
  // Where nobody says a session it is 45 s.
  EXPECT_EQ(error("group = \"g\"", "settings.\"group.max.session.timeout.ms\" = 30000\n"),
            "p.toml:3:15: session_timeout is 45s, but must be at most 30s unless "
            "settings.\"group.max.session.timeout.ms\" is 45000: brokers refuse the member");
  // KIP-848: the coordinator says how long it is.
  const auto consumer = brief + ", protocol = \"consumer\"";
  EXPECT_EQ(error(consumer), "none");
  EXPECT_EQ(error(consumer, "operations = [ { client = \"m\", do = \"join_as_classic\" } ]\n"),
            "p.toml:3:73: " + refused);
  EXPECT_EQ(error("group = \"g\"",
                  "tasks = [ { name = \"w\", group = \"p\", input = \"t\", output = \"t\", "
                  "session_timeout = \"3s\" } ]\n"),
            "p.toml:4:83: " + refused);
}

TEST(PlanFiles, names_that_stand_for_something_else_are_refused) {
  const auto error = [](const std::string& line) { return error_of("version = 1\n" + line); };
  EXPECT_EQ(error("producers = [ { name = \"broker-3\" } ]"),
            "p.toml:2:24: 'broker-3' is a node of the cluster");
  EXPECT_EQ(error("producers = [ { name = \"broker-4\" }, { name = \"broker-03\" } ]"), "none");
  EXPECT_EQ(error("consumers = [ { name = \"controller-1\", topic = \"t\" } ]"),
            "p.toml:2:24: 'controller-1' is a node of the cluster");
  EXPECT_EQ(error("producers = [ { name = \"admin\" } ]"),
            "p.toml:2:24: 'admin' is the client that creates topics, and sends nothing");
  EXPECT_EQ(error("producers = [ { acks = 1 } ]"),
            "p.toml:2:15: a producer has a name: its machine is called so");
  EXPECT_EQ(error("producers = [ { name = \"p\" }, { name = \"p\" } ]"),
            "p.toml:2:40: there is a producer 'p' already");
  EXPECT_EQ(error("consumers = [ { name = \"c\" }, { name = \"c\" } ]"),
            "p.toml:2:40: there is a consumer 'c' already");
  EXPECT_EQ(error("topics = [ { name = \"t\" }, { name = \"t\" } ]"),
            "p.toml:2:37: there is a topic 't' already");
  EXPECT_EQ(error("topics = [ { name = \"t\" } ]\nproducers = [ { name = \"both\" } ]\n"
                  "consumers = [ { name = \"both\", topic = \"t\" } ]"),
            "none");
}

TEST(PlanFiles, values_of_a_wrong_kind_are_refused_with_what_is_wanted) {
  EXPECT_EQ(error_of("version = 1\nquiet_at = 30\n"),
            "p.toml:2:12: a duration such as \"250ms\" or \"1.5s\" is wanted");
  EXPECT_EQ(error_of("version = 1\nproducers = [ { name = \"a\", acks = \"some\" } ]\n"),
            "p.toml:2:36: acks is 'some', but must be a number or \"all\"");
  EXPECT_EQ(error_of("version = 1\nseed = -1\n"),
            "p.toml:2:8: a whole number from 0 to 9223372036854775807 is wanted here");
  EXPECT_EQ(error_of("version = 1\nquiet_at = 1.5\n"),
            "p.toml:2:12: a text, a whole number, true or false is wanted here");
}

TEST(PlanFiles, bad_syntax_and_other_versions_are_refused) {
  EXPECT_EQ(error_of("version = \n").substr(0, 9), "p.toml:1:");
  EXPECT_EQ(error_of("version = 2\n"), "p.toml:1:11: only plans of version 1 are known here");
  EXPECT_EQ(error_of("seed = 1\n"), "p.toml:1:1: there is no 'version' here");
}

TEST(PlanFiles, overrides_replace_what_the_file_says_also_in_each_entry_of_a_list) {
  const auto plan = parse_plan(to_toml(example()), "p.toml",
                               {{"cluster.brokers", "5"},
                                {"producers.acks", "all"},
                                {"settings.replica.lag.time.max.ms", "3000"}});
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_EQ(plan->cluster.brokers, 5);
  EXPECT_EQ(plan->producers[0].acks, -1);
  EXPECT_EQ(plan->producers[1].acks, -1);
  EXPECT_EQ(plan->cluster.settings.at("replica.lag.time.max.ms"), "3000");
}

TEST(PlanFiles, a_wrong_override_is_named_as_such) {
  EXPECT_EQ(error_of("version = 1\n", {{"cluster.borkers", "5"}}),
            "--set cluster.borkers: unknown key 'borkers'; did you mean 'brokers'?");
  EXPECT_FALSE(parse_override("cluster.brokers"));
}

TEST(DurationText, reads_units_and_fractions_exactly) {
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("0.000000001s"), Duration(1));
  EXPECT_EQ(parse_duration("1.5min"), Duration(90s));
}

TEST(DurationText, refuses_what_is_not_exact_or_not_a_duration) {
  for (const auto* text : {"", "1", "s", ".5s", "1.s", "1.2.3s", "-1s", "0.5ns", "1 s", "1parsec",
                           "9223372036854775808ns", "300000000h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

RC_GTEST_PROP(DurationText, any_duration_reads_back_equal, ()) {
  const auto ns = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62);
  const Duration duration(ns >> *rc::gen::inRange(0, 62));
  RC_ASSERT(parse_duration(text_of(duration)) == duration);
}

TEST(Nearest, is_the_word_with_the_fewest_edits_if_any_is_near) {
  const std::vector<std::string> words{"partition", "position", "topic"};
  EXPECT_EQ(nearest("parittion", words), "partition");
  EXPECT_EQ(nearest("Topic", words), "topic");
  EXPECT_EQ(nearest("zebra", words), "");
}

}  // namespace
}  // namespace brokersim::scenarios
