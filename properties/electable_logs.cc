// BS-R05: who may be elected keeps what was shown to be committed.
//
// A clean election may choose any of those in sync, and of those that are eligible besides, at any
// time: so each has it at any time, not only who happens to be chosen. Judged is each cut that a
// node makes of its log. Not judged is a partition where a record may be missing without anybody's
// fault, for good:
//
//   power loss has taken something from one of its logs   who leads without it may tell its
//                                                         followers before it is seen to lead
//   an unclean election, or a leader without all of it    what it lacks the others give up, too
//   the disk of a replica has failed or was full          its log is not what it takes it for
//
// nor a log that goes as a whole: it is begun anew where its leader's begins, or set aside.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/failed_disks.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class ElectableLogs final : public Property {
 public:
  std::string_view id() const override { return "BS-R05"; }
  std::string_view name() const override { return "committed record given up"; }
  std::string_view explanation() const override {
    return "Who may be elected cleanly, being in sync or eligible (KIP-966), does not cut from its "
           "log what a high watermark or an answer to acks=all has shown to be committed, be it "
           "that it never comes to lead. Not judged is a partition once power loss has taken "
           "something from one of its logs, a leader was elected uncleanly or began without part "
           "of it, or the disk of a replica failed or was full; nor a log that goes as a whole. "
           "Who leads without something is judged besides (BS-D01, BS-O01).";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<FaultBegan, LogCut>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fault = std::get_if<FaultBegan>(&e.body)) {
      failed_.note(*fault);
      return;
    }
    const auto& cut = std::get<LogCut>(e.body);
    if (cut.by_power_loss) {
      struck_.insert(cut.partition);
    } else if (cut.end_offset > 0) {
      on_cut(e, *judge.ledger().find(cut.partition), judge);
    }
  }

 private:
  void on_cut(const Event& e, const Partition& partition, Judge& judge) {
    const bool is_judged = partition.state.is_electable(e.node) && !is_excused(partition);
    if (!is_judged || partition.last_cut.empty()) return;
    const LogEntry& first = partition.last_cut.front();
    const auto at = partition.last_cut_at;
    const bool was_committed =
        at < partition.committed.size() && partition.committed[at].prefix == first.prefix;
    if (!was_committed || first.batch.last_offset >= partition.shown_end) return;
    judge.report(
        {std::string(id()),
         "cut_what_was_shown",
         fmt::format("{} cut {} from its log of {}, which had been shown to be committed, though "
                     "it may be elected: in sync are {}.",
                     judge.ledger().name_of(e.node), text_of_offsets(first.batch), partition.name,
                     text_of_nodes(partition.state.isr)),
         {std::min(partition.shown_by, e.id), e.id},
         {},
         partition.name});
  }

  bool is_excused(const Partition& partition) const {
    const auto& replicas = partition.state.replicas;
    return !partition.rebases.empty() || !partition.unclean_elections.empty() ||
           struck_.contains(partition.name) ||
           std::any_of(replicas.begin(), replicas.end(),
                       [this](NodeId node) { return failed_.has(node); });
  }

  FailedDisks failed_;
  std::set<TopicPartition> struck_;  // By a loss of power.
};

}  // namespace

std::unique_ptr<Property> electable_logs() { return std::make_unique<ElectableLogs>(); }

}  // namespace brokersim::properties
