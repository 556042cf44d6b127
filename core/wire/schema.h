// One description per protocol message; encoding, decoding, size and JSON all derive from it.
//
//   struct HeartbeatRequest {
//     MESSAGE(HeartbeatRequest, .key = 12, .versions = {0, 4}, .flexible = 4)
//     FIELD(std::string, group_id);
//     FIELD(std::int32_t, generation_id) = 0;
//     FIELD(Nullable<std::string>, group_instance_id, since(3).null());
//     END_FIELDS
//   };
//
// The C++ type says what a value looks like on the wire, the rest which versions carry it. FIELD
// declares the member and leaves a row of data behind; schema.cc interprets the rows, which a .cc
// file compiles (core/wire/describe.h). Nothing about the format is generated or templated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/wire/wire.h"

namespace brokersim::wire {

// ---- What a description is written with
// ----------------------------------------------------------

template <class T>
using Nullable = std::optional<T>;

// The content of a `records` field: batches, as slices of where they came from.
struct Records {
  Rope bytes;

  Records() = default;
  Records(Rope rope) : bytes(std::move(rope)) {}
  Records(Slice slice) : bytes(std::move(slice)) {}
  // All of it as one slice; copies only if it is scattered.
  Slice slice() const { return bytes.joined(); }
  friend bool operator==(const Records& a, const Records& b) {
    return a.bytes.size() == b.bytes.size() && a.bytes.flat() == b.bytes.flat();
  }
};

// Both ends are included.
struct Versions {
  std::int16_t first = 0;
  std::int16_t last = std::numeric_limits<std::int16_t>::max();
  constexpr bool has(std::int16_t version) const { return first <= version && version <= last; }
  constexpr bool empty() const { return first > last; }
  friend constexpr bool operator==(const Versions&, const Versions&) = default;
};
inline constexpr Versions no_versions{1, 0};

struct Description {
  std::int16_t key = -1;  // The API's key, or the metadata record's type; -1 for anything else.
  Versions versions;
  std::int16_t flexible = std::numeric_limits<std::int16_t>::max();  // The first such version.

  constexpr bool is_flexible(std::int16_t version) const { return version >= flexible; }
};

// As long as a text may be, in bytes: what a classic length can say. A compact one could say more,
// but Kafka neither writes nor reads such a text: what came in one version may have to be kept, or
// told to others, in an earlier one.
inline constexpr std::size_t longest_text = 0x7fff;

// Tags below this can be described; unknown ones of any size are skipped.
inline constexpr std::size_t max_tags = 32;

// What the protocol says about a field beyond its type.
struct Presence {
  Versions present{};
  Versions nullable = no_versions;
  int tag = -1;            // -1: positional.
  bool ignorable = false;  // A version without the field may drop a value that is set.

  constexpr Presence null(Versions versions = {}) const {
    auto p = *this;
    p.nullable = versions;
    return p;
  }
  constexpr Presence tagged(int number) const {
    auto p = *this;
    p.tag = number;
    return p;
  }
  constexpr Presence may_drop() const {
    auto p = *this;
    p.ignorable = true;
    return p;
  }
};

namespace verbs {
constexpr Presence since(std::int16_t first) { return {.present = {.first = first}}; }
constexpr Presence between(std::int16_t first, std::int16_t last) {
  return {.present = {first, last}};
}
constexpr Presence null(Versions versions = {}) { return Presence{}.null(versions); }
constexpr Presence tagged(int number) { return Presence{}.tagged(number); }
constexpr Presence may_drop() { return Presence{}.may_drop(); }
}  // namespace verbs

// ---- Descriptions as data
// ------------------------------------------------------------------------

enum class Kind : std::uint8_t {
  boolean,
  int8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  float64,
  uuid,
  string,
  bytes,
  records,
  record,
  array,
  nullable,
};

struct RecordInfo;

// The elements of an array, or the none or one of a nullable.
struct Elements {
  const void* data = nullptr;
  std::size_t count = 0;
};

// A wire type together with the few operations needed to reach into its C++ container.
struct Type {
  Kind kind{};
  const RecordInfo* (*record)() = nullptr;        // record
  const Type* element = nullptr;                  // array, nullable
  Elements (*elements)(const void*) = nullptr;    // array, nullable
  void* (*resize)(void*, std::size_t) = nullptr;  // array, nullable: the first element
  bool (*same)(const void*, const void*) = nullptr;
  std::size_t size = 0;  // sizeof, the distance of two elements.
};

struct Field {
  std::string_view name;
  Presence presence;
  const Type* type = nullptr;
  std::size_t offset = 0;

