// Values of a coordinator's records, which begin with their versions (core/api/versioned.h).
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "core/api/types.h"
#include "core/base/expected.h"
#include "core/wire/wire.h"

namespace brokersim::coordination {

// Nothing for a tombstone. The error says what is wrong with the bytes.
template <wire::Message T>
Expected<std::optional<T>, std::string_view> read_value(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::optional<T>();
  wire::Reader in(*bytes);
  const auto version = in.fixed<std::int16_t>();
  if (!T::description.versions.has(version)) in.fail("value of an unknown version");
  if (!in.ok()) return Unexpected(in.error());
  T value = wire::decode_from<T>(in, version);
  if (!in.ok()) return Unexpected(in.error());
  return std::optional<T>(std::move(value));
}

}  // namespace brokersim::coordination
