// BS-G05: a member reads what it owns, and nothing else (invariants C2, G2; KIP-429).
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"

namespace brokersim::properties {

namespace {

class RevokedReads final : public Property {
 public:
  std::string_view id() const override { return "BS-G05"; }
  std::string_view name() const override { return "read without owning"; }
  std::string_view explanation() const override {
    return "A member of a group is handed records of a partition only while the partition is its "
           "own as far as it was told: not before it is assigned, and not after the call that "
           "tells of its revocation or loss has ended. Whoever has not been told yet that the "
           "group went on without it may read for a while, though not commit (BS-G02).";
  }
  Needs needs() const override { return Need::client; }
  bool judges_names() const override { return true; }  // Members own what is called so.
  Kinds listens_to() const override {
    return Kinds::of<NodeStarted, OwnershipChanged, RecordDelivered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* changed = std::get_if<OwnershipChanged>(&e.body)) {
      take(e, *changed);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      check(e, *delivered, judge);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      // A new process owns nothing.
      for (auto& [client, member] : members_) {
        if (member.node == e.node) member.owned.clear();
      }
    }
  }

 private:
  struct Member {
    NodeId node = no_node;
    std::set<TopicPartition> owned;
    std::map<TopicPartition, EventId> given_up;
  };

  void take(const Event& e, const OwnershipChanged& changed) {
    auto& member = members_[changed.client];
    member.node = e.node;
    for (const auto& partition : changed.partitions) {
      if (changed.how == "assigned") {
        member.owned.insert(partition);
      } else {
        member.owned.erase(partition);
        member.given_up[partition] = e.id;
      }
    }
  }

  void check(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const auto found = members_.find(delivered.client);
    if (found == members_.end()) return;
    const auto& member = found->second;
    if (member.owned.contains(delivered.partition)) return;
    const auto gone = member.given_up.find(delivered.partition);
    const auto when = gone == member.given_up.end() ? EventId{} : gone->second;
    judge.report({.id = std::string(id()),
                  .kind = "not_owned",
                  .message = fmt::format("{} was handed offset {} of {}, which it did not own.",
                                         delivered.client, delivered.offset, delivered.partition),
                  .facts = {when, e.id},
                  .at = {},
                  .partition = delivered.partition});
  }

  std::map<std::string, Member> members_;  // By client.
};

}  // namespace

std::unique_ptr<Property> revoked_reads() { return std::make_unique<RevokedReads>(); }

}  // namespace brokersim::properties
