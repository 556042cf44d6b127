#include "core/fetch/sessions.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace brokersim::fetch {

using api::ErrorCode;
using PartitionData = api::FetchResponse::PartitionData;

std::size_t Sessions::partitions() const {
  std::size_t sum = 0;
  for (const auto& [id, session] : sessions_) sum += session.order.size();
  return sum;
}

// ---- Requests ----------------------------------------------------------------------------------

Expected<Sessions::Begun, ErrorCode> Sessions::begin(Instant now, const api::FetchRequest& request,
                                                     std::int16_t version, bool is_of_follower) {
  Begun begun{.epoch = request.session_epoch,
              .has_ids = version >= first_version_with_ids,
              .is_of_follower = is_of_follower};
  if (request.session_epoch == initial_epoch || request.session_epoch == final_epoch) {
    sessions_.erase(request.session_id);
    begun.kind =
        request.session_epoch == initial_epoch ? Begun::Kind::full : Begun::Kind::sessionless;
    begun.topics = request.topics;
    return begun;
  }
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) return Unexpected(ErrorCode::fetch_session_id_not_found);
  Session& session = found->second;
  if (session.epoch != request.session_epoch) {
    return Unexpected(ErrorCode::invalid_fetch_session_epoch);
  }
  if (session.has_ids != begun.has_ids) {
    return Unexpected(ErrorCode::fetch_session_topic_id_error);
  }
  update(session, request);
  if (session.order.empty()) {
    sessions_.erase(found);
    return begun;
  }
  session.epoch = epoch_after(session.epoch);
  session.used_at = now;
  begun.kind = Begun::Kind::incremental;
  begun.id = request.session_id;
  begun.topics = topics_of(session);
  return begun;
}

void Sessions::update(Session& session, const api::FetchRequest& request) {
  for (const auto& topic : request.topics) {
    Name name{topic.topic, topic.topic_id};
    for (const auto& asked : topic.partitions) {
      name.partition = asked.partition;
      const auto known = session.by_name.find(name);
      if (known != session.by_name.end()) {
        Partition& partition = *known->second;
        // A follower of another epoch has ignored what was told to the one before it.
        if (partition.asked.current_leader_epoch != asked.current_leader_epoch) {
          partition.told_high_watermark = -1;
          partition.told_log_start = -1;
        }
        partition.asked = asked;
      } else {
        session.by_name[name] = session.order.insert(session.order.end(), {name, asked});
      }
    }
  }
  for (const auto& topic : request.forgotten_topics_data) {
    for (const auto partition : topic.partitions) {
      const auto known = session.by_name.find({topic.topic, topic.topic_id, partition});
      if (known == session.by_name.end()) continue;
      session.order.erase(known->second);
      session.by_name.erase(known);
    }
  }
}

std::vector<api::FetchRequest::FetchTopic> Sessions::topics_of(const Session& session) {
  std::vector<api::FetchRequest::FetchTopic> topics;
  for (const Partition& partition : session.order) {
    const Name& name = partition.name;
    if (topics.empty() || topics.back().topic != name.topic ||
        topics.back().topic_id != name.topic_id) {
      topics.push_back({.topic = name.topic, .topic_id = name.topic_id});
    }
    topics.back().partitions.push_back(partition.asked);
  }
  return topics;
}

// ---- Responses ---------------------------------------------------------------------------------

void Sessions::finish(Instant now, const Begun& begun, std::uint64_t draw,
                      api::FetchResponse& response) {
  if (begun.kind == Begun::Kind::full) return remember(now, begun, draw, response);
  if (begun.kind == Begun::Kind::sessionless) return;
  const auto found = sessions_.find(begun.id);
  if (found == sessions_.end() || found->second.epoch != epoch_after(begun.epoch)) {
    // While this one waited, another request used the session.
    response.responses.clear();
    response.error_code = ErrorCode::invalid_fetch_session_epoch;
    return;
  }
  response.session_id = begun.id;
  leave_out_what_was_told(found->second, response);
}

