#include "core/broker/metrics.h"

#include <cstring>
#include <set>

namespace brokersim::broker {
namespace {

using wire::Kind;

// Collects what stands in fields called error_code.
class ErrorCodes {
 public:
  explicit ErrorCodes(std::set<api::ErrorCode>& found) : found_(found) {}

  void record(const wire::RecordInfo& info, const void* record) {
    for (const auto& field : info.fields) {
      if (field.type->kind == Kind::int16) {
        if (field.name == "error_code") note(field.of(record));
      } else {
        value(*field.type, field.of(record));
      }
    }
  }

 private:
  void note(const void* value) {
    std::int16_t code = 0;
    std::memcpy(&code, value, sizeof code);
    if (code != 0) found_.insert(static_cast<api::ErrorCode>(code));
  }

  void value(const wire::Type& type, const void* value_at) {
    if (type.kind == Kind::record) return record(*type.record(), value_at);
    if (type.kind != Kind::array && type.kind != Kind::nullable) return;
    const auto inner = type.element->kind;
    if (inner != Kind::record && inner != Kind::array) return;
    const auto elements = type.elements(value_at);
    for (std::size_t i = 0; i < elements.count; ++i) {
      value(*type.element, static_cast<const std::byte*>(elements.data) + i * type.element->size);
    }
  }

  std::set<api::ErrorCode>& found_;
};

}  // namespace

std::vector<api::ErrorCode> errors_in(const wire::RecordInfo& info, const void* message) {
  std::set<api::ErrorCode> found;
  ErrorCodes(found).record(info, message);
  return {found.begin(), found.end()};
}

void NodeMetrics::answered(api::ApiKey api, const wire::RecordInfo& info, const void* response) {
  for (const auto error : errors_in(info, response)) ++errors[{api, error}];
}

void NodeMetrics::decided(const EventBody& event) {
  if (const auto* elected = std::get_if<LeaderElected>(&event)) {
    ++elections;
    if (!elected->is_clean) ++unclean_elections;
  } else if (const auto* changed = std::get_if<IsrChanged>(&event)) {
    if (changed->after.size() < changed->before.size()) ++isr_shrinks;
    if (changed->after.size() > changed->before.size()) ++isr_expansions;
  } else if (std::holds_alternative<BrokerFenced>(event)) {
    ++fencings;
  }
}

}  // namespace brokersim::broker
