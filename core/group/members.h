// The members of a group: who belongs, who has only been given an id yet (KIP-394), which instance
// goes by which id (KIP-345), who leads, and which protocols all of them can speak.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/error_code.h"
#include "core/api/join_group.h"
#include "core/base/time.h"
#include "core/group/output.h"
#include "core/group/records.h"

namespace brokersim::group {

using Protocols = std::vector<api::JoinGroupRequest::JoinGroupRequestProtocol>;

struct Member {
  std::string id;
  std::optional<std::string> instance_id;  // Of a static member.
  std::string client_id;
  std::string client_host;
  Duration rebalance_timeout{};
  Duration session_timeout{};
  Protocols protocols;  // In the order of preference.
  Bytes assignment;     // Of the last generation that was stable.

  bool is_new = false;     // It has not been answered since it was added: it does not know its id.
  bool must_sync = false;  // Its SyncGroup of this generation has not come yet.
  std::optional<RequestId> parked_join;  // Waits for the generation to begin.
  std::optional<RequestId> parked_sync;  // Waits for the assignment.
  Instant session_ends = never;          // Never while we make it wait.

  const Bytes* metadata_for(std::string_view protocol) const;
};

// As the log has it.
GroupMetadataValue::MemberMetadata persisted(const Member& member, Bytes subscription,
                                             Bytes assignment);

class Members {
 public:
  using Map = std::map<std::string, Member>;

  bool empty() const { return members_.empty(); }
  std::size_t size() const { return members_.size(); }
  Map::iterator begin() { return members_.begin(); }
  Map::iterator end() { return members_.end(); }
  Map::const_iterator begin() const { return members_.begin(); }
  Map::const_iterator end() const { return members_.end(); }

  Member* find(const std::string& id);
  const Member* find(const std::string& id) const;
  bool has(const std::string& id) const { return members_.contains(id); }
  const std::string* id_of_instance(const std::string& instance) const;

  // UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if the instance goes by another id now.
  api::ErrorCode validate(const std::string& id, const std::optional<std::string>& instance) const;

  // The first becomes the leader. Requires an id that is not taken.
  Member& add(Member member);
  // A leader is succeeded by any other. Requires a member without parked requests.
  void remove(const std::string& id);
  // The same member by another id, leader if it was. Requires one without parked requests.
  Member& rename(const std::string& id, const std::string& new_id);

  // Empty while there are no members, or nobody has led them yet.
  const std::string& leader() const { return leader_; }
  void set_leader(std::string id) { leader_ = std::move(id); }
  // A leader that has not rejoined is succeeded by one that has; false if nobody has.
  bool elect_joined_leader();

  std::size_t joined() const;  // How many wait for the generation to begin.
  bool all_synced() const;
  Duration rebalance_timeout() const;  // The longest of any.

  // Whether they can all speak one of `protocols`.
  bool support_one_of(const Protocols& protocols) const;
  // The protocol that most prefer among those that all speak. Requires members.
  std::string vote() const;

 private:
  std::vector<std::string> common_protocols() const;

  Map members_;
  std::map<std::string, std::string> instances_;  // To member ids.
  std::string leader_;
};

}  // namespace brokersim::group
