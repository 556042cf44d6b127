// BS-K01: compaction takes only what a later record stands for (KIP-534).
//
// What it takes no longer counts as missing, in no log and to no consumer: so each time is judged.
#include <algorithm>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class Compaction final : public Property {
 public:
  std::string_view id() const override { return "BS-K01"; }
  std::string_view name() const override { return "compacted away"; }
  std::string_view explanation() const override {
    return "Compaction removes a record only where a later one of the same key is committed in "
           "the same log, where its transaction was aborted, or where it is a tombstone or a "
           "marker whose written time has come and of which nothing that it deletes or ends is "
           "left. What is left is what was there: records, offsets, ends of batches, producers, "
           "epochs. It reaches no further than what is committed. When it happens, and whether "
           "on all replicas at once, is not promised.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<LogCompacted>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& compacted = std::get<LogCompacted>(e.body);
    const Partition* partition = judge.ledger().find(compacted.partition);
    if (partition == nullptr) return;
    if (!compacted.wrong.empty()) {
      report(e, "not_the_rest", *partition,
             fmt::format("{} compacted {} from offset {} to {}, but {}.",
                         judge.ledger().name_of(e.node), partition->name, compacted.start_offset,
                         compacted.end_offset, compacted.wrong),
             judge);
    }
    const Offset committed = partition->committed_end();
    if (!partition->is_current(e.node) || compacted.removed.empty()) return;
    if (compacted.removed.back() >= committed || compacted.decided_by >= committed) {
      report(e, "for_what_is_uncommitted", *partition,
             fmt::format("{} compacted {} for the sake of the record at offset {}, but committed "
                         "is only what lies before offset {}.",
                         judge.ledger().name_of(e.node), partition->name,
                         std::max(compacted.decided_by, compacted.removed.back()), committed),
             judge);
    }
  }

 private:
  void report(const Event& e, std::string kind, const Partition& partition, std::string message,
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

std::unique_ptr<Property> compaction() { return std::make_unique<Compaction>(); }

}  // namespace brokersim::properties
