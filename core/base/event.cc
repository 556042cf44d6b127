#include "core/base/event.h"

#include <algorithm>

namespace brokersim {

std::string_view name_of(NodeStopped::How how) {
  switch (how) {
    case NodeStopped::How::shutdown: return "shutdown";
    case NodeStopped::How::crash: return "crash";
    case NodeStopped::How::power_loss: return "power_loss";
  }
  __builtin_unreachable();
}

std::string_view name_of(BatchRole role) {
  switch (role) {
    case BatchRole::data: return "data";
    case BatchRole::control: return "control";
    case BatchRole::transactional: return "transactional";
    case BatchRole::commit: return "commit";
    case BatchRole::abort: return "abort";
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

std::string_view name_of(ProcessingGuarantee guarantee) {
  switch (guarantee) {
    case ProcessingGuarantee::at_least_once: return "at_least_once";
    case ProcessingGuarantee::exactly_once: return "exactly_once";
    case ProcessingGuarantee::at_most_once: return "at_most_once";
  }
  __builtin_unreachable();
}

EventBody::EventBody(const EventBody&) = default;
EventBody::EventBody(EventBody&&) noexcept = default;
EventBody& EventBody::operator=(const EventBody&) = default;
EventBody& EventBody::operator=(EventBody&&) noexcept = default;
EventBody::~EventBody() = default;

std::string_view kind_of(const EventBody& body) {
  return std::visit([](const auto& b) { return b.kind; }, body);
}

const Event* find_event(const std::vector<Event>& events, EventId id) {
  const auto at = std::lower_bound(events.begin(), events.end(), id,
                                   [](const Event& e, EventId wanted) { return e.id < wanted; });
  return at != events.end() && at->id == id ? &*at : nullptr;
}

}  // namespace brokersim
