// What a client is told of a coordinator's write that failed, or whose transaction could not be
// verified: whether the same coordinator may succeed later.
#pragma once

#include "core/api/error_code.h"

namespace brokersim::coordination {

constexpr api::ErrorCode error_of_write(api::ErrorCode error) {
  using api::ErrorCode;
  switch (error) {
    // Of a transaction's coordinator that does not answer. This one need not be looked for.
    case ErrorCode::network_exception: return ErrorCode::coordinator_load_in_progress;
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::not_enough_replicas_after_append:
    case ErrorCode::request_timed_out: return ErrorCode::coordinator_not_available;
    case ErrorCode::not_leader_or_follower:
    case ErrorCode::kafka_storage_error: return ErrorCode::not_coordinator;
    case ErrorCode::message_too_large:
    case ErrorCode::record_list_too_large: return ErrorCode::unknown_server_error;
    default: return error;
  }
}

}  // namespace brokersim::coordination
