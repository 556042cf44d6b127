// AlterConfigs (key 33): replaces all that was configured of topics or brokers (KIP-133).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AlterConfigsResponse {
  struct AlterConfigsResourceResponse {
    FIELDS(AlterConfigsResourceResponse)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(std::int8_t, resource_type) = 0;
    FIELD(std::string, resource_name);
    END_FIELDS
  };

  MESSAGE(AlterConfigsResponse, .key = 33, .versions = {0, 2}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<AlterConfigsResourceResponse>, responses);
  END_FIELDS
};

struct AlterConfigsRequest {
  using Response = AlterConfigsResponse;
  struct AlterableConfig {
    FIELDS(AlterableConfig)
    FIELD(std::string, name);
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

  MESSAGE(AlterConfigsRequest, .key = 33, .versions = {0, 2}, .flexible = 2)
  FIELD(std::vector<AlterConfigsResource>, resources);
  FIELD(bool, validate_only) = false;
  END_FIELDS
};

}  // namespace brokersim::api
