// The quorum-state file (KIP-595), in the JSON that Kafka writes.
#include "core/raft/quorum_state.h"

#include <limits>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/uuid_text.h"

namespace brokersim::raft {

std::string encode_quorum_state(const QuorumState& state, const VoterHistory& voters) {
  if (!voters.is_fixed()) {
    return fmt::format(R"({{"leaderId":{},"leaderEpoch":{},"votedId":{},)"
                       R"("votedDirectoryId":"{}","data_version":1}})",
                       state.leader_id, state.leader_epoch, state.voted_id,
                       uuid_text(state.voted_directory));
  }
  std::string current_voters;
  for (const NodeId voter : voters.latest().ids()) {
    if (!current_voters.empty()) current_voters += ',';
    current_voters += fmt::format(R"({{"voterId":{}}})", voter);
  }
  return fmt::format(R"({{"clusterId":"","leaderId":{},"leaderEpoch":{},"votedId":{},)"
                     R"("appliedOffset":0,"currentVoters":[{}],"data_version":0}})",
                     state.leader_id, state.leader_epoch, state.voted_id, current_voters);
}

namespace {

std::optional<std::int32_t> int32_in(const nlohmann::json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_number_integer()) return std::nullopt;
  // Beyond int64 the library keeps an unsigned number, whose conversion would wrap.
  if (field->is_number_unsigned() && field->get<std::uint64_t>() > 0x7fffffff) return std::nullopt;
  const auto value = field->get<std::int64_t>();
  if (value < -1 || value > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::int32_t>(value);
}

// Of version 0, which has none, nobody knows it.
std::optional<Uuid> voted_directory_in(const nlohmann::json& object) {
  const auto field = object.find("votedDirectoryId");
  if (field == object.end()) return no_uuid;
  if (!field->is_string()) return std::nullopt;
  return parse_uuid(field->get<std::string>());
}

}  // namespace

Expected<QuorumState, std::string_view> decode_quorum_state(std::string_view text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return Unexpected(std::string_view("not a JSON object"));
  const auto version = int32_in(object, "data_version");
  if (!version || *version < 0 || *version > 1) {
    return Unexpected(std::string_view("data_version is not 0 or 1"));
  }
  const auto leader_id = int32_in(object, "leaderId");
  const auto leader_epoch = int32_in(object, "leaderEpoch");
  const auto voted_id = int32_in(object, "votedId");
  if (!leader_id || !leader_epoch || !voted_id) {
    return Unexpected(std::string_view("leaderId, leaderEpoch or votedId is missing or no int32"));
  }
  if (*leader_epoch < 0) return Unexpected(std::string_view("leaderEpoch is negative"));
  const auto voted_directory = voted_directory_in(object);
  if (!voted_directory) return Unexpected(std::string_view("votedDirectoryId is no uuid"));
  return QuorumState{NodeId(*leader_id), LeaderEpoch(*leader_epoch), NodeId(*voted_id),
                     *voted_directory};
}

}  // namespace brokersim::raft
