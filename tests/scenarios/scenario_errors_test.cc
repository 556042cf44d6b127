// A scenario with a mistake is refused with the file, the line, the column, what is wrong and the
// nearest word that would do; one whose input is wrong with what to do about it.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "scenarios/draw_plan.h"
#include "scenarios/inputs.h"
#include "scenarios/plan_toml.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

// A scenario that is fine, before `text`; the lines of that begin at 101.
std::string scenario_error(const std::string& text) {
  std::string file = R"([cluster]
brokers = 3
[[topics]]
name = "my-topic"
partitions = 2
[[producers]]
name = "host"
count = 2
[[consumers]]
name = "reader"
)";
  while (std::count(file.begin(), file.end(), '\n') < 100) file += '\n';
  const auto scenario = parse_scenario(file + text, "s.toml");
  return scenario ? "none" : scenario.error();
}

TEST(ScenarioErrors, what_is_fine_is_taken) {
  EXPECT_EQ(scenario_error("[workload]\ntopic = \"my-topic\"\n"), "none");
}

TEST(ScenarioErrors, unknown_sections_and_keys) {
  EXPECT_EQ(scenario_error("[workloads]\n"),
            "s.toml:101:2: unknown key 'workloads'; did you mean 'workload'?");
  EXPECT_EQ(scenario_error("[workload]\ntopic = \"my-topic\"\nchunks = 3\n"),
            "s.toml:103:1: unknown key 'chunks'; did you mean 'chunk'?");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"crash\"\nfor = \"1s\"\nevry = \"2s\"\n"),
            "s.toml:104:1: unknown key 'evry'; did you mean 'every'?");
  EXPECT_EQ(scenario_error("[mix]\nkinds = [{ kind = \"crash\", wieght = 2 }]\n"),
            "s.toml:102:28: unknown key 'wieght'; did you mean 'weight'?");
}

TEST(ScenarioErrors, unknown_kinds_parameters_settings_and_aims) {
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"pawse\"\nfor = \"1s\"\n"),
            "s.toml:102:8: there is no fault 'pawse'; did you mean 'pause'?");
  EXPECT_EQ(
      scenario_error("[mix]\nkinds = [{ kind = \"slow_link\", parameters = { xtra = \"1s\" } }]\n"),
      "s.toml:102:47: slow_link has no parameter 'xtra'; did you mean 'extra'?");
  EXPECT_EQ(scenario_error("[settings]\n\"broker.session.timeout\" = 3\n"),
            "s.toml:102:1: there is no setting 'broker.session.timeout'; did you mean "
            "'broker.session.timeout.ms'?");
  EXPECT_EQ(scenario_error("[settings]\n\"min.insync.replicas\" = \"two\"\n"),
            "s.toml:102:25: min.insync.replicas is 'two': Not a number of type INT");
  EXPECT_EQ(scenario_error("[settings]\n\"log.preallocate\" = true\n"),
            "s.toml:102:1: nothing acts upon 'log.preallocate' yet");
  EXPECT_EQ(parse_scenario("reaches = [\"election\"]\n", "s.toml").error(),
            "s.toml:1:12: there is no aim 'election'; did you mean 'elections'?");
}

TEST(ScenarioErrors, groups_that_nobody_could_be_in) {
  EXPECT_EQ(scenario_error("[[consumers]]\nname = \"m\"\ngroup = \"g\"\nassignor = \"stiky\"\n"),
            "s.toml:104:12: there is no assignor 'stiky'; did you mean 'sticky'?");
  EXPECT_EQ(scenario_error("[[consumers]]\nname = \"m\"\ngroup = \"g\"\n[[faults]]\n"
                           "kind = \"crash\"\nfor = \"1s\"\ntargets = [\"coordinator:g\"]\n"),
            "none");
  EXPECT_EQ(scenario_error("[[consumers]]\nname = \"m\"\ngroup = \"g\"\n[[faults]]\n"
                           "kind = \"crash\"\nfor = \"1s\"\ntargets = [\"coordinator:h\"]\n"),
            "s.toml:107:12: there is no target 'coordinator:h'; did you mean 'coordinator:g'?");
}

