// One direction of a connection, cut into the protocol's frames however the bytes were written.
#pragma once

#include <optional>
#include <utility>

#include "core/base/bytes.h"
#include "core/wire/frame.h"
#include "core/wire/wire.h"

namespace brokersim::sim {

class FrameCutter {
 public:
  static constexpr std::size_t length_size = 4;

  void add(const Rope& bytes) {
    if (!is_broken_) bytes_.append(bytes);
  }

  // The next whole frame, without its length. None either if the bytes do not speak the protocol.
  std::optional<Rope> next() {
    if (is_broken_ || bytes_.size() < length_size) return std::nullopt;
    const Bytes field = bytes_.sub(0, length_size).flat();
    const auto length = wire::Reader(field).fixed<std::int32_t>();
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
