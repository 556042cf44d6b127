// ConsumerGroupHeartbeat (key 68): all that a member of a consumer group and its coordinator say to
// each other (KIP-848; version 1: members make their own ids, KIP-1082, and may subscribe to a
// regular expression).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ConsumerGroupHeartbeatResponse {
  struct TopicPartitions {
    FIELDS(TopicPartitions)
    FIELD(Uuid, topic_id){};
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };
  struct Assignment {
    FIELDS(Assignment)
    FIELD(std::vector<TopicPartitions>, topic_partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerGroupHeartbeatResponse, .key = 68, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  FIELD(Nullable<std::string>, member_id, null());
  FIELD(std::int32_t, member_epoch) = 0;
  FIELD(std::int32_t, heartbeat_interval_ms) = 0;
  FIELD(Nullable<Assignment>, assignment, null());
  END_FIELDS
};

struct ConsumerGroupHeartbeatRequest {
  using Response = ConsumerGroupHeartbeatResponse;
  struct TopicPartitions {
    FIELDS(TopicPartitions)
    FIELD(Uuid, topic_id){};
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerGroupHeartbeatRequest, .key = 68, .versions = {0, 1}, .flexible = 0)
  FIELD(std::string, group_id);
  FIELD(std::string, member_id);
  FIELD(std::int32_t, member_epoch) = 0;
  FIELD(Nullable<std::string>, instance_id, null());
  FIELD(Nullable<std::string>, rack_id, null());
  FIELD(std::int32_t, rebalance_timeout_ms) = -1;
  FIELD(Nullable<std::vector<std::string>>, subscribed_topic_names, null());
  FIELD(Nullable<std::string>, subscribed_topic_regex, since(1).null());
  FIELD(Nullable<std::string>, server_assignor, null());
  FIELD(Nullable<std::vector<TopicPartitions>>, topic_partitions, null());
  END_FIELDS
};

}  // namespace brokersim::api
