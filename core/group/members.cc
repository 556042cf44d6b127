#include "core/group/members.h"

#include <algorithm>
#include <utility>

namespace brokersim::group {

using api::ErrorCode;

namespace {

bool speaks(const Protocols& protocols, std::string_view name) {
  return std::any_of(protocols.begin(), protocols.end(),
                     [&](const auto& protocol) { return protocol.name == name; });
}

}  // namespace

const Bytes* Member::metadata_for(std::string_view protocol) const {
  for (const auto& one : protocols) {
    if (one.name == protocol) return &one.metadata;
  }
  return nullptr;
}

GroupMetadataValue::MemberMetadata persisted(const Member& member, Bytes subscription,
                                             Bytes assignment) {
  const auto ms = [](Duration time) { return static_cast<std::int32_t>(milliseconds(time)); };
  return {.member_id = member.id,
          .group_instance_id = member.instance_id,
          .client_id = member.client_id,
          .client_host = member.client_host,
          .rebalance_timeout = ms(member.rebalance_timeout),
          .session_timeout = ms(member.session_timeout),
          .subscription = std::move(subscription),
          .assignment = std::move(assignment)};
}

Member* Members::find(const std::string& id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const Member* Members::find(const std::string& id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const std::string* Members::id_of_instance(const std::string& instance) const {
  const auto found = instances_.find(instance);
  return found == instances_.end() ? nullptr : &found->second;
}

ErrorCode Members::validate(const std::string& id,
                            const std::optional<std::string>& instance) const {
  if (instance) {
    const auto* known = id_of_instance(*instance);
    if (!known) return ErrorCode::unknown_member_id;
    if (*known != id) return ErrorCode::fenced_instance_id;
  }
  return has(id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

Member& Members::add(Member member) {
  REQUIRE(!has(member.id), member.id);
  if (members_.empty()) leader_ = member.id;
  if (member.instance_id) instances_[*member.instance_id] = member.id;
  const auto id = member.id;
  return members_.emplace(id, std::move(member)).first->second;
}

void Members::remove(const std::string& id) {
  const auto found = members_.find(id);
  REQUIRE(found != members_.end(), id);
  ASSERT(!found->second.parked_join, id);
  ASSERT(!found->second.parked_sync, id);
  if (found->second.instance_id) instances_.erase(*found->second.instance_id);
  members_.erase(found);
  if (leader_ == id) leader_ = members_.empty() ? std::string() : members_.begin()->first;
}

Member& Members::rename(const std::string& id, const std::string& new_id) {
  const auto found = members_.find(id);
  REQUIRE(found != members_.end(), id);
  Member member = found->second;
  const bool was_leader = leader_ == id;
  remove(id);
  member.id = new_id;
  auto& renamed = add(std::move(member));
  if (was_leader) leader_ = new_id;
  return renamed;
}

bool Members::elect_joined_leader() {
  const auto* leader = find(leader_);
  if (leader && leader->parked_join) return true;
  for (const auto& [id, member] : members_) {
    if (!member.parked_join) continue;
    leader_ = id;
    return true;
  }
  return false;
}

std::size_t Members::joined() const {
  return static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), [](auto& one) {
    return one.second.parked_join.has_value();
  }));
}

bool Members::all_synced() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const auto& one) { return one.second.must_sync; });
}

Duration Members::rebalance_timeout() const {
  Duration longest{};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

// ---- Protocols ---------------------------------------------------------------------------------

bool Members::support_one_of(const Protocols& protocols) const {
  return std::any_of(protocols.begin(), protocols.end(), [&](const auto& protocol) {
    return std::all_of(members_.begin(), members_.end(), [&](const auto& one) {
      return speaks(one.second.protocols, protocol.name);
    });
  });
}

std::vector<std::string> Members::common_protocols() const {
  std::vector<std::string> common;
  for (const auto& protocol : members_.begin()->second.protocols) {
    if (support_one_of({protocol})) common.push_back(protocol.name);
  }
  return common;
}

std::string Members::vote() const {
  REQUIRE(!empty());
  const auto common = common_protocols();
  ASSERT(!common.empty());
  std::map<std::string, int> votes;
  for (const auto& [id, member] : members_) {
    const auto choice =
        std::find_if(member.protocols.begin(), member.protocols.end(), [&](const auto& protocol) {
          return std::find(common.begin(), common.end(), protocol.name) != common.end();
        });
    ++votes[choice->name];
  }
  const auto winner = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return winner->first;
}

}  // namespace brokersim::group
