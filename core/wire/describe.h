// Compiles the description of a message once, for all files that use it: a line in the
// descriptions.cc of its room, in this namespace. Whoever includes this header compiles the
// description of each message that it uses, so nobody else does; without the line nothing links.
//
//   DESCRIBE(api::HeartbeatRequest);
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "core/wire/schema.h"

#define DESCRIBE(...) template const ::brokersim::wire::RecordInfo* info_of<__VA_ARGS__>()

namespace brokersim::wire {

template <class T, int N>
concept FieldAt = requires {
  T::field_at(Line<N>{});
};

template <class T, int N, std::size_t Count>
constexpr void add_field(std::array<Field, Count>& fields, std::size_t& next) {
  if constexpr (FieldAt<T, N>) fields[next++] = T::field_at(Line<N>{});
}

// The fields of T, gathered from its source lines.
template <Described T, int... I>
consteval auto fields_of(std::integer_sequence<int, I...>) {
  std::array<Field, (std::size_t{FieldAt<T, T::first_line_ + I>} + ... + 0)> fields{};
  std::size_t next = 0;
  (add_field<T, T::first_line_ + I>(fields, next), ...);
  return fields;
}

template <std::size_t Count>
constexpr bool any_tagged(const std::array<Field, Count>& fields) {
  for (const auto& field : fields) {
    if (field.presence.tag >= 0) return true;
  }
  return false;
}

template <Described T>
const void* initial_of() {
  static const T initial{};
  return &initial;
}

template <Described T>
bool has_texts_of() {
  static const bool has_texts = holds_texts(info_of<T>()->fields);
  return has_texts;
}

template <Described T>
const RecordInfo* info_of() {
  static_assert(std::is_standard_layout_v<T>, "fields are reached by their offsets");
  static constexpr auto fields =
      fields_of<T>(std::make_integer_sequence<int, T::last_line_ - T::first_line_>{});
  static constexpr RecordInfo info{fields, &initial_of<T>, any_tagged(fields), &has_texts_of<T>};
  return &info;
}

}  // namespace brokersim::wire
