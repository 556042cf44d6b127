// BS-D02: an acknowledgement means what its acks level says, at the instant it leaves the leader.
#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class Acknowledgement final : public Property {
 public:
  std::string_view id() const override { return "BS-D02"; }
  std::string_view name() const override { return "acknowledged too early"; }
  std::string_view explanation() const override {
    return "At the instant an acks=all answer leaves the leader, every in-sync replica holds the "
           "record, and at least min.insync.replicas do; at an acks=k answer, at least k replicas "
           "do. They need not have flushed it. Of a min.insync.replicas that was changed the least "
           "since the leader epoch began counts, since a leader hears of a change later. acks=1 "
           "and acks=0 promise nothing here.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<ProduceAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& answer = std::get<ProduceAnswered>(e.body);
    if (answer.error != 0 || answer.acks == 0 || answer.acks == 1) return;
    const Partition& partition = *judge.ledger().find(answer.partition);
    const ReplicaLog* log = partition.log_of(e.node);
    if (log == nullptr || !partition.is_current(e.node, answer.asked_at_ns)) return;
    const auto index = log->find(answer.batch.base_offset);
    if (!index) return;  // BS-D01 tells.
    const std::uint64_t prefix = log->entries()[*index].prefix;
    if (answer.acks == -1) check_in_sync(e, answer, partition, *index, prefix, judge);
    check_copies(e, answer, partition, *index, prefix, judge);
  }

 private:
  void check_in_sync(const Event& e, const ProduceAnswered& answer, const Partition& partition,
                     std::size_t index, std::uint64_t prefix, Judge& judge) {
    const auto& committed = partition.committed;
    if (index < committed.size() && committed[index].prefix == prefix) return;
    // Who was fenced may go on as long as nobody follows, with a log that nobody has compared yet.
    if (!partition.state.leader.is_set()) return;
    report(e, "before_all_in_sync",
           fmt::format("{} acknowledged {} of {} with acks=all, but the in-sync replicas {} have "
                       "never all held it.",
                       judge.ledger().name_of(e.node), text_of_offsets(answer.batch),
                       answer.partition, text_of_nodes(partition.state.isr)),
           partition, judge);
  }

  void check_copies(const Event& e, const ProduceAnswered& answer, const Partition& partition,
                    std::size_t index, std::uint64_t prefix, Judge& judge) {
    const auto replicas = static_cast<std::int32_t>(partition.state.replicas.size());
    const LeaderEpoch epoch = partition.log_of(e.node)->entries()[index].batch.leader_epoch;
    const std::int32_t needed = answer.acks == -1
                                    ? judge.ledger().least_min_insync(partition, epoch)
                                    : std::min(answer.acks, replicas);
    std::int32_t copies = 0;
    for (const Replica& replica : partition.replicas)
      if (replica.log.holds(index, prefix) || replica.log.has_lost(index, prefix)) ++copies;
    if (copies >= needed) return;
    report(e, "too_few_copies",
           fmt::format("{} acknowledged {} of {} with {} while {} of the {} copies it promises "
                       "existed.",
                       judge.ledger().name_of(e.node), text_of_offsets(answer.batch),
                       answer.partition, text_of_acks(answer.acks), copies, needed),
           partition, judge);
  }

  void report(const Event& e, std::string kind, std::string message, const Partition& partition,
              Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {partition.state.event, e.id},
                  {},
                  partition.name});
  }
};

}  // namespace

std::unique_ptr<Property> acknowledgement() { return std::make_unique<Acknowledgement>(); }

}  // namespace brokersim::properties
