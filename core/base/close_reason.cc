#include "core/base/close_reason.h"

namespace brokersim {

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::peer_closed: return "peer_closed";
    case CloseReason::reset: return "reset";
    case CloseReason::idle: return "idle";
    case CloseReason::shutdown: return "shutdown";
    case CloseReason::too_many_connections: return "too_many_connections";
    case CloseReason::too_many_connections_per_ip: return "too_many_connections_per_ip";
    case CloseReason::out_of_descriptors: return "out_of_descriptors";
    case CloseReason::tls_hello: return "tls_hello";
    case CloseReason::http_request: return "http_request";
    case CloseReason::negative_frame_length: return "negative_frame_length";
    case CloseReason::oversized_frame: return "oversized_frame";
    case CloseReason::truncated_frame: return "truncated_frame";
    case CloseReason::malformed_header: return "malformed_header";
    case CloseReason::unknown_api: return "unknown_api";
    case CloseReason::unsupported_version: return "unsupported_version";
    case CloseReason::malformed_body: return "malformed_body";
    case CloseReason::unanswerable_error: return "unanswerable_error";
    case CloseReason::slow_request: return "slow_request";
    case CloseReason::slow_reader: return "slow_reader";
  }
  __builtin_unreachable();
}

}  // namespace brokersim
