#include "core/base/uuid_text.h"

namespace brokersim {

namespace {
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_size = 22;  // 16 bytes are 128 bits; 22 digits hold 132.
}  // namespace

std::string uuid_text(const Uuid& id) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : id) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 6; held -= 6) text += alphabet[(bits >> (held - 6)) & 63];
  }
  text += alphabet[(bits << (6 - held)) & 63];
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != text_size) return std::nullopt;
  Uuid id{};
  std::size_t filled = 0;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char digit : text) {
    const auto value = alphabet.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    id[filled++] = static_cast<std::uint8_t>(bits >> held);
  }
  return id;
}

}  // namespace brokersim
