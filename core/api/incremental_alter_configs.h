// IncrementalAlterConfigs (key 44): sets, deletes, or changes lists within single configs of topics
// or brokers (KIP-339).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct IncrementalAlterConfigsResponse {
  struct AlterConfigsResourceResponse {
    FIELDS(AlterConfigsResourceResponse)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(std::int8_t, resource_type) = 0;
    FIELD(std::string, resource_name);
    END_FIELDS
  };

  MESSAGE(IncrementalAlterConfigsResponse, .key = 44, .versions = {0, 1}, .flexible = 1)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<AlterConfigsResourceResponse>, responses);
  END_FIELDS
};

struct IncrementalAlterConfigsRequest {
  using Response = IncrementalAlterConfigsResponse;
  struct AlterableConfig {
    FIELDS(AlterableConfig)
    FIELD(std::string, name);
    FIELD(std::int8_t, config_operation) = 0;
    FIELD(Nullable<std::string>, value, null());
    END_FIELDS
  };
  struct AlterConfigsResource {
    FIELDS(AlterConfigsResource)
    FIELD(std::int8_t, resource_type) = 0;
    FIELD(std::string, resource_name);
    FIELD(std::vector<AlterableConfig>, configs);
    END_FIELDS
  };

  MESSAGE(IncrementalAlterConfigsRequest, .key = 44, .versions = {0, 1}, .flexible = 1)
  FIELD(std::vector<AlterConfigsResource>, resources);
  FIELD(bool, validate_only) = false;
  END_FIELDS
};

}  // namespace brokersim::api
