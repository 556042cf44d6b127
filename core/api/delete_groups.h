// DeleteGroups (key 42): forgets groups without members, and their offsets (KIP-229).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DeleteGroupsResponse {
  struct DeletableGroupResult {
    FIELDS(DeletableGroupResult)
    FIELD(std::string, group_id);
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };

  MESSAGE(DeleteGroupsResponse, .key = 42, .versions = {0, 2}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DeletableGroupResult>, results);
  END_FIELDS
};

struct DeleteGroupsRequest {
  using Response = DeleteGroupsResponse;

  MESSAGE(DeleteGroupsRequest, .key = 42, .versions = {0, 2}, .flexible = 2)
  FIELD(std::vector<std::string>, groups_names);
  END_FIELDS
};

}  // namespace brokersim::api
