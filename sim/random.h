// Randomness as a function of keys: draw(seed, domain, entity…) is the same number whenever and
// however often it is asked for. Nothing is consumed, so leaving out one fault or one message
// changes no draw of another entity.
//
//   const Random link = Random(seed, "link.jitter").with(from, to);
//   const Duration jitter = tail(link.draw(bucket), mean);
//
// A Random is keys mixed into one word, not a stream. Whoever needs many draws varies the last key.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/time.h"

namespace brokersim::sim {

// The finalizer of splitmix64: a bijection that avalanches.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// FNV-1a, then mixed: names are short, and mostly known at compile time.
constexpr std::uint64_t key_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return mix(hash);
}
template <std::integral T>
constexpr std::uint64_t key_of(T value) {
  return static_cast<std::uint64_t>(value);
}

class Random {
 public:
  constexpr Random(std::uint64_t seed, std::string_view domain)
      : key_(mix(seed + step) ^ key_of(domain)) {}

  // The same randomness, narrowed to an entity: integers or names.
  template <class... Keys>
  constexpr Random with(Keys... keys) const {
    std::uint64_t key = key_;
    ((key = mix(key + step) ^ mix(key_of(keys) + half)), ...);
    return Random(key);
  }
  template <class... Keys>
  constexpr std::uint64_t draw(Keys... keys) const {
    return mix(with(keys...).key_ + step);
  }
  constexpr std::uint64_t key() const { return key_; }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;
  static constexpr std::uint64_t half = 0xd1b54a32d192ed03u;
  constexpr explicit Random(std::uint64_t key) : key_(key) {}

  std::uint64_t key_;
};

__extension__ using Wide = unsigned __int128;

// Uniform in [low, high], both included.
template <std::integral T>
constexpr T uniform(std::uint64_t draw, T low, T high) {
  REQUIRE(low <= high, low, high);
  const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const auto scaled = static_cast<std::uint64_t>((Wide{span} * draw + draw) >> 64);
  return static_cast<T>(static_cast<std::uint64_t>(low) + scaled);
}
constexpr Duration uniform(std::uint64_t draw, Duration low, Duration high) {
  return Duration(uniform(draw, low.count(), high.count()));
}

// True `numerator` times out of `denominator`.
constexpr bool chance(std::uint64_t draw, std::uint64_t numerator, std::uint64_t denominator) {
  return uniform(draw, std::uint64_t{0}, denominator - 1) < numerator;
}

// Exponential with this mean, nearly, in integers: -log2(u) counts the leading zeros of u, the
// bits after them interpolate. At most 43 times the mean.
constexpr Duration tail(std::uint64_t draw, Duration mean) {
  const int zeros = std::countl_zero(draw | 1);
  const std::uint64_t fraction = zeros == 63 ? 0 : (draw << (zeros + 1)) >> 48;
  const std::uint64_t log2 = (static_cast<std::uint64_t>(zeros + 1) << 16) - fraction;
  const auto scaled = Wide{static_cast<std::uint64_t>(mean.count())} * log2 * 2 / 3;
  return Duration(static_cast<std::int64_t>(scaled >> 16));
}

}  // namespace brokersim::sim
