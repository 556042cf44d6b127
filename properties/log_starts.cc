// BS-R01: what is deleted at the beginning of a log was committed (KAFKA-5634), and it stays
// deleted: the log of a leader never begins earlier than it did.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

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
    return "A replica's log of a topic never begins behind what is committed, and what it has "
           "deleted does not come back: towards one follower it never begins earlier than it did, "
           "over restarts and losses of power. Only a log that was begun anew may, when power is "
           "lost, be the one before again. Whether retention or DeleteRecords allowed a deletion "
           "is not judged, nor whether the logs of two replicas begin at one offset: each deletes "
           "by its own clock, and follows its leader. After an unclean election logs may begin "
           "anywhere.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<LogBegun, FetchAnswered, LogCut, NodeStopped, PartitionCommitted>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      check_committed(e, *begun, judge);
    } else if (const auto* answer = std::get_if<FetchAnswered>(&e.body)) {
      const bool tells = answer->error == 0 && answer->log_start_offset >= 0;
      if (tells && answer->replica.is_set()) check_told(e, *answer, judge);
    } else if (const auto* cut = std::get_if<LogCut>(&e.body)) {
      if (cut->end_offset == 0 && !cut->by_power_loss) begun_anew_.insert({cut->partition, e.node});
    } else if (const auto* stopped = std::get_if<NodeStopped>(&e.body)) {
      if (stopped->how == NodeStopped::How::power_loss) forget_begun_anew(e.node);
    } else {
      forget_others_than(std::get<PartitionCommitted>(e.body));
    }
  }

 private:
  using Copy = std::pair<TopicPartition, NodeId>;
  struct Told {
    Offset start = 0;
    Offset fetch_offset = 0;  // The latest: answers to earlier fetches may come late.
    EventId event;
  };

  void check_committed(const Event& e, const LogBegun& begun, Judge& judge) {
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

  void check_told(const Event& e, const FetchAnswered& answer, Judge& judge) {
    if (answer.partition == metadata_partition()) return;  // That begins at a snapshot (BS-S01).
    Told& told = told_[answer.partition][e.node][answer.replica];
    const bool is_later = told.event.value != 0 && answer.fetch_offset > told.fetch_offset;
    if (is_later && answer.log_start_offset < told.start) went_back(e, answer, told, judge);
    if (answer.log_start_offset >= told.start) told.event = e.id;
    told.start = std::max(told.start, answer.log_start_offset);
    told.fetch_offset = std::max(told.fetch_offset, answer.fetch_offset);
  }

  void went_back(const Event& e, const FetchAnswered& answer, const Told& told, Judge& judge) {
    const Partition& partition = *judge.ledger().find(answer.partition);
    if (!partition.unclean_elections.empty() || !partition.rebases.empty()) return;
    judge.report({std::string(id()),
                  "start_went_back",
                  fmt::format("{} told {} that its log of {} begins at offset {}, after offset {}.",
                              judge.ledger().name_of(e.node), answer.peer, answer.partition,
                              answer.log_start_offset, told.start),
                  {told.event, e.id},
                  {},
                  answer.partition});
  }

  // Its files and its checkpoint may be those from before.
  void forget_begun_anew(NodeId node) {
    for (const Copy& copy : begun_anew_)
      if (copy.second == node) told_[copy.first].erase(node);
    std::erase_if(begun_anew_, [node](const Copy& copy) { return copy.second == node; });
  }

  // Whose replica was moved away may get another one.
  void forget_others_than(const PartitionCommitted& state) {
    const auto found = told_.find(state.partition);
    if (found == told_.end()) return;
    std::erase_if(found->second, [&replicas = state.replicas](const auto& told) {
      return std::find(replicas.begin(), replicas.end(), told.first) == replicas.end();
    });
  }

  // By whose log it is, and who was told.
  std::map<TopicPartition, std::map<NodeId, std::map<NodeId, Told>>> told_;
  std::set<Copy> begun_anew_;  // Since power was lost last.
};

}  // namespace

std::unique_ptr<Property> log_starts() { return std::make_unique<LogStarts>(); }

}  // namespace brokersim::properties
