// DescribeGroups (key 15): state and members of classic groups.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeGroupsResponse {
  struct DescribedGroupMember {
    FIELDS(DescribedGroupMember)
    FIELD(std::string, member_id);
    FIELD(Nullable<std::string>, group_instance_id, since(4).null().may_drop());
    FIELD(std::string, client_id);
    FIELD(std::string, client_host);
    FIELD(Bytes, member_metadata);
    FIELD(Bytes, member_assignment);
    END_FIELDS
  };
  struct DescribedGroup {
    FIELDS(DescribedGroup)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::string, group_id);
    FIELD(std::string, group_state);
    FIELD(std::string, protocol_type);
    FIELD(std::string, protocol_data);
    FIELD(std::vector<DescribedGroupMember>, members);
    FIELD(std::int32_t, authorized_operations, since(3)) = std::numeric_limits<std::int32_t>::min();
    END_FIELDS
  };

  MESSAGE(DescribeGroupsResponse, .key = 15, .versions = {0, 5}, .flexible = 5)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(std::vector<DescribedGroup>, groups);
  END_FIELDS
};

struct DescribeGroupsRequest {
  using Response = DescribeGroupsResponse;

  MESSAGE(DescribeGroupsRequest, .key = 15, .versions = {0, 5}, .flexible = 5)
  FIELD(std::vector<std::string>, groups);
  FIELD(bool, include_authorized_operations, since(3)) = false;
  END_FIELDS
};

}  // namespace brokersim::api
