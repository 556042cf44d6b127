// BS-R01: what is deleted at the beginning of a log was committed (KAFKA-5634).
#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/text.h"

namespace brokersim::properties {

namespace {

class LogStarts final : public Property {
 public:
  std::string_view id() const override { return "BS-R01"; }
  std::string_view name() const override { return "deleted too early"; }
  std::string_view explanation() const override {
    return "A replica's log of a topic never begins behind what is committed. Whether retention or "
           "DeleteRecords allowed a deletion is not judged, nor whether the logs of two replicas "
           "begin at one offset: each deletes by its own clock, and follows its leader.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<LogBegun>(); }

  void observe(const Event& e, Judge& judge) override {
    const auto& begun = std::get<LogBegun>(e.body);
    const Partition* partition = judge.ledger().find(begun.partition);
    if (partition == nullptr || begun.partition == metadata_partition()) return;
    if (partition->state.event.value == 0 || !partition->is_current(e.node)) return;
    if (begun.start_offset <= partition->committed_end()) return;
    judge.report(
        {std::string(id()),
         "uncommitted_deleted",
         fmt::format("{} lets its log of {} begin at offset {}, but committed is only what "
                     "lies before offset {}.",
                     judge.ledger().name_of(e.node), partition->name, begun.start_offset,
                     partition->committed_end()),
         {partition->state.event, e.id},
         {},
         partition->name});
  }
};

}  // namespace

std::unique_ptr<Property> log_starts() { return std::make_unique<LogStarts>(); }

}  // namespace brokersim::properties
