#include "core/base/bytes.h"

#include <algorithm>

namespace brokersim {

Rope Rope::sub(std::size_t at, std::size_t length) const {
  REQUIRE(at <= size_, at, size_);
  REQUIRE(length <= size_ - at, at, length, size_);
  Rope result;
  for (const auto& slice : slices_) {
    if (length == 0) break;
    if (at >= slice.size()) {
      at -= slice.size();
      continue;
    }
    const auto taken = std::min(length, slice.size() - at);
    result.append(slice.sub(at, taken));
    length -= taken;
    at = 0;
  }
  return result;
}

void Rope::copy_to(std::span<std::uint8_t> out) const {
  REQUIRE(out.size() == size_, out.size(), size_);
  auto* to = out.data();
  for (const auto& slice : slices_) to = std::copy_n(slice.data(), slice.size(), to);
}

void Rope::copy_to(std::size_t at, std::span<std::uint8_t> out) const {
  REQUIRE(at <= size_, at, size_);
  REQUIRE(out.size() <= size_ - at, at, out.size(), size_);
  auto* to = out.data();
  const auto* const end = to + out.size();
  for (const auto& slice : slices_) {
    if (to == end) break;
    if (at >= slice.size()) {
      at -= slice.size();
      continue;
    }
    const auto taken = std::min(static_cast<std::size_t>(end - to), slice.size() - at);
    to = std::copy_n(slice.data() + at, taken, to);
    at = 0;
  }
}

Bytes Rope::flat() const {
  Bytes result(size_);
  copy_to(result);
  return result;
}

Slice Rope::joined() const {
  if (slices_.empty()) return {};
  return slices_.size() == 1 ? slices_.front() : Slice(flat());
}

}  // namespace brokersim
