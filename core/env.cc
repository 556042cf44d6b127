#include "core/env.h"

#include <fmt/format.h>

namespace brokersim {

std::string text_of(const Address& address) {
  const bool has_colons = address.host.find(':') != std::string::npos;
  return has_colons ? fmt::format("[{}]:{}", address.host, address.port)
                    : fmt::format("{}:{}", address.host, address.port);
}

std::string_view name_of(IoError error) {
  switch (error) {
    case IoError::closed: return "closed";
    case IoError::reset: return "reset";
    case IoError::refused: return "refused";
    case IoError::timed_out: return "timed out";
    case IoError::cancelled: return "cancelled";
    case IoError::not_found: return "not found";
    case IoError::exists: return "exists";
    case IoError::full: return "disk full";
    case IoError::exhausted: return "out of descriptors";
    case IoError::failed: return "i/o error";
  }
  __builtin_unreachable();
}

}  // namespace brokersim
