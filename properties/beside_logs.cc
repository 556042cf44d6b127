// BS-R04: what a broker writes beside a log says what the log's batches say.
//
// The world compares both at the instant at which the one is written (sim/beside_log.h), and tells
// where they differ.
#include <fmt/format.h>

#include "properties/all.h"
#include "properties/failed_disks.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class BesideLogs final : public Property {
 public:
  std::string_view id() const override { return "BS-R04"; }
  std::string_view name() const override { return "file contradicts its log"; }
  std::string_view explanation() const override {
    return "What a broker writes beside a log says what its batches say then. In the checkpoint of "
           "leader epochs each batch lies in its own epoch, and no epoch begins behind the log's "
           "end (KIP-101). In a snapshot of producers each of them that is in it, and wrote in the "
           "log's last segment, has the epoch, the last sequence and its offset, and the open "
           "transaction that its batches give (KIP-98). Not judged is what lies before the first "
           "epoch, since it may have been deleted; who is missing, since it may have expired; a "
           "segment that was compacted; and a machine whose disk ever failed or was full.";
  }
  Needs needs() const override { return Need::disk; }
  Kinds listens_to() const override { return Kinds::of<FaultBegan, LogContradicted>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* fault = std::get_if<FaultBegan>(&e.body)) {
      failed_.note(*fault);
      return;
    }
    const auto& told = std::get<LogContradicted>(e.body);
    if (failed_.has(e.node)) return;
    const bool is_of_producers = told.file.ends_with(".snapshot");
    judge.report(
        {std::string(id()),
         is_of_producers ? "producers_differ" : "epochs_differ",
         fmt::format("{} writes {} beside {}, and the batches contradict it: {}.",
                     judge.ledger().name_of(e.node), told.file, told.partition, told.difference),
         {e.id, {}},
         {},
         told.partition});
  }

 private:
  FailedDisks failed_;
};

}  // namespace

std::unique_ptr<Property> beside_logs() { return std::make_unique<BesideLogs>(); }

}  // namespace brokersim::properties
