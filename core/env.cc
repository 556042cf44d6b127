#include "core/env.h"

namespace brokersim {

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
