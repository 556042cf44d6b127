// BS-P02: what one producer sends to a partition lies there in the order of its sends.
//
// Sends and what became of them are the client's to tell. Neighbours are compared: what was sent
// right before an acknowledged record, of those that are, lies before it, and what was sent right
// behind, behind.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/shown_logs.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class SendOrder final : public Property {
 public:
  explicit SendOrder(std::set<std::string> producers) : producers_(std::move(producers)) {}

  std::string_view id() const override { return "BS-P02"; }
  std::string_view name() const override { return "sends out of order"; }
  std::string_view explanation() const override {
    return "Of the records that one producer sent to one partition with acks=all, those that were "
           "acknowledged lie there in the order in which they were handed to the producer. "
           "Promised by producers that are idempotent, within one of their epochs, and by those "
           "that have one request under way at a time; not by others, which send again while "
           "later records are under way. Order across partitions is not promised, nor between the "
           "sends of several producers, nor of a record that was acknowledged where the "
           "partition was cut since, nor of transactions once loss of power has excused that "
           "coordinators forget.";
  }
  Needs needs() const override { return Need::client | Need::disk | Need::metadata; }
  Kinds listens_to() const override { return Kinds::of<SendInvoked, SendEnded, ProduceAnswered>(); }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* invoked = std::get_if<SendInvoked>(&e.body)) {
      if (producers_.contains(invoked->client)) under_way_[{invoked->client, invoked->op}] = e.id;
      return;
    }
    if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
      if (producers_.contains(answer->peer)) answered_.take(e, *answer, judge.ledger());
      return;
    }
    const auto& ended = std::get<SendEnded>(e.body);
    const auto invoked = under_way_.extract({ended.client, ended.op});
    const bool counts = ended.outcome == Outcome::ok && ended.acks == -1 && ended.offset >= 0;
    const Partition* partition = judge.ledger().find(ended.partition);
    if (invoked.empty() || !counts || partition == nullptr) return;
    auto& sends = sent_[{ended.client, ended.partition}];
    const auto answered = answered_.of(ended.client, ended.partition, ended.offset);
    const Place place{ended.op, ended.offset, e.id, answered};
    const auto at = sends.try_emplace(invoked.mapped(), place).first;
    if (at != sends.begin()) check(*std::prev(at), *at, ended, *partition, judge);
    if (std::next(at) != sends.end()) check(*at, *std::next(at), ended, *partition, judge);
  }

 private:
  struct Place {
    std::int64_t op = 0;
    Offset offset = 0;
    EventId told;
    EventId answered;  // By a broker, if what it said is of what is there.
  };
  using Sends = std::map<EventId, Place>;  // By the event of its sending.

  void check(const Sends::value_type& earlier, const Sends::value_type& later,
             const SendEnded& ended, const Partition& partition, Judge& judge) {
    if (earlier.second.offset < later.second.offset) return;
    if (was_lost(earlier.second, partition) || was_lost(later.second, partition)) return;
    const auto* at_earlier = committed_at(earlier.second.offset, partition);
    const auto* at_later = committed_at(later.second.offset, partition);
    if (epoch_of(at_earlier) != epoch_of(at_later)) return;
    // A coordinator that has forgotten its epochs gives them again, and what is new is taken for
    // what was sent in them before.
    const bool is_transactional =
        at_later != nullptr && at_later->batch.role == BatchRole::transactional;
    if (is_transactional && has_lost_decisions(judge.ledger())) return;
    judge.report({std::string(id()),
                  "out_of_order",
                  fmt::format("{} sent op{} to {} before op{}, but they lie at offset {} and at "
                              "offset {}.",
                              ended.client, earlier.second.op, partition.name, later.second.op,
                              earlier.second.offset, later.second.offset),
                  {std::min(earlier.second.told, later.second.told),
                   std::max(earlier.second.told, later.second.told)},
                  {},
                  partition.name});
  }

  // Perhaps: something else may lie at its offset now.
  static bool was_lost(const Place& place, const Partition& partition) {
    return std::any_of(partition.rebases.begin(), partition.rebases.end(), [&](const auto& rebase) {
      return rebase.offset <= place.offset && rebase.event > place.answered;
    });
  }

  static const LogEntry* committed_at(Offset offset, const Partition& partition) {
    const auto at = first_reaching(partition.committed, offset);
    return at == partition.committed.end() ? nullptr : &*at;
  }
  // Of the producer.
  static std::int16_t epoch_of(const LogEntry* entry) {
    return entry == nullptr ? std::int16_t{-1} : entry->batch.producer_epoch;
  }

  const std::set<std::string> producers_;
  std::map<std::pair<std::string, std::int64_t>, EventId> under_way_;  // By client and operation.
  std::map<std::pair<std::string, TopicPartition>, Sends> sent_;
  ShownLogs answered_;
};

}  // namespace

std::unique_ptr<Property> send_order(std::set<std::string> ordered_producers) {
  return std::make_unique<SendOrder>(std::move(ordered_producers));
}

}  // namespace brokersim::properties
