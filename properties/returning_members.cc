// BS-G08: a static member that changes its protocol is not kept out by what it was (invariant G6;
// KIP-848, KAFKA-17228).
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

constexpr std::int32_t unreleased_instance_id = 111;

class ReturningMembers final : public Property {
 public:
  std::string_view id() const override { return "BS-G08"; }
  std::string_view name() const override { return "a member kept out by itself"; }
  std::string_view explanation() const override {
    return "A static member that speaks the classic protocol takes no leave when it stops, so that "
           "it finds its place again. If it comes back by the protocol of consumer groups "
           "(KIP-848) it is not told that its instance is still in use: whoever has its place is "
           "what it was itself. Of an instance that has spoken that protocol since, or whose last "
           "request was lost with a broker or with its own process, or refused, it is not known "
           "who has its place.";
  }
  Needs needs() const override { return Need::wire; }
  Kinds listens_to() const override {
    return Kinds::of<OwnershipChanged, SyncGroupAnswered, ConsumerGroupHeartbeatAnswered,
                     NodeStopped>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* owned = std::get_if<OwnershipChanged>(&e.body)) {
      node_of_[owned->client] = e.node;
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      if (synced->error == 0) classic_[{synced->group, synced->member}] = {synced->peer, e.id};
    } else if (const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      look(e, *beat, judge);
    } else if (judge.ledger().node(e.node).is_fenced.has_value()) {  // A broker.
      classic_.clear();
    } else {
      std::erase_if(classic_, [&](const auto& one) { return may_be_on(e.node, one.second.peer); });
    }
  }

 private:
  struct Told {
    std::string peer;
    EventId event;
  };

  // Who has never said what it owns may be anywhere.
  bool may_be_on(NodeId node, const std::string& client) const {
    const auto known = node_of_.find(client);
    return known == node_of_.end() || known->second == node;
  }

  void look(const Event& e, const ConsumerGroupHeartbeatAnswered& beat, Judge& judge) {
    const auto known = classic_.find({beat.group, beat.member});
    if (known == classic_.end()) return;
    if (beat.error == unreleased_instance_id) {
      judge.report({.id = std::string(id()),
                    .kind = "kept_out",
                    .message = fmt::format("{} was a classic member of {}, and was told that its "
                                           "instance is in use when it came back as a consumer.",
                                           beat.member, beat.group),
                    .facts = {known->second.event, e.id},
                    .at = {},
                    .partition = {}});
    }
    classic_.erase(known);
  }

  // By group and instance: when it was last told its part by the classic protocol.
  std::map<std::pair<std::string, std::string>, Told> classic_;
  std::map<std::string, NodeId> node_of_;  // By client.
};

}  // namespace

std::unique_ptr<Property> returning_members() { return std::make_unique<ReturningMembers>(); }

}  // namespace brokersim::properties
