// DescribeConfigs (key 32): how topics and brokers are configured, and from where each value comes
// (KIP-133, KIP-226, KIP-569).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeConfigsResponse {
  struct DescribeConfigsSynonym {
    FIELDS(DescribeConfigsSynonym)
    FIELD(std::string, name);
    FIELD(Nullable<std::string>, value, null());
    FIELD(std::int8_t, source) = 0;
    END_FIELDS
  };
  struct DescribeConfigsResourceResult {
    FIELDS(DescribeConfigsResourceResult)
    FIELD(std::string, name);
    FIELD(Nullable<std::string>, value, null());
    FIELD(bool, read_only) = false;
    FIELD(bool, is_default, between(0, 0)) = false;  // config_source says it from version 1 on.
    FIELD(std::int8_t, config_source, since(1).may_drop()) = -1;
    FIELD(bool, is_sensitive) = false;
    FIELD(std::vector<DescribeConfigsSynonym>, synonyms, since(1).may_drop());
    FIELD(std::int8_t, config_type, since(3).may_drop()) = 0;
    FIELD(Nullable<std::string>, documentation, since(3).null().may_drop());
    END_FIELDS
  };
  struct DescribeConfigsResult {
    FIELDS(DescribeConfigsResult)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(std::int8_t, resource_type) = 0;
    FIELD(std::string, resource_name);
    FIELD(std::vector<DescribeConfigsResourceResult>, configs);
    END_FIELDS
  };

  MESSAGE(DescribeConfigsResponse, .key = 32, .versions = {0, 4}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DescribeConfigsResult>, results);
  END_FIELDS
};

struct DescribeConfigsRequest {
  using Response = DescribeConfigsResponse;
  struct DescribeConfigsResource {
    FIELDS(DescribeConfigsResource)
    FIELD(std::int8_t, resource_type) = 0;
    FIELD(std::string, resource_name);
    FIELD(Nullable<std::vector<std::string>>, configuration_keys, null());
    END_FIELDS
  };

  MESSAGE(DescribeConfigsRequest, .key = 32, .versions = {0, 4}, .flexible = 4)
  FIELD(std::vector<DescribeConfigsResource>, resources);
  FIELD(bool, include_synonyms, since(1)) = false;
  FIELD(bool, include_documentation, since(3)) = false;
  END_FIELDS
};

}  // namespace brokersim::api
