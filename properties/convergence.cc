// BS-V01: once the faults are over, everything converges within a bound.
#include "properties/convergence.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

// Followers may be this far behind the leader without being stuck.
constexpr Duration replication_slack = 10s;

bool lags(const Partition& partition, const Replica& replica, Instant now) {
  const ReplicaLog* leaders = partition.log_of(partition.state.leader);
  if (leaders == nullptr) return !replica.log.entries().empty();
  const auto& entries = leaders->entries();
  if (replica.log.entries().size() > entries.size()) return true;
  const std::size_t size = replica.log.entries().size();
  if (size > 0 && !leaders->holds(size - 1, replica.log.entries().back().prefix)) return true;
  return size < entries.size() && entries[size].at + replication_slack < now;
}

// What lies before is the same in both.
Offset first_difference(const std::vector<LogEntry>& one, const std::vector<LogEntry>& other) {
  const auto at =
      std::mismatch(one.begin(), one.end(), other.begin(), other.end(),
                    [](const LogEntry& a, const LogEntry& b) { return a.prefix == b.prefix; })
          .first;
  return at == one.begin() ? 0 : std::prev(at)->batch.last_offset + 1;
}

std::string text_of_difference(const Ledger& ledger, const Partition& partition,
                               const Replica& replica) {
  static const std::vector<LogEntry> nothing;
  const ReplicaLog* leaders = partition.log_of(partition.state.leader);
  return fmt::format(
      "{} ends at offset {} of {}, its leader {} at {}: they differ from offset {} on",
      ledger.name_of(replica.node), replica.log.end_offset(), partition.name,
      ledger.name_of(partition.state.leader), leaders == nullptr ? 0 : leaders->end_offset(),
      first_difference(replica.log.entries(), leaders == nullptr ? nothing : leaders->entries()));
}

// What the leader has for long, and nobody has been told that it is committed.
bool lags_in_showing(const Ledger& ledger, const Partition& partition, Instant now) {
  const PartitionState& state = partition.state;
  const ReplicaLog* log = partition.log_of(state.leader);
  const bool has_somebody_to_show = state.isr.size() > 1;
  const bool may_commit =
      static_cast<std::int32_t>(state.isr.size()) >= ledger.min_insync(partition);
  if (log == nullptr || !has_somebody_to_show || !may_commit) return false;
  const auto unshown = first_reaching(log->entries(), partition.shown_end);
  return unshown != log->entries().end() && unshown->at + replication_slack < now;
}

std::optional<Unfinished> unfinished(const Ledger& ledger, const Partition& partition,
                                     Instant now) {
  const PartitionState& state = partition.state;
  if (!state.leader.is_set() || !ledger.node(state.leader).is_running)
    return Unfinished{"no_leader", fmt::format("{} has no running leader", partition.name)};
  std::vector<NodeId> out;
  for (const NodeId node : state.replicas)
    if (ledger.node(node).is_running && !state.has_in_sync(node)) out.push_back(node);
  if (!out.empty())
    return Unfinished{"isr_not_full", fmt::format("the running replicas {} of {} are not in sync",
                                                  text_of_nodes(out), partition.name)};
  for (const Replica& replica : partition.replicas)
    if (replica.node != state.leader && ledger.node(replica.node).is_running &&
        state.has_in_sync(replica.node) && lags(partition, replica, now))
      return Unfinished{"logs_differ", text_of_difference(ledger, partition, replica)};
  if (lags_in_showing(ledger, partition, now))
    return Unfinished{"not_committed",
                      fmt::format("no high watermark of {} beyond offset {} was shown, and its "
                                  "leader {} has it up to {}",
                                  partition.name, partition.shown_end, ledger.name_of(state.leader),
                                  partition.log_of(state.leader)->end_offset())};
  return std::nullopt;
}

class Convergence final : public Property {
 public:
  explicit Convergence(Duration bound) : bound_(bound) {}

  std::string_view id() const override { return "BS-V01"; }
  std::string_view name() const override { return "does not converge"; }
  std::string_view explanation() const override {
    return "When all faults are over, then within a bound (60 s unless told otherwise) every "
           "partition has a leader that runs, every running replica is in sync, and the in-sync "
           "replicas hold the same log, which has been shown to be committed; clients have sent, "
           "read and shared among them all that they had to: groups within the time that their "
           "sessions may need, if that is longer. Nothing is promised while faults go on, and a "
           "run that ends before the bound is not judged.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<FaultsLifted>(); }

  void observe(const Event& e, Judge&) override { lifted_ = e.id; }

  void finish(Judge& judge) override {
    const auto since = judge.ledger().faults_lifted();
    if (!since || judge.now() < *since + bound_) return;
    for (const Partition& partition : judge.ledger().partitions()) {
      if (partition.state.event.value == 0) continue;
      const auto wrong = unfinished(judge.ledger(), partition, judge.now());
      if (!wrong) continue;
      const std::int64_t ms = milliseconds(judge.now() - *since);
      judge.report({std::string(id()),
                    wrong->kind,
                    fmt::format("{} ms after the last fault, {}.", ms, wrong->what),
                    {lifted_, partition.state.event},
                    {},
                    partition.name});
    }
  }

 private:
  Duration bound_;
  EventId lifted_;
};

}  // namespace

std::optional<Unfinished> first_unfinished(const Ledger& ledger, Instant now) {
  for (const Partition& partition : ledger.partitions()) {
    if (partition.state.event.value == 0) continue;
    if (auto wrong = unfinished(ledger, partition, now)) return wrong;
  }
  return std::nullopt;
}

std::unique_ptr<Property> convergence(Duration bound) {
  return std::make_unique<Convergence>(bound);
}

}  // namespace brokersim::properties
