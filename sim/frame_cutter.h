// One direction of a connection, cut into the protocol's frames however the bytes were written.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/bytes.h"
#include "core/wire/frame.h"
#include "core/wire/wire.h"

namespace brokersim::sim {

// The number at `at`, which is there.
template <std::integral T>
T peek(const Rope& bytes, std::size_t at) {
  std::array<std::uint8_t, sizeof(T)> field;
  bytes.copy_to(at, field);
  return wire::Reader(field).fixed<T>();
}

class FrameCutter {
 public:
  static constexpr std::size_t length_size = 4;

  void add(const Rope& bytes) {
    if (!is_broken_) bytes_.append(bytes);
  }

  // The next whole frame, without its length. None either if the bytes do not speak the protocol.
  std::optional<Rope> next() {
    if (is_broken_ || bytes_.size() < length_size) return std::nullopt;
    const auto length = peek<std::int32_t>(bytes_, 0);
    is_broken_ = length < 4 || static_cast<std::size_t>(length) > wire::max_frame_size;
    if (is_broken_) return std::nullopt;
    const auto size = length_size + static_cast<std::size_t>(length);
    if (bytes_.size() < size) return std::nullopt;
    Rope frame = bytes_.sub(length_size, size - length_size);
    bytes_ = bytes_.sub(size, bytes_.size() - size);
    return frame;
  }

 private:
  Rope bytes_;  // That are no whole frame yet.
  bool is_broken_ = false;
};

}  // namespace brokersim::sim