TEST(ScenarioErrors, what_could_only_do_nothing) {
  EXPECT_EQ(scenario_error("[workload]\nrecords = 5\n"),
            "s.toml:101:1: to which topic do the producers send? Say topic = \"…\"");
  EXPECT_EQ(scenario_error("[mix]\ncount = 1\nwindow = \"30s..40s\"\n"
                           "kinds = [{ kind = \"crash\" }]\n"),
            "s.toml:103:10: window is 30s or later, but from quiet_at on, 30s, no fault begins");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"crash\"\nat = \"1min\"\nfor = \"1s\"\n"),
            "s.toml:103:6: at is 60s or later, but from quiet_at on, 30s, no fault begins");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"crash\"\nat = \"20s..60s\"\nfor = \"1s\"\n"),
            "none");
}

TEST(ScenarioErrors, pipelines_of_which_nothing_could_be_told) {
  const auto error = [](const std::string& task, const std::string& reader = "") {
    return scenario_error("[[topics]]\nname = \"out\"\n[[tasks]]\nname = \"t\"\n" + task +
                          "[workload]\ntopic = \"my-topic\"\n" + reader);
  };
  const std::string reader =
      "[[consumers]]\nname = \"r\"\ntopic = \"out\"\nisolation_level = \"read_committed\"\n";
  EXPECT_EQ(error("output = \"out\"\n", reader), "none");
  EXPECT_EQ(error("", reader), "s.toml:103:1: where to? Say output = \"…\", another topic");
  EXPECT_EQ(error("output = \"my-topic\"\n", reader),
            "s.toml:105:10: 'my-topic' is what the tasks read: their output is another topic");
  EXPECT_EQ(error("output = \"out\"\n").substr(0, 39), "s.toml:105:10: nobody reads 'out', so t");
}

TEST(ScenarioErrors, groups_of_tasks_that_could_not_be_judged) {
  const auto error = [](const std::string& guarantee, const std::string& topic) {
    return scenario_error(
        "[[topics]]\nname = \"out\"\n"
        "[[tasks]]\nname = \"a\"\ninput = \"my-topic\"\noutput = \"out\"\n"
        "guarantee = [\"at_least_once\", \"exactly_once\"]\n"
        "[[tasks]]\nname = \"b\"\ninput = \"my-topic\"\noutput = \"out\"\nguarantee = " +
        guarantee +
        "\n[[consumers]]\nname = \"r\"\ntopic = \"out\"\nisolation_level = \"read_committed\"\n"
        "[[consumers]]\nname = \"m\"\ntopic = \"" +
        topic + "\"\ngroup = \"pipeline\"\n");
  };
  const std::string alike = "[\"at_least_once\", \"exactly_once\"]";
  EXPECT_EQ(error(alike, "out"), "none");
  EXPECT_EQ(error("\"at_least_once\"", "out"),
            "s.toml:112:13: 'pipeline' has another guarantee by its tasks 'a': say the same here, "
            "or another group");
  EXPECT_EQ(error(alike, "my-topic"),
            "s.toml:120:9: 'pipeline' is the group of the tasks 'a', which read the same topic: "
            "say another group");
}

