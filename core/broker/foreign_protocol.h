// What speaks on the port although it is no Kafka client, told by the four bytes that would be a
// frame's length: more than any frame has, so that only a peer that is refused anyway is judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/close_reason.h"

namespace brokersim::broker {

inline std::optional<CloseReason> foreign_protocol(std::int32_t announced) {
  const auto bits = static_cast<std::uint32_t>(announced);
  // A TLS record of the handshake: type 22, then version 3.x.
  if (bits >> 16 == 0x1603) return CloseReason::tls_hello;
  const char text[] = {static_cast<char>(bits >> 24 & 0xff), static_cast<char>(bits >> 16 & 0xff),
                       static_cast<char>(bits >> 8 & 0xff), static_cast<char>(bits & 0xff)};
  for (const std::string_view method :
       {"GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "CONN", "PRI "}) {
    if (method == std::string_view(text, sizeof text)) return CloseReason::http_request;
  }
  return std::nullopt;
}

}  // namespace brokersim::broker
