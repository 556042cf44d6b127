// DescribeLogDirs (key 35): what a broker keeps in its directories, and how much of it (KIP-113,
// KIP-827).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeLogDirsResponse {
  struct DescribeLogDirsPartition {
    FIELDS(DescribeLogDirsPartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, partition_size) = 0;
    FIELD(std::int64_t, offset_lag) = 0;
    FIELD(bool, is_future_key) = false;
    END_FIELDS
  };
  struct DescribeLogDirsTopic {
    FIELDS(DescribeLogDirsTopic)
    FIELD(std::string, name);
    FIELD(std::vector<DescribeLogDirsPartition>, partitions);
    END_FIELDS
  };
  struct DescribeLogDirsResult {
    FIELDS(DescribeLogDirsResult)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::string, log_dir);
    FIELD(std::vector<DescribeLogDirsTopic>, topics);
    FIELD(std::int64_t, total_bytes, since(4).may_drop()) = -1;
    FIELD(std::int64_t, usable_bytes, since(4).may_drop()) = -1;
    END_FIELDS
  };

  MESSAGE(DescribeLogDirsResponse, .key = 35, .versions = {1, 4}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code, since(3).may_drop()) = ErrorCode::none;
  FIELD(std::vector<DescribeLogDirsResult>, results);
  END_FIELDS
};

struct DescribeLogDirsRequest {
  using Response = DescribeLogDirsResponse;
  struct DescribableLogDirTopic {
    FIELDS(DescribableLogDirTopic)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(DescribeLogDirsRequest, .key = 35, .versions = {1, 4}, .flexible = 2)
  FIELD(Nullable<std::vector<DescribableLogDirTopic>>, topics, null());
  END_FIELDS
};

}  // namespace brokersim::api