TEST(ScenarioErrors, targets_that_nothing_is_called) {
  const auto target = [](const std::string& name) {
    return scenario_error("[[faults]]\nkind = \"crash\"\nfor = \"1s\"\ntargets = [\"" + name +
                          "\"]\n");
  };
  EXPECT_EQ(target("broker-3"), "none");
  EXPECT_EQ(target("host-02"), "none");
  EXPECT_EQ(target("follower:my-topic-1"), "none");
  EXPECT_EQ(target("broker-4"),
            "s.toml:104:12: there is no target 'broker-4'; did you mean 'broker-1'?");
  EXPECT_EQ(target("leeder:my-topic-0"),
            "s.toml:104:12: there is no target 'leeder:my-topic-0'; did you mean "
            "'leader:my-topic-0'?");
  EXPECT_EQ(target("leader:my-topic-2"),
            "s.toml:104:12: there is no target 'leader:my-topic-2'; did you mean "
            "'leader:my-topic-0'?");
  EXPECT_EQ(target("brokrs"),
            "s.toml:104:12: there is no target 'brokrs'; did you mean 'brokers'?");
  EXPECT_EQ(scenario_error("[mix]\nkinds = [{ kind = \"crash\", targets = [\"follower\"] }]\n"),
            "s.toml:102:39: there is no target 'follower'; did you mean 'followers'?");
}

TEST(ScenarioErrors, faults_that_wait_for_what_is_not_there) {
  const auto when = [](const std::string& what) {
    return scenario_error(
        "[[producers]]\nname = \"bank\"\ntransactional = true\n[[consumers]]\n"
        "name = \"m\"\ngroup = \"g\"\n[mix]\nkinds = [{ kind = \"crash\", "
        "targets = [\"there\"], when = { " +
        what + " } }]\n");
  };
  EXPECT_EQ(when("transaction = [\"bank-01\", \"*\"], becomes = \"Empty\", nth = \"1..9\""),
            "none");
  EXPECT_EQ(when("group = \"g\", becomes = [\"Stable\", \"Empty\"], after = \"0us..1ms\""), "none");
  EXPECT_EQ(when("transaction = \"bank-02\", becomes = \"Empty\""),
            "s.toml:108:72: there is no transactional id 'bank-02'; did you mean 'bank-01'?");
  EXPECT_EQ(when("transaction = \"host-01\", becomes = \"Empty\"").substr(0, 54),
            "s.toml:108:72: there is no transactional id 'host-01';");
  EXPECT_EQ(when("group = \"bank\", becomes = \"Empty\"").substr(0, 38),
            "s.toml:108:66: there is no group 'bank");
  EXPECT_EQ(when("group = \"g\", becomes = [\"Stable\", \"Emtpy\"]"),
            "s.toml:108:92: there is no state of groups 'Emtpy'; did you mean 'Empty'?");
  EXPECT_EQ(when("group = \"g\", becomes = \"Empty\", nth = \"0..3\""),
            "s.toml:108:96: the first time is nth = 1");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"crash\"\nfor = \"1s\"\ntargets = [\"there\"]\n"),
            "s.toml:104:12: there is no target 'there'");
}

TEST(ScenarioErrors, topics_that_could_not_be_made_again) {
  EXPECT_EQ(scenario_error("[topic_changes]\ncount = 1\nwindow = \"1s..2s\"\n"
                           "topics = [\"my-topc\"]\n"),
            "s.toml:104:11: there is no topic 'my-topc'; did you mean 'my-topic'?");
  EXPECT_EQ(scenario_error("[topic_changes]\ncount = \"1..2\"\nwindow = \"1s..2s\"\n"
                           "away = \"0s..1s\"\ntopics = [\"my-topic\"]\n"),
            "none");
}

TEST(ScenarioErrors, records_that_could_not_be_deleted) {
  EXPECT_EQ(scenario_error("[record_deletions]\ncount = 1\nwindow = \"1s..2s\"\n"
                           "topics = [\"my-topc\"]\n"),
            "s.toml:104:11: there is no topic 'my-topc'; did you mean 'my-topic'?");
  EXPECT_EQ(scenario_error("[record_deletions]\ncount = 1\nwindow = \"1s..2s\"\n"
                           "percent = \"50..101\"\n"),
            "s.toml:104:11: percent is 50..101, but must be at most 100");
  EXPECT_EQ(scenario_error("[record_deletions]\ncount = \"1..2\"\nwindow = \"1s..2s\"\n"
                           "percent = [0, 100]\ntopics = [\"my-topic\"]\n"),
            "none");
}

