#include "sim/group_frames.h"

#include <utility>

#include "core/wire/frame.h"
#include "sim/consumer_assignment.h"

namespace brokersim::sim {
namespace {

template <class Topics>
std::vector<TopicPartition> partitions_of(const Topics& topics, const TopicName& names) {
  std::vector<TopicPartition> partitions;
  for (const auto& topic : topics) {
    const auto name = topic_named("", topic.topic_id, names);
    for (const auto partition : topic.partitions) partitions.push_back({name, partition});
  }
  return partitions;
}

GroupAsked read_asked(const api::ConsumerGroupHeartbeatRequest& request, const TopicName& names) {
  GroupAsked asked{.group = request.group_id,
                   .member = request.instance_id.value_or(request.member_id),
                   .generation = request.member_epoch};
  if (request.topic_partitions) asked.has = partitions_of(*request.topic_partitions, names);
  return asked;
}

GroupAsked read_asked(const api::JoinGroupRequest& request) {
  return GroupAsked{.group = request.group_id, .member = request.member_id};
}

// A static member is the same one under every id that it is given (KIP-345).
GroupAsked read_asked(const api::SyncGroupRequest& request) {
  return GroupAsked{.group = request.group_id,
                    .member = request.group_instance_id.value_or(request.member_id),
                    .generation = request.generation_id};
}

GroupAsked read_asked(const api::HeartbeatRequest& request) {
  return GroupAsked{.group = request.group_id,
                    .member = request.group_instance_id.value_or(request.member_id),
                    .generation = request.generation_id};
}

GroupAsked read_asked(const api::OffsetCommitRequest& request) {
  GroupAsked asked{.group = request.group_id,
                   .member = request.group_instance_id.value_or(request.member_id),
                   .generation = request.generation_id_or_member_epoch};
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      asked.offsets[{topic.name, partition.partition_index}] = partition.committed_offset;
    }
  }
  return asked;
}

GroupAsked read_asked(const api::ConsumerGroupDescribeRequest&) { return {}; }

GroupAsked read_asked(const api::OffsetFetchRequest& request) {
  return GroupAsked{.group = request.group_id};
}

template <class Request>
std::optional<GroupAsked> decode_asked(std::int16_t version, const Slice& body) {
  const auto request = wire::decode<Request>(body, version);
  if (!request) return std::nullopt;
  return read_asked(*request);
}

OffsetCommitAnswered commit_answered(const GroupAsked& asked, const std::string& peer,
                                     const TopicPartition& partition, Offset offset,
                                     std::int32_t error) {
  return {.peer = peer,
          .group = asked.group,
          .member = asked.member,
          .generation = asked.generation,
          .partition = partition,
          .offset = offset,
          .error = error,
          .asked_at_ns = asked.at_ns};
}

class AnswerReader {
 public:
  AnswerReader(const GroupAsked& asked, const std::string& peer, const TopicName& names)
      : asked_(asked), peer_(peer), names_(names) {}

  void read(const api::ConsumerGroupHeartbeatResponse& response) {
    ConsumerGroupHeartbeatAnswered event{.peer = peer_,
                                         .group = asked_.group,
                                         .member = asked_.member,
                                         .asked_epoch = asked_.generation,
                                         .epoch = response.member_epoch,
                                         .error = static_cast<std::int32_t>(response.error_code),
                                         .has_said = asked_.has.has_value(),
                                         .has = asked_.has.value_or(std::vector<TopicPartition>()),
                                         .is_told = response.assignment.has_value(),
                                         .asked_at_ns = asked_.at_ns};
    if (event.member.empty()) event.member = response.member_id.value_or("");
    if (response.assignment) {
      event.assigned = partitions_of(response.assignment->topic_partitions, names_);
    }
    events.push_back(std::move(event));
  }

  void read(const api::ConsumerGroupDescribeResponse& response) {
    for (const auto& group : response.groups) {
      if (group.error_code != api::ErrorCode::none) continue;
      events.push_back(
          ConsumerGroupDescribed{.group = group.group_id,
                                 .state = group.group_state,
                                 .epoch = group.group_epoch,
                                 .assignment_epoch = group.assignment_epoch,
                                 .members = static_cast<std::int32_t>(group.members.size())});
    }
  }
  void read(const api::JoinGroupResponse& response) {
    events.push_back(JoinGroupAnswered{.peer = peer_,
                                       .group = asked_.group,
                                       .member = response.member_id,
                                       .generation = response.generation_id,
                                       .error = static_cast<std::int32_t>(response.error_code)});
  }
  void read(const api::SyncGroupResponse& response) {
    events.push_back(SyncGroupAnswered{.peer = peer_,
                                       .group = asked_.group,
                                       .member = asked_.member,
                                       .generation = asked_.generation,
                                       .error = static_cast<std::int32_t>(response.error_code),
                                       .assigned = partitions_in(response.assignment)});
  }
  void read(const api::HeartbeatResponse& response) {
    events.push_back(HeartbeatAnswered{.peer = peer_,
                                       .group = asked_.group,
                                       .member = asked_.member,
                                       .generation = asked_.generation,
                                       .error = static_cast<std::int32_t>(response.error_code)});
  }
  void read(const api::OffsetCommitResponse& response) {
    for (const auto& topic : response.topics) {
      for (const auto& partition : topic.partitions) {
        const TopicPartition name{topic.name, partition.partition_index};
        const auto sent = asked_.offsets.find(name);
        if (sent == asked_.offsets.end()) continue;
        events.push_back(commit_answered(asked_, peer_, name, sent->second,
                                         static_cast<std::int32_t>(partition.error_code)));
      }
    }
  }
  void read(const api::OffsetFetchResponse& response) {
    read_fetched(asked_.group, response.error_code, response.topics);
    for (const auto& group : response.groups) {
      read_fetched(group.group_id, group.error_code, group.topics);
    }
  }

