#include "core/base/event.h"

namespace brokersim {

std::string_view name_of(NodeStopped::How how) {
  switch (how) {
    case NodeStopped::How::shutdown: return "shutdown";
    case NodeStopped::How::crash: return "crash";
    case NodeStopped::How::power_loss: return "power_loss";
  }
  __builtin_unreachable();
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok: return "ok";
    case Outcome::failed: return "failed";
    case Outcome::unknown: return "unknown";
  }
  __builtin_unreachable();
}

std::string_view kind_of(const EventBody& body) {
  return std::visit([](const auto& b) { return b.kind; }, body);
}

}  // namespace brokersim
