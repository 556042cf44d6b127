// ApiVersions (key 18): which APIs, versions and features a node has (KIP-35, KIP-511, KIP-584).
// The response header is version 0 at every version, so that any client can read the answer.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ApiVersionsResponse {
  struct ApiVersion {
    FIELDS(ApiVersion)
    FIELD(std::int16_t, api_key) = 0;
    FIELD(std::int16_t, min_version) = 0;
    FIELD(std::int16_t, max_version) = 0;
    END_FIELDS
  };
  struct SupportedFeatureKey {
    FIELDS(SupportedFeatureKey)
    FIELD(std::string, name);
    FIELD(std::int16_t, min_version) = 0;
    FIELD(std::int16_t, max_version) = 0;
    END_FIELDS
  };
  struct FinalizedFeatureKey {
    FIELDS(FinalizedFeatureKey)
    FIELD(std::string, name);
    FIELD(std::int16_t, max_version_level) = 0;
    FIELD(std::int16_t, min_version_level) = 0;
    END_FIELDS
  };

  MESSAGE(ApiVersionsResponse, .key = 18, .versions = {0, 4}, .flexible = 3)
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<ApiVersion>, api_keys);
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(std::vector<SupportedFeatureKey>, supported_features, since(3).tagged(0).may_drop());
  FIELD(std::int64_t, finalized_features_epoch, since(3).tagged(1).may_drop()) = -1;
  FIELD(std::vector<FinalizedFeatureKey>, finalized_features, since(3).tagged(2).may_drop());
  FIELD(bool, zk_migration_ready, since(3).tagged(3).may_drop()) = false;
  END_FIELDS
};

struct ApiVersionsRequest {
  using Response = ApiVersionsResponse;

  MESSAGE(ApiVersionsRequest, .key = 18, .versions = {0, 4}, .flexible = 3)
  FIELD(std::string, client_software_name, since(3).may_drop());
  FIELD(std::string, client_software_version, since(3).may_drop());
  END_FIELDS
};

}  // namespace brokersim::api