  const void* of(const void* record) const {
    return static_cast<const std::byte*>(record) + offset;
  }
  void* of(void* record) const { return static_cast<std::byte*>(record) + offset; }
};

struct RecordInfo {
  std::span<const Field> fields;
  const void* (*initial)() = nullptr;  // A record of member initializers.
  bool has_tags = false;
  bool (*has_texts)() = nullptr;  // Whether a field is a text, or holds some.
};

template <class T>
struct TypeOf;

template <class T>
bool same_values(const void* a, const void* b) {
  return *static_cast<const T*>(a) == *static_cast<const T*>(b);
}
template <class T>
constexpr Type make_type() {
  Type type = TypeOf<T>::type();
  type.same = &same_values<T>;
  type.size = sizeof(T);
  return type;
}
template <class T>
inline constexpr Type type_of = make_type<T>();

template <int N>
using Line = std::integral_constant<int, N>;

// T, but not before the fields of Whole are asked for: else every file that includes a message
// would compile what is done with the types of its fields.
template <class Whole, class T>
struct Part {
  using Type = T;
};
template <class Whole, class T>
using PartOf = typename Part<Whole, T>::Type;

#define FIELDS(Name)                                          \
  using Self = Name;                                          \
  friend bool operator==(const Name&, const Name&) = default; \
  static constexpr int first_line_ = __LINE__;

#define MESSAGE(Name, ...)                                                  \
  static constexpr ::brokersim::wire::Description description{__VA_ARGS__}; \
  FIELDS(Name)

#define FIELD(T, member, ...)                                                             \
  template <class Whole = Self>                                                           \
  static constexpr ::brokersim::wire::Field field_at(::brokersim::wire::Line<__LINE__>) { \
    using namespace ::brokersim::wire::verbs;                                             \
    return {#member, ::brokersim::wire::Presence{__VA_ARGS__},                            \
            &::brokersim::wire::type_of<::brokersim::wire::PartOf<Whole, T>>,             \
            offsetof(Self, member)};                                                      \
  }                                                                                       \
  T member

#define END_FIELDS static constexpr int last_line_ = __LINE__;

template <class T>
concept Described = requires {
  T::first_line_, T::last_line_;
};
template <class T>
concept Message = Described<T> && requires {
  T::description;
};

// Of a message that a .cc file describes (core/wire/describe.h).
template <Described T>
const RecordInfo* info_of();

// Whether a value of the type is a text, or may hold some.
bool holds_texts(const Type& type);
bool holds_texts(std::span<const Field> fields);

// ---- The interface of a message
// ------------------------------------------------------------------

// Bytes with records to be spliced in at places: what a message with records encodes to when they
// are not to be copied.
class SplicedBytes {
 public:
  Bytes bytes;  // All but the records. What precedes the message may stand here before.

  std::size_t size() const { return bytes.size() + spliced_; }
  // Puts `rope` at the present end of `bytes`. Keeps slices, not the rope.
  void splice(const Rope& rope);
  Rope rope() &&;

