// A scenario: a family of runs, written as TOML. Like a plan, but values may be ranges ("2s..20s")
// or choices (["a", "b"]), with a workload and a mix of faults to draw from.
//
//   const auto scenario = load_scenario("leader-failover", folder);
//   if (scenario) run(draw_plan(*scenario, 7));
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/expected.h"
#include "core/base/processing_guarantee.h"
#include "core/base/time.h"
#include "scenarios/document.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// One of several values, or one of a range, its ends included. A list of one is a fixed value.
template <class T>
struct Choice {
  std::vector<T> values;
  bool is_range = false;  // Then `values` are the two ends.
  Choice() = default;
  Choice(T value) : values{std::move(value)} {}
  static Choice range(T low, T high) {
    Choice choice(std::move(low));
    choice.values.push_back(std::move(high));
    choice.is_range = true;
    return choice;
  }
  friend bool operator==(const Choice&, const Choice&) = default;
};

struct TopicFamily {
  std::string name;
  Choice<std::int64_t> partitions{1};
  Choice<std::int64_t> replication_factor{3};
  std::map<std::string, Choice<std::string>> configs;
};

// A number of producers alike, each its own machine: host-01, host-02 … for the name "host".
struct ProducerFamily {
  std::string name = "producer";
  Choice<std::int64_t> count{1};
  Choice<std::string> acks{"all"};
  Choice<Duration> linger{Duration{}};
  Choice<std::int64_t> batch_size{16384};
  Choice<std::int64_t> max_in_flight{5};
  bool enable_idempotence = false;
  Choice<std::string> partitioner{"round_robin"};
  Choice<Duration> delivery_timeout{120s};
  Choice<Duration> request_timeout{30s};
  Choice<std::string> compression{"none"};
  bool is_transactional = false;  // Each goes by its name (transactional.id).
  Choice<Duration> transaction_timeout{60s};
  Choice<std::int64_t> transaction_protocol{2};
  Choice<std::int64_t> first_sequence{0};
};

struct ConsumerFamily {
  std::string name = "reader";
  std::string topic;  // Empty: the workload's.
  Choice<std::int64_t> count{1};
  Choice<Duration> at{Duration{}};
  Parses parses = Parses::nothing;
  Choice<std::string> rack{""};  // client.rack
  client::IsolationLevel isolation_level = client::IsolationLevel::read_uncommitted;
  // Drawn once for a group, or for each that is in none.
  Choice<client::OffsetReset> auto_offset_reset{client::OffsetReset::earliest};
  // Members of a group, if it is named: what a plan says of each (plan.h).
  std::string group;
  bool is_static = false;  // Each goes by its name (group.instance.id).
  // Each drawn once for a group: the protocol is classic, or consumer, where the coordinator
  // assigns by the server's assignor.
  Choice<std::string> protocol{"classic"};
  Choice<std::string> assignor{"range"};
  Choice<std::string> server_assignor{"uniform"};
  Choice<Duration> session_timeout{45s};
  Choice<Duration> max_poll_interval{Duration{}};  // As a plan's, drawn once for a group.
  Choice<std::string> commit{"auto"};              // Or "manual".
};

// Stream tasks alike, a group: what a plan says of each (plan.h).
struct TaskFamily {
  std::string name = "task";
  std::string group = "pipeline";
  std::string input;  // Empty: the workload's topic.
  std::string output;
  Choice<std::int64_t> count{1};
  // Drawn once for a group.
  Choice<ProcessingGuarantee> guarantee{ProcessingGuarantee::exactly_once};
  std::string transactional_id;  // Of all of them; empty: each goes by its name.
  Choice<Duration> at{Duration{}};
  Choice<Duration> commit_interval{100ms};
  Choice<std::int64_t> max_poll_records{500};
  Choice<Duration> transaction_timeout{10s};
  Choice<std::int64_t> transaction_protocol{2};
  Choice<Duration> delivery_timeout{120s};
  Choice<Duration> request_timeout{30s};
  // Each drawn once for a group, as of consumers.
  Choice<client::GroupProtocol> protocol{client::GroupProtocol::classic};
  Choice<std::string> assignor{"range"};
  Choice<Duration> session_timeout{45s};
  Choice<Duration> max_poll_interval{Duration{}};  // As a plan's, drawn once for a group.
};