TEST(ScenarioErrors, topics_that_could_not_grow) {
  EXPECT_EQ(scenario_error("[partition_growth]\ncount = 1\nwindow = \"1s..2s\"\nby = 0\n"),
            "s.toml:104:6: by is 0, but must be at least 1");
  EXPECT_EQ(scenario_error("[partition_growth]\ncount = [0, 1]\nwindow = \"1s..2s\"\n"
                           "by = \"1..2\"\ntopics = [\"my-topic\"]\n"),
            "none");
}

TEST(ScenarioErrors, configurations_that_could_not_change) {
  const std::string changes = "[config_changes]\ncount = 1\nwindow = \"1s..2s\"\n";
  EXPECT_EQ(scenario_error(changes + "configs = { \"min.insync.replicas\" = [1, 2] }\n"), "none");
  EXPECT_EQ(
      scenario_error(changes + "configs = { \"min.insync.replcas\" = 1 }\n"),
      "s.toml:104:13: there is no 'min.insync.replcas' that a topic could be configured with; "
      "did you mean 'min.insync.replicas'?");
  EXPECT_EQ(scenario_error(changes + "configs = { \"min.insync.replicas\" = [1, 0] }\n"),
            "s.toml:104:41: min.insync.replicas is '0': Value must be at least 1");
  EXPECT_EQ(scenario_error(changes),
            "s.toml:101:1: nothing to configure: say configs = { \"KAFKA.NAME\" = \"…\" }");
}

TEST(ScenarioErrors, features_that_could_not_change) {
  const std::string updates = "[feature_updates]\ncount = 1\n";
  EXPECT_EQ(scenario_error(updates + "levels = { \"group.version\" = [0, 1] }\n"), "none");
  EXPECT_EQ(scenario_error(updates),
            "s.toml:101:1: no feature to change: say levels = { \"FEATURE\" = [0, 1] }");
  EXPECT_EQ(scenario_error(updates + "levels = { \"group.versio\" = 1 }\n"),
            "s.toml:103:12: there is no feature 'group.versio'; did you mean 'group.version'?");
  EXPECT_EQ(scenario_error("[unregistrations]\ncount = -1\n"),
            "s.toml:102:9: count is -1, but must be at least 0");
}

TEST(ScenarioErrors, voters_that_could_not_change) {
  EXPECT_EQ(scenario_error("[voter_changes]\ncount = 2\nwindow = \"1s..2s\"\n"),
            "s.toml:101:1: voters are fixed where kraft.version is 0: say \"kraft.version\" = 1 in "
            "[settings]");
  EXPECT_EQ(scenario_error("[voter_changes]\ncount = 2\nwindow = \"1s..2s\"\n"
                           "[settings]\n\"kraft.version\" = [0, 1]\n"),
            "none");
}

TEST(ScenarioErrors, faults_that_could_not_be) {
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"pause\"\n"),
            "s.toml:102:8: pause lasts, so it needs a time: for = \"5s\"");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"pause\"\nfor = \"1s\"\npeers = [\"brokers\"]\n"),
            "s.toml:104:9: pause strikes machines, so it has targets and no peers");
  EXPECT_EQ(scenario_error(
                "[mix]\nkinds = [{ kind = \"slow_disk\", parameters = { factor = \"2s\" } }]\n"),
            "s.toml:102:56: factor of slow_disk is a whole number");
  EXPECT_EQ(
      scenario_error("[mix]\nkinds = [{ kind = \"slow_disk\", parameters = { extra = 2 } }]\n"),
      "s.toml:102:55: extra of slow_disk is a duration such as \"250ms\"");
  EXPECT_EQ(scenario_error("[mix]\nkinds = [{ kind = \"crash\", weight = -1 }]\n"),
            "s.toml:102:37: a whole number from 0 to 9223372036854775807 is wanted here");
  EXPECT_EQ(parse_scenario("operations = []\n", "s.toml").error(),
            "s.toml:1:14: operations are those of a plan, which says what it is: version = 1 is "
            "missing");
  EXPECT_EQ(
      scenario_error("[mix]\nkinds = [{ kind = \"slow_disk\", parameters = { factor = -4 } }]\n"),
      "s.toml:102:56: factor is -4, but must be at least 0");
  EXPECT_EQ(scenario_error("[mix]\nkinds = [{ kind = \"crash\", weight = 0 }]\n"),
            "s.toml:102:9: the mix weighs nothing");
}

