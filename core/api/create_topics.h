// CreateTopics (key 19): makes topics, with chosen or assigned replicas (KIP-4).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct CreateTopicsResponse {
  struct CreatableTopicConfigs {
    FIELDS(CreatableTopicConfigs)
    FIELD(std::string, name);
    FIELD(Nullable<std::string>, value, null());
    FIELD(bool, read_only) = false;
    FIELD(std::int8_t, config_source) = -1;
    FIELD(bool, is_sensitive) = false;
    END_FIELDS
  };
  struct CreatableTopicResult {
    FIELDS(CreatableTopicResult)
    FIELD(std::string, name);
    FIELD(Uuid, topic_id, since(7).may_drop()) = {};
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(ErrorCode, topic_config_error_code, since(5).tagged(0).may_drop()) = ErrorCode::none;
    FIELD(std::int32_t, num_partitions, since(5).may_drop()) = -1;
    FIELD(std::int16_t, replication_factor, since(5).may_drop()) = -1;
    FIELD(Nullable<std::vector<CreatableTopicConfigs>>, configs, since(5).null().may_drop());
    END_FIELDS
  };

  MESSAGE(CreateTopicsResponse, .key = 19, .versions = {2, 7}, .flexible = 5)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<CreatableTopicResult>, topics);
  END_FIELDS
};

struct CreateTopicsRequest {
  using Response = CreateTopicsResponse;
  struct CreatableReplicaAssignment {
    FIELDS(CreatableReplicaAssignment)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::vector<NodeId>, broker_ids);
    END_FIELDS
  };
  struct CreatableTopicConfig {
    FIELDS(CreatableTopicConfig)
    FIELD(std::string, name);
    FIELD(Nullable<std::string>, value, null());
    END_FIELDS
  };
  struct CreatableTopic {
    FIELDS(CreatableTopic)
    FIELD(std::string, name);
    FIELD(std::int32_t, num_partitions) = 0;
    FIELD(std::int16_t, replication_factor) = 0;
    FIELD(std::vector<CreatableReplicaAssignment>, assignments);
    FIELD(std::vector<CreatableTopicConfig>, configs);
    END_FIELDS
  };

  MESSAGE(CreateTopicsRequest, .key = 19, .versions = {2, 7}, .flexible = 5)
  FIELD(std::vector<CreatableTopic>, topics);
  FIELD(std::int32_t, timeout_ms) = 60000;
  FIELD(bool, validate_only) = false;
  END_FIELDS
};

}  // namespace brokersim::api
