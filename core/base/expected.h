// Expected<T, E>: a value, or the reason there is none. For what the peer or the world did to us.
//
// Our own bugs are ASSERT, a caller's mistakes REQUIRE (core/base/assert.h). The shape is that of
// std::expected, which GCC 12 offers only beyond C++20: when the floor rises this becomes an alias.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "core/base/assert.h"

namespace brokersim {

template <class E>
class Unexpected {
 public:
  constexpr explicit Unexpected(E error) : error_(std::move(error)) {}
  constexpr const E& error() const& { return error_; }
  constexpr E&& error() && { return std::move(error_); }

 private:
  E error_;
};

// What an operation without a result returns when it succeeds.
struct Done {
  friend bool operator==(Done, Done) = default;
};

template <class T, class E>
class [[nodiscard]] Expected {
 public:
  template <class U = T>
  requires(std::is_constructible_v<T, U> &&
           !std::is_same_v<std::remove_cvref_t<U>, Expected>) constexpr Expected(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  template <class G>
  constexpr Expected(Unexpected<G> e) : state_(std::in_place_index<1>, std::move(e).error()) {}

  constexpr bool has_value() const { return state_.index() == 0; }
  constexpr explicit operator bool() const { return has_value(); }

  constexpr T& operator*() & { return checked(); }
  constexpr const T& operator*() const& { return const_cast<Expected*>(this)->checked(); }
  constexpr T&& operator*() && { return std::move(checked()); }
  constexpr T* operator->() { return &checked(); }
  constexpr const T* operator->() const { return &**this; }
  constexpr const E& error() const {
    REQUIRE(!has_value());
    return *std::get_if<1>(&state_);
  }
  template <class U>
  constexpr T value_or(U&& otherwise) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(otherwise));
  }

 private:
  constexpr T& checked() {
    REQUIRE(has_value());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, E> state_;
};

}  // namespace brokersim

// Binds the value to `decl`, or returns the error from the enclosing function:
//   TRY(auto batch, log.read(offset));
#define BROKERSIM_CAT_(a, b) a##b
#define BROKERSIM_CAT(a, b) BROKERSIM_CAT_(a, b)
#define TRY(decl, ...)                                                     \
  auto BROKERSIM_CAT(try_, __LINE__) = (__VA_ARGS__);                      \
  if (!BROKERSIM_CAT(try_, __LINE__)) {                                    \
    return ::brokersim::Unexpected(BROKERSIM_CAT(try_, __LINE__).error()); \
  }                                                                        \
  decl = *std::move(BROKERSIM_CAT(try_, __LINE__))
