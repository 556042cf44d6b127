#include "core/controller/topic_name.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::controller {

OrRefusal<Done> check_topic_name(std::string_view name) {
  constexpr std::string_view legal =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const auto illegal = [&](std::string_view why) {
    return refuse(api::ErrorCode::invalid_topic_exception,
                  fmt::format("Topic name is invalid: '{}' {}", name, why));
  };
  if (name.empty()) return illegal("is empty");
  if (name == "." || name == "..") return illegal("is reserved");
  if (name.size() > 249) return illegal("is longer than 249 characters");
  if (name.find_first_not_of(legal) != std::string_view::npos) {
    return illegal("has characters other than ASCII letters, digits, '.', '_' and '-'");
  }
  return Done{};
}

std::string collision_key(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

}  // namespace brokersim::controller
