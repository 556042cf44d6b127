// DeleteTopics (key 20): removes topics by name or id (KIP-4, KIP-516).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DeleteTopicsResponse {
  struct DeletableTopicResult {
    FIELDS(DeletableTopicResult)
    FIELD(Nullable<std::string>, name, null({6}));
    FIELD(Uuid, topic_id, since(6).may_drop()) = {};
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, since(5).null().may_drop());
    END_FIELDS
  };

  MESSAGE(DeleteTopicsResponse, .key = 20, .versions = {1, 6}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DeletableTopicResult>, responses);
  END_FIELDS
};

struct DeleteTopicsRequest {
  using Response = DeleteTopicsResponse;
  struct DeleteTopicState {
    FIELDS(DeleteTopicState)
    FIELD(Nullable<std::string>, name, null());
    FIELD(Uuid, topic_id) = {};
    END_FIELDS
  };

  MESSAGE(DeleteTopicsRequest, .key = 20, .versions = {1, 6}, .flexible = 4)
  FIELD(std::vector<DeleteTopicState>, topics, since(6));
  FIELD(std::vector<std::string>, topic_names, between(1, 5).may_drop());
  FIELD(std::int32_t, timeout_ms) = 0;
  END_FIELDS
};

}  // namespace brokersim::api
