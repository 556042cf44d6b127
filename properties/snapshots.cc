// BS-S01: a snapshot of the metadata is what its log says, and a log that does not go back to the
// beginning goes back to a snapshot (invariant C8; KIP-630, KAFKA-14238, KAFKA-14618, KAFKA-17713).
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

class Snapshots final : public Property {
 public:
  std::string_view id() const override { return "BS-S01"; }
  std::string_view name() const override { return "snapshot is not the log"; }
  std::string_view explanation() const override {
    return "The content of each metadata snapshot, on whichever node's disk, is what replaying the "
           "committed log up to the snapshot's end gives; it ends between two batches, below what "
           "is committed, and its epoch is that of the record before its end. A metadata log whose "
           "beginning was deleted goes back at least to the end of a snapshot on the same disk, so "
           "that nothing is lost between the two.";
  }
  Needs needs() const override { return Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<SnapshotStored, SnapshotRemoved, LogBegun, BatchStored>();
  }

  void observe(const Event& e, Judge& judge) override {
    Copy& copy = copies_[e.node];
    if (const auto* batch = std::get_if<BatchStored>(&e.body)) {
      if (batch->partition == metadata_partition()) copy.stored[batch->batch.last_offset] = e.id;
    } else if (const auto* stored = std::get_if<SnapshotStored>(&e.body)) {
      copy.ends.insert(stored->end_offset);
      copy.changed = e.id;
      check_content(e, copy, *stored, judge);
    } else if (const auto* removed = std::get_if<SnapshotRemoved>(&e.body)) {
      copy.ends.erase(removed->end_offset);
      check_start(e, copy, judge);
    } else if (const auto& begun = std::get<LogBegun>(e.body);
               begun.partition == metadata_partition()) {
      copy.start = begun.start_offset;
      check_start(e, copy, judge);
    }
  }

 private:
  struct Copy {
    Offset start = 0;                  // Of the log.
    std::set<Offset> ends;             // Of the snapshots.
    EventId changed;                   // The latest snapshot's.
    std::map<Offset, EventId> stored;  // Batches, by their last offset.

    // The latest batch that ended before `offset`.
    EventId stored_before(Offset offset) const {
      const auto behind = stored.lower_bound(offset);
      return behind == stored.begin() ? EventId{} : std::prev(behind)->second;
    }
  };

  void check_content(const Event& e, const Copy& copy, const SnapshotStored& stored, Judge& judge) {
    if (stored.difference.empty()) return;
    report(e, "content_differs", copy.stored_before(stored.end_offset),
           fmt::format("{} has a snapshot of the metadata before offset {}, epoch {}, but {}.",
                       judge.ledger().name_of(e.node), stored.end_offset, stored.epoch,
                       stored.difference),
           judge);
  }

  void check_start(const Event& e, const Copy& copy, Judge& judge) {
    if (copy.start == 0 || copy.ends.lower_bound(copy.start) != copy.ends.end()) return;
    const bool had_snapshot = copy.changed.value != 0;
    report(e, "log_without_snapshot", had_snapshot ? copy.changed : copy.stored_before(copy.start),
           fmt::format("The metadata log of {} begins at offset {}, but {}.",
                       judge.ledger().name_of(e.node), copy.start,
                       copy.ends.empty()
                           ? std::string("there is no snapshot")
                           : fmt::format("its latest snapshot ends at {}", *copy.ends.rbegin())),
           judge);
  }

  void report(const Event& e, std::string kind, EventId other, std::string message, Judge& judge) {
    judge.report({std::string(id()),
                  std::move(kind),
                  std::move(message),
                  {other, e.id},
                  {},
                  metadata_partition()});
  }

  std::map<NodeId, Copy> copies_;
};

}  // namespace

std::unique_ptr<Property> snapshots() { return std::make_unique<Snapshots>(); }

}  // namespace brokersim::properties
