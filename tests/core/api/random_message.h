// Random messages, made from the rows that describe them.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/api/all.h"

namespace brokersim::api {

// A small deterministic source, seeded by the test's generator (splitmix64).
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  Bytes bytes() {
    Bytes out(below(6));
    for (auto& byte : out) byte = static_cast<std::uint8_t>(next());
    return out;
  }

 private:
  std::uint64_t state_;
};

inline void fill_record(const wire::RecordInfo& info, void* record, std::int16_t version, Draws&);

inline void fill_value(const wire::Type& type, void* v, std::int16_t version, Draws& draws) {
  using wire::Kind;
  const auto bits = draws.next();
  switch (type.kind) {
    case Kind::boolean: *static_cast<bool*>(v) = bits % 2 == 0; return;
    case Kind::int8:
    case Kind::int16:
    case Kind::uint16:
    case Kind::int32:
    case Kind::uint32:
    case Kind::int64:
    case Kind::float64:
    case Kind::uuid: std::memset(v, static_cast<int>(bits & 0x7f), type.size); return;
    case Kind::string: {
      const auto bytes = draws.bytes();
      *static_cast<std::string*>(v) = as_text(bytes);
      return;
    }
    case Kind::bytes: *static_cast<Bytes*>(v) = draws.bytes(); return;
    case Kind::records: *static_cast<wire::Records*>(v) = Slice(draws.bytes()); return;
    case Kind::record: fill_record(*type.record(), v, version, draws); return;
    case Kind::nullable: return;
    case Kind::array: break;
  }
  const auto count = draws.below(3);
  auto* element = static_cast<std::byte*>(type.resize(v, count));
  for (std::size_t i = 0; i < count; ++i) {
    fill_value(*type.element, element + i * type.element->size, version, draws);
  }
}

// Fields that the version lacks keep their initializers, and so do some of the tagged ones.
inline void fill_record(const wire::RecordInfo& info, void* record, std::int16_t version,
                        Draws& draws) {
  for (const auto& field : info.fields) {
    if (!field.presence.present.has(version)) continue;
    if (field.presence.tag >= 0 && draws.below(2) == 0) continue;
    void* v = field.of(record);
    if (field.type->kind != wire::Kind::nullable) {
      fill_value(*field.type, v, version, draws);
      continue;
    }
    const bool null = field.presence.nullable.has(version) && draws.below(3) == 0;
    void* content = field.type->resize(v, null ? 0 : 1);
    if (content) fill_value(*field.type->element, content, version, draws);
  }
}

template <class T>
T random_message(std::int16_t version, Draws& draws) {
  T message;
  fill_record(*wire::info_of<T>(), &message, version, draws);
  return message;
}

template <class T>
std::int16_t random_version(Draws& draws) {
  constexpr auto versions = T::description.versions;
  const auto count = static_cast<std::uint64_t>(versions.last - versions.first + 1);
  return static_cast<std::int16_t>(versions.first + static_cast<std::int64_t>(draws.below(count)));
}

}  // namespace brokersim::api
