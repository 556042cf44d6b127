// Why a node ended a connection, or did not take it: one word for counters, events and logs.
//
// What a peer did wrong, or too much of, is a refusal: it is told of (ConnectionRefused in
// event.h). The other ends are ordinary, and only counted.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace brokersim {

enum class CloseReason : std::uint8_t {
  // Ordinary.
  peer_closed,  // In order, between two requests.
  reset,        // The connection broke.
  idle,         // connections.max.idle.ms
  shutdown,     // The node ends.
  // Not taken at all.
  too_many_connections,         // max.connections
  too_many_connections_per_ip,  // max.connections.per.ip
  out_of_descriptors,           // The process has no more to give away.
  // What came is no request that can be answered.
  tls_hello,              // A TLS client on a plaintext port.
  http_request,           // A browser, or a scraper on the wrong port.
  negative_frame_length,  //
  oversized_frame,        // socket.request.max.bytes
  truncated_frame,        // The peer closed inside a frame.
  malformed_header,       //
  unknown_api,            //
  unsupported_version,    // Of any API but ApiVersions, which answers (KIP-511).
  malformed_body,         //
  unanswerable_error,     // The request failed, and its protocol has no way to say so.
  // How it came.
  slow_request,  // A frame began, and went on too slowly.
  slow_reader,   // The peer does not read what it asked for.
};

inline constexpr std::array all_close_reasons{
    CloseReason::peer_closed,
    CloseReason::reset,
    CloseReason::idle,
    CloseReason::shutdown,
    CloseReason::too_many_connections,
    CloseReason::too_many_connections_per_ip,
    CloseReason::out_of_descriptors,
    CloseReason::tls_hello,
    CloseReason::http_request,
    CloseReason::negative_frame_length,
    CloseReason::oversized_frame,
    CloseReason::truncated_frame,
    CloseReason::malformed_header,
    CloseReason::unknown_api,
    CloseReason::unsupported_version,
    CloseReason::malformed_body,
    CloseReason::unanswerable_error,
    CloseReason::slow_request,
    CloseReason::slow_reader,
};

std::string_view name_of(CloseReason reason);

constexpr bool is_refusal(CloseReason reason) { return reason > CloseReason::shutdown; }
// The connection was closed before anything was read of it.
constexpr bool is_at_the_door(CloseReason reason) {
  return reason >= CloseReason::too_many_connections && reason <= CloseReason::out_of_descriptors;
}

}  // namespace brokersim