void Sessions::leave_out_what_was_told(Session& session, api::FetchResponse& response) {
  for (auto& topic : response.responses) {
    Name name{topic.topic, topic.topic_id};
    std::erase_if(topic.partitions, [&](const PartitionData& data) {
      name.partition = data.partition_index;
      const auto found = session.by_name.find(name);
      if (found == session.by_name.end()) return true;
      const bool has_records = data.records && !data.records->bytes.empty();
      if (has_records) session.order.splice(session.order.end(), session.order, found->second);
      return !has_news(*found->second, data) && !has_records;
    });
  }
  std::erase_if(response.responses, [](const auto& topic) { return topic.partitions.empty(); });
}

bool Sessions::has_news(Partition& partition, const PartitionData& data) {
  // With an error or a divergence a follower takes neither: both are told again afterwards.
  const bool is_taken = data.error_code == ErrorCode::none && data.diverging_epoch.end_offset < 0;
  const Offset high_watermark = is_taken ? data.high_watermark : -1;
  const Offset log_start = is_taken ? data.log_start_offset : -1;
  const bool has_moved =
      partition.told_high_watermark != high_watermark || partition.told_log_start != log_start;
  partition.told_high_watermark = high_watermark;
  partition.told_log_start = log_start;
  return has_moved || !is_taken || data.preferred_read_replica.is_set();
}

void Sessions::remember(Instant now, const Begun& begun, std::uint64_t draw,
                        api::FetchResponse& response) {
  Session session{.epoch = epoch_after(initial_epoch),
                  .has_ids = begun.has_ids,
                  .is_of_follower = begun.is_of_follower,
                  .made_at = now,
                  .used_at = now};
  for (std::size_t i = 0; i < begun.topics.size(); ++i) {
    const auto& topic = begun.topics[i];
    for (std::size_t j = 0; j < topic.partitions.size(); ++j) {
      const auto& asked = topic.partitions[j];
      const Name name{topic.topic, topic.topic_id, asked.partition};
      if (session.by_name.contains(name)) continue;
      const auto at = session.order.insert(session.order.end(), {name, asked});
      session.by_name[name] = at;
      has_news(*at, response.responses[i].partitions[j]);
    }
  }
  if (session.order.empty()) return;
  if (!make_room(now, begun.is_of_follower, session.order.size())) return;
  constexpr std::uint64_t ids = std::numeric_limits<std::int32_t>::max();
  auto id = static_cast<std::int32_t>(draw % ids) + 1;
  while (sessions_.contains(id))
    id = static_cast<std::int32_t>(static_cast<std::uint64_t>(id) % ids) + 1;
  response.session_id = id;
  sessions_.emplace(id, std::move(session));
}

// Followers' sessions are worth more than consumers', and of those the larger.
bool Sessions::make_room(Instant now, bool is_of_follower, std::size_t partitions) {
  if (sessions_.size() < slots_) return true;
  if (sessions_.empty()) return false;
  const auto idlest = std::min_element(
      sessions_.begin(), sessions_.end(),
      [](const auto& a, const auto& b) { return a.second.used_at < b.second.used_at; });
  if (now - idlest->second.used_at > protected_for) {
    sessions_.erase(idlest);
    return true;
  }
  const auto worth = [](const Session& session) {
    return std::tuple(session.is_of_follower, session.order.size());
  };
  auto least = sessions_.end();
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    const Session& session = at->second;
    const bool is_old = now - session.made_at > protected_for;
    if (!is_old && !(is_of_follower && !session.is_of_follower)) continue;
    if (least == sessions_.end() || worth(session) < worth(least->second)) least = at;
  }
  if (least == sessions_.end()) return false;
  if (std::tuple(is_of_follower, partitions) < worth(least->second)) return false;
  sessions_.erase(least);
  return true;
}

}  // namespace brokersim::fetch
