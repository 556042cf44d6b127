// Big-endian primitives of the Kafka protocol: fixed-width integers, varints, raw bytes.
//
// A Writer without a buffer only counts, so that size and encoding are the same walk. A Reader
// keeps the first error and returns zeros from then on: decoders read everything, then ask ok().
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/base/bytes.h"

namespace brokersim::wire {

// As all fixed-width integers are written.
template <std::integral T>
std::array<std::uint8_t, sizeof(T)> big_endian(T value) {
  std::array<std::uint8_t, sizeof(T)> bytes;
  auto bits = static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
  for (std::size_t i = sizeof(T); i-- > 0; bits >>= 8) {
    bytes[i] = static_cast<std::uint8_t>(bits);
  }
  return bytes;
}

class Writer {
 public:
  Writer() = default;
  explicit Writer(Bytes& out) : out_(&out) {}

  void raw(ByteView data) {
    size_ += data.size();
    if (out_) out_->insert(out_->end(), data.begin(), data.end());
  }

  template <std::integral T>
  void fixed(T value) {
    raw(big_endian(value));
  }

  void uvarint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }

  // Zig-zag, as the fields of a record are.
  void varint(std::int64_t value) {
    uvarint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }

  std::size_t size() const { return size_; }

 private:
  void byte(std::uint8_t value) {
    ++size_;
    if (out_) out_->push_back(value);
  }

  Bytes* out_ = nullptr;
  std::size_t size_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView input) : input_(input) {}

  bool ok() const { return error_.empty(); }
  std::string_view error() const { return error_; }
  std::size_t remaining() const { return input_.size(); }

  // Keeps the first reason only: later ones are consequences.
  void fail(std::string_view reason) {
    if (ok()) error_ = reason;
    input_ = {};
  }

  ByteView raw(std::size_t size) {
    if (size > input_.size()) {
      fail("input is shorter than its fields");
      return {};
    }
    const auto head = input_.first(size);
    input_ = input_.subspan(size);
    return head;
  }

  template <std::integral T>
  T fixed() {
    const auto bytes = raw(sizeof(T));
    if (bytes.empty()) return 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) bits = (bits << 8) | bytes[i];
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(bits));
  }

  std::uint64_t uvarint() { return uvarint_of(64); }
  // A length, a count or a tag: of five bytes at most, as Kafka's.
  std::uint32_t uvarint32() { return static_cast<std::uint32_t>(uvarint_of(32)); }

  std::int64_t varint() {
    const auto bits = uvarint();
    return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
  }

 private:
  std::uint64_t uvarint_of(unsigned bits) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    fail("a varint is too long");
    return 0;
  }

  ByteView input_;
  std::string_view error_;
};

}  // namespace brokersim::wire