TEST(ScenarioErrors, units_and_ranges) {
  EXPECT_EQ(scenario_error("[mix]\nfor = \"5sec\"\n"),
            "s.toml:102:7: there is no unit 'sec'; there is ns, us, ms, s, min, h");
  EXPECT_EQ(scenario_error("[mix]\nfor = \"5\"\n"),
            "s.toml:102:7: a duration such as \"250ms\" or \"1.5s\" is wanted");
  EXPECT_EQ(scenario_error("[mix]\nwindow = \"9s..2s\"\n"),
            "s.toml:102:10: this is no range: from low to high, of one kind");
  EXPECT_EQ(scenario_error("[mix]\ncount = \"4..2\"\n"),
            "s.toml:102:9: this is no range: from low to high, of one kind");
}

TEST(ScenarioErrors, topics_that_nobody_could_create) {
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"t\"\n"
                           "configs = { \"min.insync.replica\" = 2 }\n"),
            "s.toml:103:13: there is no 'min.insync.replica' that a topic could be configured "
            "with; did you mean 'min.insync.replicas'?");
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"t\"\n"
                           "configs = { \"retention.ms\" = [\"1\", \"abc\"] }\n"),
            "s.toml:103:36: retention.ms is 'abc': Not a number of type LONG");
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"a b\"\n"),
            "s.toml:102:8: Topic name is invalid: 'a b' has characters other than ASCII letters, "
            "digits, '.', '_' and '-'");
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"my-topic\"\n"),
            "s.toml:102:8: there is a topic 'my-topic' already");
  const auto unnamed = scenario_error("[[topics]]\npartitions = 2\n");
  EXPECT_TRUE(unnamed.ends_with(": a topic has a name")) << unnamed;
}

TEST(ScenarioErrors, clusters_that_could_not_be) {
  const auto error = [](const std::string& text) {
    const auto scenario = parse_scenario(text, "s.toml");
    return scenario ? "none" : scenario.error();
  };
  EXPECT_EQ(error("[cluster]\nbrokers = \"3..101\"\n"),
            "s.toml:2:11: brokers is 3..101, but must be at most 100");
  EXPECT_EQ(error("[cluster]\ncontrollers = 10\n"),
            "s.toml:2:15: controllers is 10, but must be at most 9");
  EXPECT_EQ(error("[cluster]\nvoters = 2\n"),
            "s.toml:2:10: all controllers vote where kraft.version is 0: say \"kraft.version\" = 1 "
            "in settings");
  EXPECT_EQ(error("[cluster]\nvoters = 2\n[settings]\n\"kraft.version\" = [0, 1]\n"), "none");
  EXPECT_EQ(error("[[producers]]\nname = \"p\"\nacks = 10\n"),
            "s.toml:3:8: acks is 10, but must be at most 9");
}

TEST(ScenarioErrors, values_of_a_wrong_type) {
  EXPECT_EQ(scenario_error("[mix]\ncount = \"many\"\n"),
            "s.toml:102:9: a whole number is wanted here");
  EXPECT_EQ(scenario_error("[[faults]]\nkind = \"crash\"\nfor = \"1s\"\nin_turn = \"yes\"\n"),
            "s.toml:104:11: true or false is wanted here");
  EXPECT_EQ(scenario_error("mix = 3\n").substr(0, 7), "s.toml:");
  EXPECT_EQ(scenario_error("[workload]\ntopic = \"my-topic\"\nchunk = 0\n"),
            "s.toml:103:9: chunk is 0, but must be at least 1");
}

