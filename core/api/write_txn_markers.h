// WriteTxnMarkers (key 27): a transaction's coordinator tells the leaders of the partitions in it
// how it ended (KIP-98, KIP-1228).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct WriteTxnMarkersResponse {
  struct WritableTxnMarkerPartitionResult {
    FIELDS(WritableTxnMarkerPartitionResult)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct WritableTxnMarkerTopicResult {
    FIELDS(WritableTxnMarkerTopicResult)
    FIELD(std::string, name);
    FIELD(std::vector<WritableTxnMarkerPartitionResult>, partitions);
    END_FIELDS
  };
  struct WritableTxnMarkerResult {
    FIELDS(WritableTxnMarkerResult)
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::vector<WritableTxnMarkerTopicResult>, topics);
    END_FIELDS
  };

  MESSAGE(WriteTxnMarkersResponse, .key = 27, .versions = {1, 2}, .flexible = 1)
  FIELD(std::vector<WritableTxnMarkerResult>, markers);
  END_FIELDS
};

struct WriteTxnMarkersRequest {
  using Response = WriteTxnMarkersResponse;
  struct WritableTxnMarkerTopic {
    FIELDS(WritableTxnMarkerTopic)
    FIELD(std::string, name);
    FIELD(std::vector<std::int32_t>, partition_indexes);
    END_FIELDS
  };
  struct WritableTxnMarker {
    FIELDS(WritableTxnMarker)
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::int16_t, producer_epoch) = 0;
    FIELD(bool, transaction_result) = false;  // Committed.
    FIELD(std::vector<WritableTxnMarkerTopic>, topics);
    FIELD(std::int32_t, coordinator_epoch) = 0;
    // From 2 on each transaction has an epoch of its own, which the marker's follows (KIP-890).
    FIELD(std::int8_t, transaction_version, since(2).may_drop()) = 0;
    END_FIELDS
  };

  MESSAGE(WriteTxnMarkersRequest, .key = 27, .versions = {1, 2}, .flexible = 1)
  FIELD(std::vector<WritableTxnMarker>, markers);
  END_FIELDS
};

}  // namespace brokersim::api
