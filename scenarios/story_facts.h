// What a story tells of a run: each event that is worth a line, as a line.
//
//     9.14s  c1        fences b1: b1 sent no heartbeat
//    10.02s  b2 ► p1   Produce orders-0: NOT_LEADER_OR_FOLLOWER
//
// Subjects choose what is told. A story names the ones it is about; the rest happens in silence.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "core/base/time.h"

namespace brokersim::scenarios {

enum class Subject : std::uint8_t {
  machines,    // Starts, stops, pauses.
  brokers,     // Who is registered, fenced, unfenced.
  elections,   // Leaders of partitions, as the controller decides.
  isr,         // In-sync replicas, as the controller commits them.
  roles,       // Brokers take up leading and following.
  appends,     // Batches on disks.
  cuts,        // Suffixes of logs that go: truncated, torn, lost with the power.
  syncs,       // What has become durable.
  watermarks,  // High watermarks, leaders' and followers'.
  requests,    // What clients ask for, by API; not what they fetch.
  answers,     // Brokers' answers to Produce.
  fetches,     // Brokers' answers to Fetch that carry records or errors.
  sends,       // How a producer's records ended.
  reads,       // What consumers are handed, and resets of their positions.
  quorum,      // Roles in the controllers' quorum.
  votes,       // Votes there.
  snapshots,   // Of the controllers' metadata: taken, fetched, loaded.
  notes,       // What else brokers say.
};
using Subjects = std::set<Subject>;

struct SubjectName {
  std::string_view name;
  Subject subject;
  std::string_view meaning;
};
std::span<const SubjectName> all_subjects();
std::optional<Subject> find_subject(std::string_view name);

// What is told unless a story says otherwise.
Subjects usual_subjects();

struct Fact {
  Subject subject{};
  Instant at;
  std::string who;
  std::string peer;   // Who is told, if anybody.
  std::string arrow;  // Between the two.
  std::string what;
  std::optional<TopicPartition> partition;
};

// The text of the record that an operation sent.
using ValueOf = std::function<std::string(std::int64_t op)>;
// The name of a machine.
using NameOf = std::function<std::string(NodeId)>;

// Nothing, if nobody would want to read of it.
std::optional<Fact> fact_of(const Event& event, const NameOf& name_of, const ValueOf& value_of);
// One line, with its newline. The time is that since `zero`.
std::string line_of(const Fact& fact, Instant zero);

}  // namespace brokersim::scenarios
