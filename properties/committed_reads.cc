// BS-C01: consumers are shown committed records only.
#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class CommittedReads final : public Property {
 public:
  std::string_view id() const override { return "BS-C01"; }
  std::string_view name() const override { return "uncommitted record shown"; }
  std::string_view explanation() const override {
    return "A Fetch answer to a consumer holds no batch at or beyond the high watermark of that "
           "same answer, and none that the in-sync replicas have never all held. A record that a "
           "consumer saw can therefore not vanish in a clean election.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<FetchAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& answer = std::get<FetchAnswered>(e.body);
    if (answer.error != 0 || answer.replica.is_set() || answer.batches.empty()) return;
    const Partition& partition = *judge.ledger().find(answer.partition);
    const BatchRef& last = answer.batches.back();
    if (last.last_offset >= answer.high_watermark) {
      report({e.id, {}}, "beyond_high_watermark", partition,
             fmt::format("{} showed {} {} of {}, beyond the high watermark {} of the same answer.",
                         judge.ledger().name_of(e.node), answer.peer, text_of_offsets(last),
                         answer.partition, answer.high_watermark),
             judge);
    }
    if (partition.state.event.value == 0) return;
    if (!partition.is_current(e.node, answer.asked_at_ns)) return;
    if (last.last_offset < partition.committed_end()) return;
    report({partition.state.event, e.id}, "not_on_all_in_sync", partition,
           fmt::format("{} showed {} {} of {}, but the in-sync replicas {} have never all held "
                       "more than up to offset {}.",
                       judge.ledger().name_of(e.node), answer.peer, text_of_offsets(last),
                       answer.partition, text_of_nodes(partition.state.isr),
                       partition.committed_end()),
           judge);
  }

 private:
  void report(std::array<EventId, 2> facts, std::string kind, const Partition& partition,
              std::string message, Judge& judge) {
    judge.report(
        {std::string(id()), std::move(kind), std::move(message), facts, {}, partition.name});
  }
};

}  // namespace

std::unique_ptr<Property> committed_reads() { return std::make_unique<CommittedReads>(); }

}  // namespace brokersim::properties
