#include "core/raft/voter_set.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/quorum_records.h"
#include "core/base/uuid_text.h"

namespace brokersim::raft {

std::string text_of(const ReplicaKey& key) {
  if (key.directory == no_uuid) return fmt::format("{}", key.id);
  return fmt::format("{} ({})", key.id, uuid_text(key.directory));
}

std::string text_of(const VoterSet& voters) {
  std::string text = "{";
  for (const auto& [id, voter] : voters.all()) {
    if (text.size() > 1) text += ", ";
    text += text_of(voter.key);
  }
  return text + "}";
}

const Endpoint* Voter::quorum_endpoint() const {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(), [](const Endpoint& each) {
    return each.listener == quorum_listener;
  });
  return found == endpoints.end() ? nullptr : &*found;
}

VoterSet::VoterSet(std::vector<Voter> voters) {
  for (auto& voter : voters) {
    const NodeId id = voter.key.id;
    voters_.emplace(id, std::move(voter));
  }
}

VoterSet VoterSet::of_ids(const std::vector<NodeId>& ids) {
  VoterSet set;
  for (const NodeId id : ids) set.voters_.emplace(id, Voter{{id, no_uuid}, {}, {}});
  return set;
}

std::vector<NodeId> VoterSet::ids() const {
  std::vector<NodeId> ids;
  for (const auto& [id, voter] : voters_) ids.push_back(id);
  return ids;
}

const Voter* VoterSet::find(NodeId id) const {
  const auto found = voters_.find(id);
  return found == voters_.end() ? nullptr : &found->second;
}

bool VoterSet::contains(const ReplicaKey& replica) const {
  const auto* voter = find(replica.id);
  return voter != nullptr && voter->key.matches(replica);
}

std::optional<VoterSet> VoterSet::with(const Voter& voter) const {
  VoterSet changed = *this;
  const bool is_new = changed.voters_.emplace(voter.key.id, voter).second;
  return is_new ? std::optional(std::move(changed)) : std::nullopt;
}

std::optional<VoterSet> VoterSet::without(const ReplicaKey& replica) const {
  const auto* voter = find(replica.id);
  if (voter == nullptr || voter->key != replica || size() == 1) return std::nullopt;
  VoterSet changed = *this;
  changed.voters_.erase(replica.id);
  return changed;
}

std::optional<VoterSet> VoterSet::with_update(const Voter& voter) const {
  if (!contains(voter.key)) return std::nullopt;
  VoterSet changed = *this;
  changed.voters_.insert_or_assign(voter.key.id, voter);
  return changed;
}

// ---- Records -----------------------------------------------------------------------------------

Bytes encode_voters(const VoterSet& voters) {
  api::VotersRecord record;
  for (const auto& [id, voter] : voters.all()) {
    auto& out = record.voters.emplace_back();
    out.voter_id = id;
    out.voter_directory_id = voter.key.directory;
    for (const auto& [listener, host, port] : voter.endpoints) {
      out.endpoints.push_back({listener, host, port});
    }
    out.kraft_version_feature = {voter.versions.min, voter.versions.max};
  }
  return wire::encode(record, 0);
}

Expected<VoterSet, std::string_view> decode_voters(ByteView value) {
  TRY(const auto record, wire::decode<api::VotersRecord>(value, 0));
  std::vector<Voter> voters;
  for (const auto& each : record.voters) {
    Voter voter{{each.voter_id, each.voter_directory_id}, {}, {}};
    for (const auto& [name, host, port] : each.endpoints) {
      voter.endpoints.push_back({name, host, port});
    }
    voter.versions = {each.kraft_version_feature.min_supported_version,
                      each.kraft_version_feature.max_supported_version};
    voters.push_back(std::move(voter));
  }
  VoterSet set(std::move(voters));
  if (set.empty()) return Unexpected(std::string_view("a Voters record names no voter"));
  return set;
}

Bytes encode_kraft_version(std::int16_t version) {
  return wire::encode(api::KRaftVersionRecord{.kraft_version = version}, 0);
}

}  // namespace brokersim::raft
