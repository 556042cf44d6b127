// Who has a vote in the quorum, and where voters are reached (KIP-853).
//
// Of two sets that differ in one voter, each majority of the one shares a voter with each majority
// of the other. That is why a set changes by one voter at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/raft/replica_key.h"

namespace brokersim::raft {

// Which kraft.version this build can do. From 1 on the voters are kept in the log, and can be
// changed; before they are configured, and known by their ids alone.
inline constexpr std::string_view kraft_version_feature = "kraft.version";
struct KRaftVersions {
  std::int16_t min = 0;
  std::int16_t max = 1;
  bool include(std::int16_t version) const { return min <= version && version <= max; }
  friend bool operator==(const KRaftVersions&, const KRaftVersions&) = default;
};
inline constexpr std::int16_t reconfigurable = 1;

// The listener on which members of the quorum talk to each other.
inline constexpr std::string_view quorum_listener = "CONTROLLER";

struct Endpoint {
  std::string listener;
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct Voter {
  ReplicaKey key;
  std::vector<Endpoint> endpoints;
  KRaftVersions versions;

  const Endpoint* quorum_endpoint() const;  // Null if it has none.
  friend bool operator==(const Voter&, const Voter&) = default;
};

class VoterSet {
 public:
  VoterSet() = default;
  explicit VoterSet(std::vector<Voter> voters);
  // Of voters that are known by their ids alone, and not where they are.
  static VoterSet of_ids(const std::vector<NodeId>& ids);

  bool empty() const { return voters_.empty(); }
  std::size_t size() const { return voters_.size(); }
  const std::map<NodeId, Voter>& all() const { return voters_; }
  std::vector<NodeId> ids() const;
  const Voter* find(NodeId id) const;  // Null if it is no voter.
  bool contains(NodeId id) const { return voters_.contains(id); }
  bool contains(const ReplicaKey& replica) const;

  // The set with one voter more, less, or described anew. Nothing where the id has a voter already;
  // where this replica is none, or the only one; where it is none.
  std::optional<VoterSet> with(const Voter& voter) const;
  std::optional<VoterSet> without(const ReplicaKey& replica) const;
  std::optional<VoterSet> with_update(const Voter& voter) const;

  friend bool operator==(const VoterSet&, const VoterSet&) = default;

 private:
  std::map<NodeId, Voter> voters_;
};

// "{1, 2 (AAECAwQFBgcICQoLDA0O_w)}"
std::string text_of(const VoterSet& voters);

// The value of a Voters control record.
inline constexpr std::int16_t kraft_version_record_type = 5;
inline constexpr std::int16_t voters_record_type = 6;
Bytes encode_voters(const VoterSet& voters);
// The error says what is wrong; a set without voters is none.
Expected<VoterSet, std::string_view> decode_voters(ByteView value);
// The value of a KRaftVersion control record.
Bytes encode_kraft_version(std::int16_t version);

}  // namespace brokersim::raft
