// Bytes, and views of bytes that keep their owner alive.
//
//   Slice   a range of an immutable, reference-counted buffer: copying it copies no bytes
//   Rope    a sequence of slices: what is written to a file or a socket in one go
//
// A record batch received from a producer is one slice from the socket to the log to the followers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assert.h"

namespace brokersim {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Slice {
 public:
  Slice() = default;
  // Takes ownership of `bytes`.
  explicit Slice(Bytes bytes)
      : owner_(std::make_shared<const Bytes>(std::move(bytes))), view_(*owner_) {}
  static Slice copy_of(ByteView bytes) { return Slice(Bytes(bytes.begin(), bytes.end())); }

  ByteView view() const { return view_; }
  const std::uint8_t* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }

  Slice sub(std::size_t at, std::size_t length) const {
    REQUIRE(at <= size(), at, size());
    REQUIRE(length <= size() - at, at, length, size());
    return Slice(owner_, view_.subspan(at, length));
  }
  Slice from(std::size_t at) const { return sub(at, size() - at); }

 private:
  Slice(std::shared_ptr<const Bytes> owner, ByteView view)
      : owner_(std::move(owner)), view_(view) {}

  std::shared_ptr<const Bytes> owner_;
  ByteView view_;
};

class Rope {
 public:
  Rope() = default;
  explicit Rope(Slice slice) { append(std::move(slice)); }
  explicit Rope(Bytes bytes) : Rope(Slice(std::move(bytes))) {}

  void append(Slice slice) {
    if (slice.empty()) return;
    size_ += slice.size();
    slices_.push_back(std::move(slice));
  }
  void append(const Rope& other) {
    for (const auto& slice : other.slices_) append(slice);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::vector<Slice>& slices() const { return slices_; }

  Rope sub(std::size_t at, std::size_t length) const;
  void copy_to(std::span<std::uint8_t> out) const;  // Requires out.size() == size().
  // The bytes from `at` on, as many as `out` takes.
  void copy_to(std::size_t at, std::span<std::uint8_t> out) const;
  Bytes flat() const;
  // One slice of all the bytes; copies only where there are several.
  Slice joined() const;

 private:
  std::vector<Slice> slices_;
  std::size_t size_ = 0;
};

}  // namespace brokersim
