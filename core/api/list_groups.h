// ListGroups (key 16): the groups that a broker coordinates (KIP-518: by state, KIP-848: by type).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ListGroupsResponse {
  struct ListedGroup {
    FIELDS(ListedGroup)
    FIELD(std::string, group_id);
    FIELD(std::string, protocol_type);
    FIELD(std::string, group_state, since(4).may_drop());
    FIELD(std::string, group_type, since(5).may_drop());
    END_FIELDS
  };

  MESSAGE(ListGroupsResponse, .key = 16, .versions = {0, 5}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<ListedGroup>, groups);
  END_FIELDS
};

struct ListGroupsRequest {
  using Response = ListGroupsResponse;

  MESSAGE(ListGroupsRequest, .key = 16, .versions = {0, 5}, .flexible = 3)
  FIELD(std::vector<std::string>, states_filter, since(4));
  FIELD(std::vector<std::string>, types_filter, since(5));
  END_FIELDS
};

}  // namespace brokersim::api