 private:
  struct Splice {
    std::size_t at;
    Rope rope;
  };
  std::vector<Splice> splices_;
  std::size_t spliced_ = 0;
};

// The type-erased walks. Encoding requires a described version, and that no field which the
// version lacks is set, unless the field may be dropped.
void encode_record(Writer& out, const RecordInfo& info, const void* record,
                   const Description& description, std::int16_t version);
void encode_record(SplicedBytes& out, const RecordInfo& info, const void* record,
                   const Description& description, std::int16_t version);
// Whether no text is too long. What is made of a peer's words may be: ask before encoding it.
bool record_fits(const RecordInfo& info, const void* record, std::int16_t version);
// Reads one record from the front of `in`. `owner` is the slice that `in` reads from, or null:
// records share its bytes, or are copied. What went wrong is in `in.error()`.
void decode_record(Reader& in, const Slice* owner, const RecordInfo& info, void* record,
                   const Description& description, std::int16_t version);
// Empty on success, otherwise why the input does not begin with such a message. What follows its
// last field is ignored, as Kafka does.
std::string_view decode_all(ByteView input, const Slice* owner, const RecordInfo& info,
                            void* record, const Description& description, std::int16_t version);
std::string record_to_json(const RecordInfo& info, const void* record, std::int16_t version);
// What is wrong with a description itself; empty if nothing.
std::string check_record(const RecordInfo& info, const Description& description);

template <Message T>
void encode_into(Writer& out, const T& message, std::int16_t version) {
  encode_record(out, *info_of<T>(), &message, T::description, version);
}
// As above, without copying records.
template <Message T>
void encode_into(SplicedBytes& out, const T& message, std::int16_t version) {
  encode_record(out, *info_of<T>(), &message, T::description, version);
}
template <Message T>
Bytes encode(const T& message, std::int16_t version) {
  Bytes out;
  out.reserve(256);  // Most messages fit, and the vector does not grow step by step.
  Writer writer(out);
  encode_into(writer, message, version);
  return out;
}
template <Message T>
Rope encode_rope(const T& message, std::int16_t version) {
  SplicedBytes out;
  encode_into(out, message, version);
  return std::move(out).rope();
}
template <Message T>
bool fits(const T& message, std::int16_t version) {
  return record_fits(*info_of<T>(), &message, version);
}
template <Message T>
std::size_t encoded_size(const T& message, std::int16_t version) {
  Writer counter;
  encode_into(counter, message, version);
  return counter.size();
}

// The message that `input` begins with; the error says what is wrong with it. A field that the
// version lacks has its initializer's value. Records are slices of `input`.
template <Message T>
Expected<T, std::string_view> decode(const Slice& input, std::int16_t version) {
  T message;
  const auto error =
      decode_all(input.view(), &input, *info_of<T>(), &message, T::description, version);
  if (!error.empty()) return Unexpected(error);
  return message;
}
// The same of borrowed bytes: records are copies.
template <Message T>
Expected<T, std::string_view> decode(ByteView input, std::int16_t version) {
  T message;
  const auto error = decode_all(input, nullptr, *info_of<T>(), &message, T::description, version);
  if (!error.empty()) return Unexpected(error);
  return message;
}
// One message from the front of `in`, which says what went wrong.
template <Message T>
T decode_from(Reader& in, std::int16_t version) {
  T message;
  decode_record(in, nullptr, *info_of<T>(), &message, T::description, version);
  return message;
}

// Names in camelCase as Kafka's tools print them; bytes and uuids in hexadecimal.
template <Message T>
std::string to_json(const T& message, std::int16_t version) {
  return record_to_json(*info_of<T>(), &message, version);
}
template <Message T>
std::string check_description() {
  return check_record(*info_of<T>(), T::description);
}

// ---- Which C++ type is which wire type
// -----------------------------------------------------------

template <Kind K>
struct PlainType {
  static constexpr Type type() { return {.kind = K}; }
};
template <>
struct TypeOf<bool> : PlainType<Kind::boolean> {};
template <>
struct TypeOf<std::int8_t> : PlainType<Kind::int8> {};
template <>
struct TypeOf<std::int16_t> : PlainType<Kind::int16> {};
template <>
struct TypeOf<std::uint16_t> : PlainType<Kind::uint16> {};
template <>
struct TypeOf<std::int32_t> : PlainType<Kind::int32> {};
template <>
struct TypeOf<std::uint32_t> : PlainType<Kind::uint32> {};
template <>
struct TypeOf<std::int64_t> : PlainType<Kind::int64> {};
template <>
struct TypeOf<double> : PlainType<Kind::float64> {};
template <>
struct TypeOf<Uuid> : PlainType<Kind::uuid> {};
template <>
struct TypeOf<std::string> : PlainType<Kind::string> {};
template <>
struct TypeOf<Bytes> : PlainType<Kind::bytes> {};
template <>
struct TypeOf<Records> : PlainType<Kind::records> {};

template <class T>
requires std::is_enum_v<T>
struct TypeOf<T> : TypeOf<std::underlying_type_t<T>> {
};

template <class Tag, class Rep>
struct TypeOf<StrongInt<Tag, Rep>> : TypeOf<Rep> {};

template <Described T>
struct TypeOf<T> {
  static constexpr Type type() { return {.kind = Kind::record, .record = &info_of<T>}; }
};

template <class T>
struct TypeOf<std::vector<T>> {
  using V = std::vector<T>;
  static Elements elements(const void* v) {
    const auto& vector = *static_cast<const V*>(v);
    return {vector.data(), vector.size()};
  }
  static void* resize(void* v, std::size_t count) {
    auto& vector = *static_cast<V*>(v);
    vector.resize(count);
    return vector.data();
  }
  static constexpr Type type() {
    return {.kind = Kind::array,
            .element = &type_of<T>,
            .elements = &TypeOf::elements,
            .resize = &TypeOf::resize};
  }
};

template <class T>
struct TypeOf<std::optional<T>> {
  using V = std::optional<T>;
  static Elements elements(const void* v) {
    const auto& optional = *static_cast<const V*>(v);
    return optional ? Elements{&*optional, 1} : Elements{};
  }
  static void* resize(void* v, std::size_t count) {
    auto& optional = *static_cast<V*>(v);
    if (count != 0) return &optional.emplace(T{});
    optional.reset();
    return nullptr;
  }
  static constexpr Type type() {
    return {.kind = Kind::nullable,
            .element = &type_of<T>,
            .elements = &TypeOf::elements,
            .resize = &TypeOf::resize};
  }
};

}  // namespace brokersim::wire
