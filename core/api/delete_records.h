// DeleteRecords (key 21): moves the start of logs, so that what is before it is gone (KIP-107).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DeleteRecordsResponse {
  struct DeleteRecordsPartitionResult {
    FIELDS(DeleteRecordsPartitionResult)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, low_watermark) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct DeleteRecordsTopicResult {
    FIELDS(DeleteRecordsTopicResult)
    FIELD(std::string, name);
    FIELD(std::vector<DeleteRecordsPartitionResult>, partitions);
    END_FIELDS
  };

  MESSAGE(DeleteRecordsResponse, .key = 21, .versions = {0, 2}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DeleteRecordsTopicResult>, topics);
  END_FIELDS
};

struct DeleteRecordsRequest {
  using Response = DeleteRecordsResponse;
  struct DeleteRecordsPartition {
    FIELDS(DeleteRecordsPartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, offset) = 0;
    END_FIELDS
  };
  struct DeleteRecordsTopic {
    FIELDS(DeleteRecordsTopic)
    FIELD(std::string, name);
    FIELD(std::vector<DeleteRecordsPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(DeleteRecordsRequest, .key = 21, .versions = {0, 2}, .flexible = 2)
  FIELD(std::vector<DeleteRecordsTopic>, topics);
  FIELD(std::int32_t, timeout_ms) = 0;
  END_FIELDS
};

}  // namespace brokersim::api