  std::vector<EventBody> events;

 private:
  void read_fetched(const std::string& group, api::ErrorCode whole,
                    const std::vector<api::OffsetFetchResponse::OffsetFetchResponseTopic>& topics) {
    for (const auto& topic : topics) {
      for (const auto& partition : topic.partitions) {
        const auto error = whole == api::ErrorCode::none ? partition.error_code : whole;
        events.push_back(OffsetFetchAnswered{.peer = peer_,
                                             .group = group,
                                             .partition = {topic.name, partition.partition_index},
                                             .offset = partition.committed_offset,
                                             .error = static_cast<std::int32_t>(error),
                                             .asked_at_ns = asked_.at_ns});
      }
    }
  }

  const GroupAsked& asked_;
  const std::string& peer_;
  const TopicName& names_;
};

template <class Response>
void decode_answer(AnswerReader& reader, std::int16_t version, const Slice& frame) {
  const auto parsed = wire::parse_response_to<Response>(frame, version);
  if (!parsed) return;
  const auto response = wire::decode<Response>(parsed->body, version);
  if (response) reader.read(*response);
}

}  // namespace

bool is_of_group(api::ApiKey key) {
  switch (key) {
    case api::ApiKey::join_group:
    case api::ApiKey::sync_group:
    case api::ApiKey::heartbeat:
    case api::ApiKey::consumer_group_heartbeat:
    case api::ApiKey::consumer_group_describe:
    case api::ApiKey::offset_commit:
    case api::ApiKey::offset_fetch: return true;
    default: return false;
  }
}

std::optional<GroupAsked> group_asked(api::ApiKey key, std::int16_t version, const Slice& body,
                                      const TopicName& topic_name) {
  std::optional<GroupAsked> asked;
  switch (key) {
    case api::ApiKey::join_group: asked = decode_asked<api::JoinGroupRequest>(version, body); break;
    case api::ApiKey::sync_group: asked = decode_asked<api::SyncGroupRequest>(version, body); break;
    case api::ApiKey::heartbeat: asked = decode_asked<api::HeartbeatRequest>(version, body); break;
    case api::ApiKey::consumer_group_heartbeat: {
      const auto request = wire::decode<api::ConsumerGroupHeartbeatRequest>(body, version);
      if (request) asked = read_asked(*request, topic_name);
      break;
    }
    case api::ApiKey::consumer_group_describe:
      asked = decode_asked<api::ConsumerGroupDescribeRequest>(version, body);
      break;
    case api::ApiKey::offset_commit:
      asked = decode_asked<api::OffsetCommitRequest>(version, body);
      break;
    case api::ApiKey::offset_fetch:
      asked = decode_asked<api::OffsetFetchRequest>(version, body);
      break;
    default: return std::nullopt;
  }
  if (asked) asked->key = key;
  return asked;
}

std::vector<EventBody> group_answered(const GroupAsked& asked, const std::string& peer,
                                      std::int16_t version, const Slice& frame,
                                      const TopicName& topic_name) {
  AnswerReader reader(asked, peer, topic_name);
  switch (asked.key) {
    case api::ApiKey::join_group:
      decode_answer<api::JoinGroupResponse>(reader, version, frame);
      break;
    case api::ApiKey::sync_group:
      decode_answer<api::SyncGroupResponse>(reader, version, frame);
      break;
    case api::ApiKey::heartbeat:
      decode_answer<api::HeartbeatResponse>(reader, version, frame);
      break;
    case api::ApiKey::consumer_group_heartbeat:
      decode_answer<api::ConsumerGroupHeartbeatResponse>(reader, version, frame);
      break;
    case api::ApiKey::consumer_group_describe:
      decode_answer<api::ConsumerGroupDescribeResponse>(reader, version, frame);
      break;
    case api::ApiKey::offset_commit:
      decode_answer<api::OffsetCommitResponse>(reader, version, frame);
      break;
    case api::ApiKey::offset_fetch:
      decode_answer<api::OffsetFetchResponse>(reader, version, frame);
      break;
    default: break;
  }
  return std::move(reader.events);
}

std::vector<EventBody> group_unanswered(const GroupAsked& asked, const std::string& peer) {
  std::vector<EventBody> events;
  for (const auto& [partition, offset] : asked.offsets) {
    events.push_back(commit_answered(asked, peer, partition, offset, -1));
  }
  return events;
}

}  // namespace brokersim::sim