// Members that leave their group and come back: each time one of them is drawn.
struct ChurnFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each leaves within.
  Choice<Duration> away{5s};
};

// Members and tasks that take long over what they were handed, or members that pause some of their
// partitions: each time one of them is drawn, in runs of seed 1 and beyond.
struct ReadingFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each begins within.
  Choice<Duration> lasting{5s};         // And is over by the quiet time.
};

// A group whose members begin anew with another protocol, one after the other (KIP-848).
struct MigrationFamily {
  std::string group;
  Choice<std::string> to{"consumer"};  // Or "classic".
  Choice<Duration> at{Duration{}};     // The first one leaves.
  Choice<Duration> every{3s};          // Then the next.
  Choice<Duration> away{500ms};
};

// Each producer sends to the topic, `chunk` records per operation.
struct WorkloadFamily {
  std::string topic;
  // A folder with <producer>.jsonl; empty: made-up records. Relative to the folder of scenarios,
  // or, if it begins with a dot or comes from --set, to where the command is run.
  std::string input;
  Choice<std::int64_t> records{0};  // Per producer. 0: its whole file.
  Choice<std::int64_t> chunk{10};
  Choice<std::int64_t> keys{0};    // Each operation has one of so many keys; 0: none.
  Choice<std::int64_t> aborts{0};  // So many of 100 transactions are given up in the end.
  Choice<Duration> begin{2s};
  Choice<Duration> every{25ms};               // From one record to the next.
  std::optional<Choice<Duration>> within;     // All of a producer's records; replaces `every`.
  std::map<std::string, std::int64_t> lines;  // Of each producer's file, found when loading.
};

// Preferred leader elections that an operator asks for.
struct ElectionFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is asked for within.
};

// Partitions that an operator moves to other brokers, each time as many.
struct ReassignmentFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is asked for within.
  // Bytes a second of all replication out of sync, from the first of them on (KIP-73); 0: no bound.
  Choice<std::int64_t> throttle{0};
};

// Topics that an operator deletes and makes again by the same name, each time one of them.
struct TopicChangeFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is deleted within.
  Choice<Duration> away{1s};            // Then it is made again.
  std::vector<std::string> topics;      // Empty: any.
};

// Records that an operator deletes (KIP-107), each time of one partition. Only topics that do not
// merely compact are drawn from: of others none can be deleted.
struct RecordDeletionFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is asked for within.
  Choice<std::int64_t> percent{100};    // So much goes of what is there and committed.
  std::vector<std::string> topics;      // Empty: any.
};

// Topics that an operator adds partitions to, each time to one of them.
struct PartitionGrowthFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is asked for within.
  Choice<std::int64_t> by{1};           // So many partitions.
  std::vector<std::string> topics;      // Empty: any.
};

// Topics that an operator configures anew, each time one of them, in runs of seed 1 and beyond:
// seed 0 has the configurations that the scenario names.
struct ConfigChangeFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};                 // A range: each is asked for within.
  std::map<std::string, Choice<std::string>> configs;  // Each time all of them.
  std::vector<std::string> topics;                     // Empty: any.
};

// Features of the cluster whose levels an operator changes, each time one of them, in runs of seed
// 1 and beyond.
struct FeatureUpdateFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};                 // A range: each is asked for within.
  std::map<std::string, Choice<std::int64_t>> levels;  // Of each: to which it goes.
};

// Brokers that an operator takes for down for good, though they will be back: each time one of
// those that a fault takes down, in runs of seed 1 and beyond.
struct UnregistrationFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> after{3s};  // Has it been down for so long. Who is back by then stays.
};

// Controllers that an operator gives a vote in the quorum, or takes it from (KIP-853): each time
// one is drawn. Three voters are left if there were three.
struct VoterFamily {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each is asked for within.
};

// What faults wait for: what a plan says of each (plan.h).
struct WhenFamily {
  Choice<std::string> transaction{""};
  Choice<std::string> group{""};
  Choice<std::string> becomes{""};
  Choice<std::int64_t> nth{1};
  Choice<Duration> after{Duration{}};
};