TEST(ScenarioErrors, ranges_that_begin_too_low) {
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"t\"\npartitions = \"0..2\"\n"),
            "s.toml:103:14: partitions is 0..2, but must be at least 1");
  EXPECT_EQ(scenario_error("[[producers]]\nname = \"p\"\nmax_in_flight = \"0..5\"\n"),
            "s.toml:103:17: max_in_flight is 0..5, but must be at least 1");
  EXPECT_EQ(scenario_error("[[producers]]\nname = \"p\"\nmax_in_flight = \"5..5000\"\n"),
            "s.toml:103:17: max_in_flight is 5..5000, but must be at most 1000");
  EXPECT_EQ(scenario_error("[mix]\ncount = \"0..3\"\n"), "none");
}

TEST(ScenarioErrors, families_of_one_name) {
  EXPECT_EQ(scenario_error("[[producers]]\nname = \"host\"\n"),
            "s.toml:102:8: there are producers 'host' already: each machine has a name of its own");
  EXPECT_EQ(scenario_error("[[consumers]]\ncount = 2\n"),
            "s.toml:101:1: there are consumers 'reader' already: each machine has a name of its "
            "own");
  // One machine may be both.
  EXPECT_EQ(scenario_error("[[producers]]\nname = \"reader\"\n"), "none");
}

TEST(ScenarioErrors, more_copies_than_brokers_also_where_nobody_says_how_many) {
  const auto few = parse_scenario("[cluster]\nbrokers = 1\n[[topics]]\nname = \"t\"\n", "s.toml");
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error(),
            "s.toml:4:8: 3 copies of a partition need as many brokers, but there may be only 1");
}

TEST(ScenarioErrors, words_and_topics) {
  const auto producer = [](const std::string& line) {
    return scenario_error("[[producers]]\nname = \"p\"\n" + line + "\n");
  };
  EXPECT_EQ(producer("partitioner = \"keys\""),
            "s.toml:103:15: there is no partitioner 'keys'; did you mean 'key'?");
  EXPECT_EQ(producer("acks = [1, \"al\"]"),
            "s.toml:103:12: acks is 'al', but must be a number or \"all\"");
  EXPECT_EQ(scenario_error("[[consumers]]\nname = \"c\"\ntopic = \"my-topik\"\n"),
            "s.toml:103:9: there is no topic 'my-topik'; did you mean 'my-topic'?");
  EXPECT_EQ(scenario_error("[[consumers]]\nname = \"c\"\nparses = \"jsn\"\n"),
            "s.toml:103:10: 'jsn' is none of its values; did you mean 'json'?");
  EXPECT_EQ(scenario_error("[[topics]]\nname = \"wide\"\nreplication_factor = 5\n"),
            "s.toml:103:22: 5 copies of a partition need as many brokers, but there may be only 3");
}

TEST(PlanErrors, targets_that_no_plan_can_mean) {
  const auto error = [](const std::string& target) {
    const auto plan = parse_plan(
        "version = 1\ntopics = [{ name = \"my-topic\", partitions = 2 }]\n"
        "faults = [{ kind = \"crash\", targets = [\"" +
            target + "\"] }]\n",
        "p.toml");
    return plan ? "none" : plan.error();
  };
  EXPECT_EQ(error("broker-3"), "none");
  EXPECT_EQ(error("leader:my-topic-1"), "none");
  EXPECT_EQ(error("leader:__consumer_offsets-7"), "none");
  EXPECT_EQ(error("transaction_coordinator:anybody"), "none");
  EXPECT_EQ(error("host-99").substr(0, 55),
            "p.toml:3:39: there is no machine 'host-99' in this plan");
  EXPECT_EQ(error("leader:mytopic-1"),
            "p.toml:3:39: there is no partition 'mytopic-1' in this plan; did you mean "
            "'my-topic-0'?");
  EXPECT_EQ(error("follower:my-topic-2").substr(0, 62),
            "p.toml:3:39: there is no partition 'my-topic-2' in this plan; ");
  EXPECT_EQ(error("leder:my-topic-0"), "p.toml:3:40: there is no 'leder:'; did you mean 'leader'?");
  EXPECT_EQ(error("brokers"),
            "p.toml:3:40: 'brokers' is a set, which only scenarios draw from: a plan says which");
}

