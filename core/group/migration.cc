#include "core/group/migration.h"

#include <algorithm>
#include <utility>

#include "core/api/consumer_protocol.h"
#include "core/group/consumer_entries.h"
#include "core/group/embedded_protocol.h"

namespace brokersim::group {
namespace {

std::int32_t ms_of(Duration duration) { return static_cast<std::int32_t>(milliseconds(duration)); }

// ---- Up ----------------------------------------------------------------------------------------

struct Upgrading {
  const Member* member = nullptr;
  EmbeddedSubscription wants;
  PartitionSet has;
};
using AllUpgrading = std::map<std::string, Upgrading>;

// In the protocol of this generation, or if it joins the next one already, any: they all say it.
const Bytes& said_by(const Member& member, const Group& group) {
  static const Bytes nothing;
  if (const auto* chosen = member.metadata_for(group.protocol().value_or(""))) return *chosen;
  return member.protocols.empty() ? nothing : member.protocols.front().metadata;
}

// Who has not been answered since it came has nothing, and does not count: it comes again.
std::optional<AllUpgrading> members_of(const Group& group, const KnownTopics& topics) {
  AllUpgrading all;
  for (const auto& [id, member] : group.members()) {
    if (member.is_new) continue;
    const auto wants = read_subscription(said_by(member, group), topics);
    const auto assigned = read_assignment(member.assignment, topics);
    if (!wants || !assigned) return std::nullopt;
    all[id] = {&member, *wants, *assigned};
  }
  return all;
}

// What is assigned to nobody may still be with who said that it has it: in a cooperative group it
// is to give that up, and nobody knows whether it has (KIP-429). Of two the later one is believed.
void give_each_to_one(AllUpgrading& all) {
  PartitionSet taken;
  std::vector<Upgrading*> claimants;
  for (auto& [id, one] : all) {
    one.has = without(one.has, taken);
    add(taken, one.has);
    claimants.push_back(&one);
  }
  std::stable_sort(claimants.begin(), claimants.end(), [](const auto* a, const auto* b) {
    return a->wants.generation > b->wants.generation;
  });
  for (auto* one : claimants) {
    const auto kept = without(one->wants.owned, taken);
    add(one->has, kept);
    add(taken, kept);
  }
}

ConsumerGroupMemberMetadataValue metadata_of(const Upgrading& one) {
  const auto& member = *one.member;
  ConsumerGroupMemberMetadataValue metadata{
      .instance_id = member.instance_id,
      .rack_id = one.wants.rack,
      .client_id = member.client_id,
      .client_host = member.client_host,
      .subscribed_topic_names = one.wants.topics,
      .rebalance_timeout_ms = ms_of(member.rebalance_timeout)};
  ConsumerGroupMemberMetadataValue::ClassicMemberMetadata classic{
      .session_timeout_ms = ms_of(member.session_timeout)};
  for (const auto& protocol : member.protocols) {
    classic.supported_protocols.push_back({protocol.name, protocol.metadata});
  }
  metadata.classic_member_metadata = std::move(classic);
  return metadata;
}

// ---- Down --------------------------------------------------------------------------------------

Member classic_member_of(const std::string& id, const ConsumerGroupMemberMetadataValue& metadata) {
  Member member{.id = id,
                .instance_id = metadata.instance_id,
                .client_id = metadata.client_id,
                .client_host = metadata.client_host,
                .rebalance_timeout = Duration(1ms) * metadata.rebalance_timeout_ms};
  const auto& classic = *metadata.classic_member_metadata;
  member.session_timeout = Duration(1ms) * classic.session_timeout_ms;
  for (const auto& protocol : classic.supported_protocols) {
    member.protocols.push_back({protocol.name, protocol.metadata});
  }
  return member;
}

// Also what it has yet to give up: were the group to become one of consumers again, nobody else
// may be given that before.
PartitionSet all_that_it_has(const MemberAssignment& assignment) {
  auto has = assignment.assigned;
  add(has, assignment.pending_revocation);
  return has;
}

struct Downgrading {
  Members members;
  std::map<std::string, PartitionSet> has;

  void take(const std::string& id, const ConsumerMember& member) {
    members.add(classic_member_of(id, member.metadata));
    has[id] = all_that_it_has(member.assignment);
  }
};

bool are_compatible(const Members& members) {
  return !members.empty() && members.support_one_of(members.begin()->second.protocols);
}

std::optional<Downgrading> who_is_left(const ConsumerGroup& group,
                                       const std::set<std::string>& leaving,
                                       const std::optional<Successor>& successor) {
  Downgrading left;
  bool is_by_a_consumer = false;
  for (const auto& [id, member] : group.members()) {
    const bool leaves = leaving.contains(id);
    if (!leaves && !member.speaks_classic()) return std::nullopt;
    if (leaves) is_by_a_consumer |= !member.speaks_classic();
    if (!leaves) left.take(id, member);
  }
  if (successor) left.take(successor->id, successor->member);
  if (!is_by_a_consumer || !are_compatible(left.members)) return std::nullopt;
  return left;
}

}  // namespace

std::optional<std::vector<Entry>> upgraded(const Group& group, const KnownTopics& topics) {
  if (group.protocol_type() != api::consumer_protocol_type) return std::nullopt;
  auto members = members_of(group, topics);
  if (!members) return std::nullopt;
  give_each_to_one(*members);
  std::vector<Entry> entries{GroupMetadataEntry{{.group = group.id()}, std::nullopt}};
  if (members->empty()) return entries;
  const auto epoch = group.generation();
  for (const auto& [id, one] : *members) {
    entries.push_back(ConsumerGroupMemberMetadataEntry{{group.id(), id}, metadata_of(one)});
  }
  entries.push_back(ConsumerGroupMetadataEntry{{group.id()}, {{epoch}}});
  for (const auto& [id, one] : *members) {
    entries.push_back(target_entry_of(group.id(), id, one.has));
  }
  entries.push_back(ConsumerGroupTargetAssignmentMetadataEntry{{group.id()}, {{epoch}}});
  for (const auto& [id, one] : *members) {
    const MemberAssignment has{.epoch = epoch, .previous_epoch = epoch, .assigned = one.has};
    entries.push_back(entry_of(group.id(), id, has));
  }
  return entries;
}

// Nobody leads: whoever loads it knows that its assignment is yet to be made (Group::load).
std::optional<std::vector<Entry>> downgraded(const ConsumerGroup& group,
                                             const std::set<std::string>& leaving,
                                             const std::optional<Successor>& successor,
                                             const KnownTopics& topics, std::int64_t wall_ms) {
  const auto left = who_is_left(group, leaving, successor);
  if (!left) return std::nullopt;
  const auto protocol = left->members.vote();
  GroupMetadataValue value{.protocol_type = std::string(api::consumer_protocol_type),
                           .generation = group.epoch(),
                           .protocol = protocol,
                           .current_state_timestamp = wall_ms};
  for (const auto& [id, member] : left->members) {
    const auto& subscription = *member.metadata_for(protocol);
    const auto said = read_subscription(subscription, topics);
    auto assignment =
        write_assignment(left->has.at(id), said ? said->version : std::int16_t{0}, topics);
    value.members.push_back(persisted(member, subscription, std::move(assignment)));
  }
  auto entries = group.tombstones();
  entries.push_back(GroupMetadataEntry{{.group = group.id()}, std::move(value)});
  return entries;
}

}  // namespace brokersim::group