// What a fault strikes, and how. A target is a machine's name, what a plan may say
// ("leader:my-topic-0", "controller"), or a set to draw from: "brokers", "controllers", "clients",
// "members", "tasks", "leaders" and "followers" of any partition, "rack-1" with all nodes in it.
struct FaultFamily {
  std::string kind;
  std::optional<WhenFamily> when;
  std::vector<std::string> targets{"brokers"};
  std::optional<Choice<std::int64_t>> target_count;  // So many are drawn.
  std::vector<std::string> peers;                    // Empty: all other machines.
  std::optional<Choice<std::int64_t>> peer_count;
  std::map<std::string, Choice<Fault::Parameter>> parameters;
};

// One kind of the mix: where no count is said, one target and one peer are drawn.
struct FaultChoice : FaultFamily {
  std::int64_t weight = 1;
  std::optional<Choice<Duration>> lasting;  // Unset: the mix's.
};

// A fault of every run, that of seed 0 included: where no count is said, all targets are struck.
struct FixedFault : FaultFamily {
  Choice<Duration> at{Duration{}};
  Choice<Duration> lasting{Duration{}};
  Choice<std::int64_t> times{1};
  bool in_turn = false;         // Each time the targets one after the other, not together.
  Choice<Duration> every{10s};  // From one time, and one target of a turn, to the next.
};

struct FaultMix {
  Choice<std::int64_t> count{0};
  Choice<Duration> window{Duration{}};  // A range: each begins within.
  Choice<Duration> lasting{1s};
  std::vector<FaultChoice> kinds;
};

struct Scenario {
  std::string name;
  std::string about;  // One line.
  std::vector<std::string> bugs;
  Choice<std::int64_t> brokers{3};
  Choice<std::int64_t> controllers{3};
  Choice<std::int64_t> voters{0};  // So many controllers vote at first; 0: all.
  Choice<std::int64_t> racks{0};
  Choice<std::int64_t> last_producer_epoch{last_epoch_of_producers};
  std::map<std::string, Choice<std::string>> settings;
  std::map<std::string, Choice<std::int64_t>> features;
  std::vector<TopicFamily> topics;
  std::vector<ProducerFamily> producers;
  std::vector<ConsumerFamily> consumers;
  std::vector<TaskFamily> tasks;
  std::optional<WorkloadFamily> workload;
  ElectionFamily elections;
  ReassignmentFamily reassignments;
  TopicChangeFamily topic_changes;
  RecordDeletionFamily record_deletions;
  PartitionGrowthFamily partition_growth;
  ConfigChangeFamily config_changes;
  FeatureUpdateFamily feature_updates;
  UnregistrationFamily unregistrations;
  VoterFamily voter_changes;
  ChurnFamily churn;
  ReadingFamily processing;
  ReadingFamily pauses;
  std::vector<MigrationFamily> migrations;
  std::vector<FixedFault> faults;
  FaultMix mix;
  // What the scenario is about, by names of scenarios/tally.h: a campaign that never reached them
  // has not tried it.
  std::vector<std::string> reaches;
  Choice<Duration> quiet_at{30s};
  Duration converge_within = 60s;
};

// `name` is one of the catalogue's, `<folder>/catalogue/<name>.toml`, or a path that ends in .toml.
// Errors name file, line, column and the nearest valid word.
Expected<Scenario, std::string> load_scenario(const std::string& name, const std::string& folder,
                                              const std::vector<Override>& overrides = {});
// Reads no other file: `workload.lines` stays empty.
Expected<Scenario, std::string> parse_scenario(std::string_view text, const std::string& file,
                                               const std::vector<Override>& overrides = {});
// A member of a family: "host-03". Its file, relative to the folder of scenarios.
std::string member_name(const std::string& family, std::int64_t number);
std::string input_of(const WorkloadFamily& workload, const std::string& producer);

// The names in the catalogue, sorted.
std::vector<std::string> catalogue(const std::string& folder);
// What to say of a folder without any.
std::string no_catalogue_in(const std::string& folder);

}  // namespace brokersim::scenarios
