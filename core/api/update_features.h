// UpdateFeatures (key 57): raises or lowers what all nodes of the cluster do (KIP-584, KIP-778).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct UpdateFeaturesResponse {
  struct UpdatableFeatureResult {
    FIELDS(UpdatableFeatureResult)
    FIELD(std::string, feature);
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    END_FIELDS
  };

  MESSAGE(UpdateFeaturesResponse, .key = 57, .versions = {0, 2}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  FIELD(std::vector<UpdatableFeatureResult>, results, between(0, 1).may_drop());
  END_FIELDS
};

struct UpdateFeaturesRequest {
  using Response = UpdateFeaturesResponse;
  struct FeatureUpdateKey {
    FIELDS(FeatureUpdateKey)
    FIELD(std::string, feature);
    FIELD(std::int16_t, max_version_level) = 0;
    FIELD(bool, allow_downgrade, between(0, 0)) = false;
    FIELD(std::int8_t, upgrade_type, since(1)) = 1;
    END_FIELDS
  };

  MESSAGE(UpdateFeaturesRequest, .key = 57, .versions = {0, 2}, .flexible = 0)
  FIELD(std::int32_t, timeout_ms) = 60000;
  FIELD(std::vector<FeatureUpdateKey>, feature_updates);
  FIELD(bool, validate_only, since(1)) = false;
  END_FIELDS
};

}  // namespace brokersim::api
