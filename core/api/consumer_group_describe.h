// ConsumerGroupDescribe (key 69): state and members of consumer groups (KIP-848), and from version
// 1 on which protocol each member speaks (KIP-1099).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ConsumerGroupDescribeResponse {
  // What a member_type says.
  static constexpr std::int8_t unknown_member = -1, classic_member = 0, consumer_member = 1;

  struct TopicPartitions {
    FIELDS(TopicPartitions)
    FIELD(Uuid, topic_id){};
    FIELD(std::string, topic_name);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };
  struct Assignment {
    FIELDS(Assignment)
    FIELD(std::vector<TopicPartitions>, topic_partitions);
    END_FIELDS
  };
  struct Member {
    FIELDS(Member)
    FIELD(std::string, member_id);
    FIELD(Nullable<std::string>, instance_id, null());
    FIELD(Nullable<std::string>, rack_id, null());
    FIELD(std::int32_t, member_epoch) = 0;
    FIELD(std::string, client_id);
    FIELD(std::string, client_host);
    FIELD(std::vector<std::string>, subscribed_topic_names);
    FIELD(Nullable<std::string>, subscribed_topic_regex, null());
    FIELD(Assignment, assignment);
    FIELD(Assignment, target_assignment);
    FIELD(std::int8_t, member_type, since(1).may_drop()) = unknown_member;
    END_FIELDS
  };
  struct DescribedGroup {
    FIELDS(DescribedGroup)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(std::string, group_id);
    FIELD(std::string, group_state);
    FIELD(std::int32_t, group_epoch) = 0;
    FIELD(std::int32_t, assignment_epoch) = 0;
    FIELD(std::string, assignor_name);
    FIELD(std::vector<Member>, members);
    FIELD(std::int32_t, authorized_operations) = std::numeric_limits<std::int32_t>::min();
    END_FIELDS
  };

  MESSAGE(ConsumerGroupDescribeResponse, .key = 69, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DescribedGroup>, groups);
  END_FIELDS
};

struct ConsumerGroupDescribeRequest {
  using Response = ConsumerGroupDescribeResponse;

  MESSAGE(ConsumerGroupDescribeRequest, .key = 69, .versions = {0, 1}, .flexible = 0)
  FIELD(std::vector<std::string>, group_ids);
  FIELD(bool, include_authorized_operations) = false;
  END_FIELDS
};

}  // namespace brokersim::api
