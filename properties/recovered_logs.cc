// BS-R03: a start keeps what the disk has kept.
//
//   the process is killed    the page cache survives, and so does all of the log
//   power is lost            what was synced by then survives
//
// What the start found is read from the disk; that a broker says of a log that it has opened it
// (LogRecovered) only tells when to look. A loss of power is judged by what was synced before it:
// files that come back from different times may not form one log beyond that.
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/failed_disks.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class RecoveredLogs final : public Property {
 public:
  std::string_view id() const override { return "BS-R03"; }
  std::string_view name() const override { return "log lost at a start"; }
  std::string_view explanation() const override {
    return "A broker or controller that starts goes on with all that its logs held when its "
           "process ended, be it in order or not, and after a loss of power with all that it had "
           "synced: of a log it cuts a torn or corrupt end, and nothing before it. A log that "
           "begins anew at or behind that end, as its leader's does, has lost nothing. Not judged "
           "is a machine whose disk ever failed or was full, a log that is set aside as a whole "
           "(BS-D01 judges what is missing then), and after a loss of power one that was "
           "compacted, where it may end earlier than what was synced.";
  }
  Needs needs() const override { return Need::disk; }
  Kinds listens_to() const override { return Kinds::of<FaultBegan, NodeStopped, LogRecovered>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fault = std::get_if<FaultBegan>(&e.body)) {
      failed_.note(*fault);
    } else if (const auto* stopped = std::get_if<NodeStopped>(&e.body)) {
      on_stopped(e, stopped->how == NodeStopped::How::power_loss, judge.ledger());
    } else {
      on_recovered(e, std::get<LogRecovered>(e.body), judge);
    }
  }

 private:
  struct Held {
    Offset end = 0;
    bool lost_power = false;
    EventId stopped;
  };

  void on_stopped(const Event& e, bool lost_power, const Ledger& ledger) {
    if (failed_.has(e.node)) return;
    for (const Partition& partition : ledger.partitions()) {
      const ReplicaLog* log = partition.log_of(e.node);
      if (log == nullptr || partition.is_removed) continue;
      const bool is_kept = !lost_power || partition.compactions.empty();
      const Offset kept =
          lost_power ? std::min(log->synced_end(), log->end_offset()) : log->end_offset();
      const Held held{is_kept ? kept : 0, lost_power, e.id};
      const auto [at, is_new] = held_.try_emplace({e.node, partition.name}, held);
      // The life before has not come to open it.
      if (!is_new && held.end <= at->second.end) at->second = held;
    }
  }

  void on_recovered(const Event& e, const LogRecovered& recovered, Judge& judge) {
    const auto found = held_.extract(std::pair(e.node, recovered.partition));
    const Partition* partition = judge.ledger().find(recovered.partition);
    if (found.empty() || partition == nullptr || failed_.has(e.node)) return;
    const ReplicaLog* log = partition->log_of(e.node);
    if (log == nullptr) return;
    const Held& held = found.mapped();
    const Offset end = std::max(log->end_offset(), log->start_offset());
    const bool was_set_aside = end == 0 && partition->name != metadata_partition();
    if (end >= held.end || was_set_aside) return;
    const auto who = judge.ledger().name_of(e.node);
    judge.report({std::string(id()),
                  held.lost_power ? "synced_records_cut" : "records_cut",
                  held.lost_power
                      ? fmt::format("{} starts with {} up to offset {}, though it had synced all "
                                    "before offset {} when power was lost.",
                                    who, partition->name, end, held.end)
                      : fmt::format("{} starts with {} up to offset {}, though it held all before "
                                    "offset {} when its process ended.",
                                    who, partition->name, end, held.end),
                  {held.stopped, e.id},
                  {},
                  partition->name});
  }

  FailedDisks failed_;
  std::map<std::pair<NodeId, TopicPartition>, Held> held_;  // By logs not opened since.
};

}  // namespace

std::unique_ptr<Property> recovered_logs() { return std::make_unique<RecoveredLogs>(); }

}  // namespace brokersim::properties