// ---- Input -------------------------------------------------------------------------------------

// Works in a folder of its own, as a user would.
class InputErrors : public ::testing::Test {
 protected:
  InputErrors() : before_(std::filesystem::current_path()) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    own_ = std::filesystem::temp_directory_path() / ("brokersim_" + std::string(test->name()));
    std::filesystem::remove_all(own_);
    std::filesystem::create_directories(own_ / "mine");
    std::filesystem::current_path(own_);
    for (int i = 1; i <= 10; ++i) {
      write(i, fmt::format("{{\"host\": {}, \"line\": 1}}\n{{\"line\": 2}}\n", i));
    }
  }
  ~InputErrors() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(own_);
  }
  void write(int host, const std::string& text) {
    std::ofstream(own_ / fmt::format("mine/host-{:02}.jsonl", host)) << text;
  }
  static Expected<Plan, std::string> upload(const std::string& input,
                                            std::vector<std::string> more = {}) {
    more.push_back("workload.input=" + input);
    return make_plan({.what = "file-upload", .settings = more, .folder = folder});
  }
  static std::string scenario_error(const std::string& input, std::vector<std::string> more = {}) {
    const auto plan = upload(input, std::move(more));
    return plan ? "none" : plan.error();
  }

  std::filesystem::path own_;
  std::filesystem::path before_;
};

TEST_F(InputErrors, a_users_own_files_are_found_from_where_the_user_is) {
  const auto plan = upload("mine");
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_EQ(plan->operations.size(), 10u);
  EXPECT_EQ(plan->operations[0].input.substr(0, 12), "./mine/host-");
  EXPECT_EQ(plan->operations[0].count, 2);
  EXPECT_TRUE(load_inputs(*plan, folder));
}

TEST_F(InputErrors, a_missing_folder_is_named_with_what_it_should_hold) {
  EXPECT_EQ(scenario_error("nowhere"),
            "./nowhere/host-01.jsonl: No such file or directory; workload.input, './nowhere', is a "
            "folder with one file for each producer: host-01.jsonl to host-10.jsonl");
}

TEST_F(InputErrors, a_missing_file_is_named) {
  std::filesystem::remove(own_ / "mine/host-07.jsonl");
  EXPECT_TRUE(
      scenario_error("mine").starts_with("./mine/host-07.jsonl: No such file or directory; "));
}

TEST_F(InputErrors, a_line_that_is_no_json_is_named_with_its_place_and_two_ways_out) {
  write(3, "{\"a\": 1}\n{\"a\": tru}\n");
  const auto error = scenario_error("mine");
  EXPECT_TRUE(error.starts_with("./mine/host-03.jsonl:2:10: this is no JSON (")) << error;
  EXPECT_TRUE(
      error.ends_with("but the reader parses every line: mend the line, or --set "
                      "consumers.parses=nothing"))
      << error;
  EXPECT_EQ(scenario_error("mine", {"consumers.parses=nothing"}), "none");
}

TEST_F(InputErrors, an_empty_line_is_no_json) {
  write(10, "{}\n\n{}\n");
  EXPECT_TRUE(scenario_error("mine").starts_with(
      "./mine/host-10.jsonl:2:1: this is no JSON (the line is empty)"));
}

}  // namespace
}  // namespace brokersim::scenarios
