// The interpreter of message descriptions: walks a record along its rows.
#include "core/wire/schema.h"

#include <algorithm>
#include <cstring>

namespace brokersim::wire {
namespace {

// Scalars may be enums or strong integers in the record, hence a copy and not a cast.
template <class T>
T load(const void* value) {
  T result;
  std::memcpy(&result, value, sizeof result);
  return result;
}
template <class T>
void store(void* value, T bits) {
  std::memcpy(value, &bits, sizeof bits);
}
template <class T>
const T& as(const void* value) {
  return *static_cast<const T*>(value);
}
template <class T>
T& as(void* value) {
  return *static_cast<T*>(value);
}

const void* advance(const void* element, std::size_t bytes) {
  return static_cast<const std::byte*>(element) + bytes;
}
void* advance(void* element, std::size_t bytes) { return static_cast<std::byte*>(element) + bytes; }

// ---- Encoding
// ------------------------------------------------------------------------------------

class Encoder {
 public:
  // `spliced` takes records uncopied; without it they are written like bytes.
  Encoder(Writer& out, SplicedBytes* spliced, const Description& description, std::int16_t version)
      : out_(out),
        spliced_(spliced),
        version_(version),
        flexible_(description.is_flexible(version)) {
    REQUIRE(description.versions.has(version), description.key, version);
  }

  void record(const RecordInfo& info, const void* record) {
    for (const auto& field : info.fields) {
      if (!field.presence.present.has(version_)) {
        REQUIRE(field.presence.ignorable || !is_set(info, field, record), field.name, version_);
      } else if (field.presence.tag < 0) {
        value(field, record);
      }
    }
    if (!flexible_) return;
    if (info.has_tags) {
      tagged(info, record);
    } else {
      out_.uvarint(0);
    }
  }

 private:
  static bool is_set(const RecordInfo& info, const Field& field, const void* record) {
    return !field.type->same(field.of(record), field.of(info.initial()));
  }

  // Fields with their initializer's value are left out; the others stand in the order of tags.
  void tagged(const RecordInfo& info, const void* record) {
    const Field* set[max_tags];  // Of the tags that `tags` has a bit for.
    std::uint64_t tags = 0;
    std::uint64_t count = 0;
    for (const auto& field : info.fields) {
      if (field.presence.tag < 0 || !field.presence.present.has(version_)) continue;
      if (!is_set(info, field, record)) continue;
      set[field.presence.tag] = &field;
      tags |= std::uint64_t{1} << field.presence.tag;
      ++count;
    }
    out_.uvarint(count);
    for (std::uint64_t tag = 0; tags >> tag != 0; ++tag) {
      if ((tags >> tag & 1) == 0) continue;
      out_.uvarint(tag);
      out_.uvarint(size_of(*set[tag], record));
      value(*set[tag], record);
    }
  }

  std::size_t size_of(const Field& field, const void* record) const {
    Writer counter;
    Encoder(counter, *this).value(field, record);
    return counter.size();
  }
  Encoder(Writer& counter, const Encoder& like)
      : out_(counter), spliced_(nullptr), version_(like.version_), flexible_(like.flexible_) {}

  void value(const Field& field, const void* record) {
    const void* v = field.of(record);
    if (field.type->kind != Kind::nullable) return value(*field.type, v);
    const auto content = field.type->elements(v);
    const auto& type = *field.type->element;
    const bool may_be_null = field.presence.nullable.has(version_);
    REQUIRE(content.count != 0 || may_be_null, field.name, version_);
    if (type.kind == Kind::record && may_be_null) {
      out_.fixed(static_cast<std::int8_t>(content.count == 0 ? -1 : 1));
    }
    if (content.count != 0) return value(type, content.data);
    if (type.kind == Kind::record) return;
    if (flexible_) return out_.uvarint(0);
    if (type.kind == Kind::string) return out_.fixed<std::int16_t>(-1);
    out_.fixed<std::int32_t>(-1);
  }

  void value(const Type& type, const void* v) {
    switch (type.kind) {
      case Kind::boolean: return out_.fixed<std::uint8_t>(load<bool>(v));
      case Kind::int8: return out_.fixed(load<std::int8_t>(v));
      case Kind::int16:
      case Kind::uint16: return out_.fixed(load<std::int16_t>(v));
      case Kind::int32:
      case Kind::uint32: return out_.fixed(load<std::int32_t>(v));
      case Kind::int64:
      case Kind::float64: return out_.fixed(load<std::int64_t>(v));
      case Kind::uuid: return out_.raw(as<Uuid>(v));
      case Kind::string: return string(as<std::string>(v));
      case Kind::bytes: length<std::int32_t>(as<Bytes>(v).size()); return out_.raw(as<Bytes>(v));
      case Kind::records: return records(as<Records>(v).bytes);
      case Kind::record: return record(*type.record(), v);
      case Kind::array: return array(type, v);
      case Kind::nullable: break;  // Only fields are nullable, never elements.
    }
    __builtin_unreachable();
  }

  void string(const std::string& text) {
    length<std::int16_t>(text.size());
    out_.raw(as_bytes(text));
  }

  void records(const Rope& rope) {
    length<std::int32_t>(rope.size());
    if (spliced_) return spliced_->splice(rope);
    for (const auto& slice : rope.slices()) out_.raw(slice.view());
  }

  void array(const Type& type, const void* v) {
    const auto elements = type.elements(v);
    const auto& element = *type.element;
    length<std::int32_t>(elements.count);
    for (std::size_t i = 0; i < elements.count; ++i) {
      value(element, advance(elements.data, i * element.size));
    }
  }

  template <class Width>
  void length(std::size_t n) {
    if (flexible_) return out_.uvarint(n + 1);
    REQUIRE(n <= static_cast<std::size_t>(std::numeric_limits<Width>::max()), n);
    out_.fixed(static_cast<Width>(n));
  }

  Writer& out_;
  SplicedBytes* spliced_;
  std::int16_t version_;
  bool flexible_;
};

// ---- Decoding
// ------------------------------------------------------------------------------------

class Decoder {
 public:
  Decoder(Reader& in, const Slice* owner, const Description& description, std::int16_t version)
      : in_(&in),
        owner_(owner),
        version_(version),
        flexible_(description.is_flexible(version)),
        budget_(std::min(most_elements, least_elements + in.remaining() * elements_per_byte)) {
    if (!description.versions.has(version)) in_->fail("version is not supported");
  }

  void record(const RecordInfo& info, void* record) {
    for (const auto& field : info.fields) {
      if (field.presence.tag < 0 && field.presence.present.has(version_)) value(field, record);
    }
    if (flexible_) tagged(info, record);
  }

 private:
  void tagged(const RecordInfo& info, void* record) {
    std::uint64_t next_tag = 0;
    for (auto count = in_->uvarint32(); count > 0 && in_->ok(); --count) {
      const std::uint64_t tag = in_->uvarint32();
      Reader content(in_->raw(in_->uvarint32()));
      if (tag < next_tag) return in_->fail("tags are not in increasing order");
      next_tag = tag + 1;
      const auto* field = find(info, tag);
      if (!field || !in_->ok()) continue;
      Reader* outer = std::exchange(in_, &content);
      value(*field, record);
      in_ = outer;
      if (content.remaining() != 0) content.fail("a tagged field is longer than its value");
      if (!content.ok()) return in_->fail(content.error());
    }
  }

  const Field* find(const RecordInfo& info, std::uint64_t tag) const {
    if (!info.has_tags || tag >= max_tags) return nullptr;
    for (const auto& field : info.fields) {
      if (field.presence.tag != static_cast<int>(tag)) continue;
      return field.presence.present.has(version_) ? &field : nullptr;
    }
    return nullptr;
  }

  void value(const Field& field, void* record) {
    void* v = field.of(record);
    if (field.type->kind != Kind::nullable) return value(*field.type, v);
    const auto& type = *field.type->element;
    const bool may_be_null = field.presence.nullable.has(version_);
    const bool marked = type.kind == Kind::record;
    std::int64_t n = 0;
    if (!marked) {
      n = length(type.kind);
    } else if (may_be_null) {
      n = in_->fixed<std::int8_t>();
    }
    const bool is_null = n < 0;  // As Kafka's: -1 is what is written, any negative is understood.
    if (is_null && !may_be_null) in_->fail("null where the version allows none");
    void* content = field.type->resize(v, is_null ? 0 : 1);
    if (!content || !in_->ok()) return;
    marked ? this->record(*type.record(), content) : fill(type, content, n);
  }

  void value(const Type& type, void* v) {
    switch (type.kind) {
      case Kind::boolean: return store(v, in_->fixed<std::uint8_t>() != 0);
      case Kind::int8: return store(v, in_->fixed<std::int8_t>());
      case Kind::int16:
      case Kind::uint16: return store(v, in_->fixed<std::int16_t>());
      case Kind::int32:
      case Kind::uint32: return store(v, in_->fixed<std::int32_t>());
      case Kind::int64:
      case Kind::float64: return store(v, in_->fixed<std::int64_t>());
      case Kind::uuid: return uuid(as<Uuid>(v));
      case Kind::string:
      case Kind::bytes:
      case Kind::records:
      case Kind::array: return fill(type, v, length(type.kind));
      case Kind::record: return record(*type.record(), v);
      case Kind::nullable: break;
    }
    __builtin_unreachable();
  }

  void uuid(Uuid& v) {
    const auto bytes = in_->raw(v.size());
    std::copy(bytes.begin(), bytes.end(), v.begin());
  }

  std::int64_t length(Kind kind) {
    if (!flexible_) {
      return kind == Kind::string ? in_->fixed<std::int16_t>() : in_->fixed<std::int32_t>();
    }
    return std::int64_t{static_cast<std::int32_t>(in_->uvarint32())} - 1;
  }

  // What follows its length. No element is smaller than a byte (check_record), so that a count
  // beyond the input is a lie.
  void fill(const Type& type, void* v, std::int64_t n) {
    if (n < 0) return in_->fail("null where the version allows none");
    const bool is_text = type.kind == Kind::string;
    if (is_text && static_cast<std::uint64_t>(n) > longest_text) {
      return in_->fail("a text is too long");
    }
    if (static_cast<std::uint64_t>(n) > in_->remaining()) {
      return in_->fail("a length exceeds the input");
    }
    const auto size = static_cast<std::size_t>(n);
    switch (type.kind) {
      case Kind::array: return array(type, v, size);
      case Kind::string: return void(as<std::string>(v) = as_text(in_->raw(size)));
      case Kind::records: return records(as<Records>(v), in_->raw(size));
      default: break;
    }
    const auto bytes = in_->raw(size);
    as<Bytes>(v).assign(bytes.begin(), bytes.end());
  }

  void records(Records& v, ByteView bytes) {
    if (!owner_) return void(v = Records(Slice::copy_of(bytes)));
    if (bytes.empty()) return void(v = Records());
    const auto at = static_cast<std::size_t>(bytes.data() - owner_->data());
    v = Records(owner_->sub(at, bytes.size()));
  }

  // Grows as elements arrive: a short input that announces many must not take much memory. Nor must
  // a long one of elements that are a byte on the wire and a hundred here.
  void array(const Type& type, void* v, std::size_t size) {
    constexpr std::size_t first_elements = 1024;
    const auto& element = *type.element;
    std::size_t have = 0;
    void* data = type.resize(v, 0);
    for (std::size_t i = 0; i < size && in_->ok(); ++i) {
      if (i == have) {
        const std::size_t next = std::min(size, std::max(first_elements, have * 2));
        if (!spend((next - have) * element.size)) return;
        have = next;
        data = type.resize(v, have);
      }
      value(element, advance(data, i * element.size));
    }
  }

  bool spend(std::size_t bytes) {
    if (bytes > budget_) in_->fail("its elements take too much memory");
    budget_ -= std::min(budget_, bytes);
    return in_->ok();
  }

  // Of all elements of a message together.
  static constexpr std::size_t least_elements = std::size_t{1} << 20;
  static constexpr std::size_t most_elements = std::size_t{64} << 20;
  static constexpr std::size_t elements_per_byte = 32;

  Reader* in_;
  const Slice* owner_;
  std::int16_t version_;
  bool flexible_;
  std::size_t budget_;
};

// ---- JSON
// ----------------------------------------------------------------------------------------

class JsonPrinter {
 public:
  JsonPrinter(std::string& out, std::int16_t version) : out_(out), version_(version) {}

  void record(const RecordInfo& info, const void* record) {
    const char* separator = "";
    out_ += '{';
    for (const auto& field : info.fields) {
      if (!field.presence.present.has(version_)) continue;
      out_ += std::exchange(separator, ",");
      name(field.name);
      value(*field.type, field.of(record));
    }
    out_ += '}';
  }

 private:
  void value(const Type& type, const void* v) {
    switch (type.kind) {
      case Kind::boolean: return void(out_ += load<bool>(v) ? "true" : "false");
      case Kind::int8: return number(load<std::int8_t>(v));
      case Kind::int16: return number(load<std::int16_t>(v));
      case Kind::uint16: return number(load<std::uint16_t>(v));
      case Kind::int32: return number(load<std::int32_t>(v));
      case Kind::uint32: return number(load<std::uint32_t>(v));
      case Kind::int64: return number(load<std::int64_t>(v));
      case Kind::float64: return number(load<double>(v));
      case Kind::uuid: return hex(as<Uuid>(v));
      case Kind::bytes: return hex(as<Bytes>(v));
      case Kind::records: return hex(as<Records>(v).bytes.flat());
      case Kind::string: return string(as<std::string>(v));
      case Kind::record: return record(*type.record(), v);
      case Kind::array: return array(type, v);
      case Kind::nullable: break;
    }
    const auto content = type.elements(v);
    content.count != 0 ? value(*type.element, content.data) : void(out_ += "null");
  }

  void array(const Type& type, const void* v) {
    const auto elements = type.elements(v);
    const char* separator = "";
    out_ += '[';
    for (std::size_t i = 0; i < elements.count; ++i) {
      out_ += std::exchange(separator, ",");
      value(*type.element, advance(elements.data, i * type.element->size));
    }
    out_ += ']';
  }

  template <class T>
  void number(T v) {
    fmt::format_to(std::back_inserter(out_), "{}", v);
  }

  void hex(ByteView bytes) {
    out_ += '"';
    for (const auto byte : bytes) fmt::format_to(std::back_inserter(out_), "{:02x}", byte);
    out_ += '"';
  }

  void string(std::string_view text) {
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        (out_ += '\\') += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  // max_wait_ms prints as "maxWaitMs".
  void name(std::string_view snake) {
    out_ += '"';
    bool after_underscore = false;
    for (const char c : snake) {
      if (c != '_') out_ += after_underscore ? static_cast<char>(c - 'a' + 'A') : c;
      after_underscore = c == '_';
    }
    out_ += "\":";
  }

  std::string& out_;
  std::int16_t version_;
};

// ---- Fitting -----------------------------------------------------------------------------------

// Whether peers take each text.
class TextLengths {
 public:
  explicit TextLengths(std::int16_t version) : version_(version) {}

  bool fit(const RecordInfo& info, const void* record) const {
    return std::all_of(info.fields.begin(), info.fields.end(), [&](const Field& field) {
      return !field.presence.present.has(version_) || fit(*field.type, field.of(record));
    });
  }

 private:
  bool fit(const Type& type, const void* v) const {
    switch (type.kind) {
      case Kind::string: return as<std::string>(v).size() <= longest_text;
      case Kind::record: return fit(*type.record(), v);
      case Kind::array:
      case Kind::nullable: return !holds_texts(*type.element) || all_fit(type, v);
      default: return true;
    }
  }

  bool all_fit(const Type& type, const void* v) const {
    const auto elements = type.elements(v);
    const auto& element = *type.element;
    for (std::size_t i = 0; i < elements.count; ++i) {
      if (!fit(element, advance(elements.data, i * element.size))) return false;
    }
    return true;
  }

  std::int16_t version_;
};

// ---- Checking
// ------------------------------------------------------------------------------------

// Whether an element takes no bytes in some version: then a count would say nothing of the input.
bool has_empty_elements(const Field& field, const Description& description) {
  const auto* array = field.type->kind == Kind::nullable ? field.type->element : field.type;
  if (array->kind != Kind::array || array->element->kind != Kind::record) return false;
  const auto& fields = array->element->record()->fields;
  const auto& presence = field.presence;
  const auto first = std::max(presence.present.first, description.versions.first);
  const auto last = std::min(presence.present.last, description.versions.last);
  for (auto version = first; version <= last && !description.is_flexible(version); ++version) {
    const bool is_empty = std::none_of(fields.begin(), fields.end(), [version](const auto& f) {
      return f.presence.present.has(version);
    });
    if (is_empty) return true;
  }
  return false;
}

std::string_view fault_of(const Field& field, const Description& description) {
  const auto& presence = field.presence;
  if (presence.present.first > description.versions.last) return "is in no version";
  if (presence.present.last < description.versions.first) return "is in no version";
  if ((field.type->kind == Kind::nullable) == presence.nullable.empty()) {
    return "is Nullable without .null(), or the reverse";
  }
  if (has_empty_elements(field, description)) return "has elements without bytes";
  if (presence.tag < 0) return {};
  if (presence.tag >= static_cast<int>(max_tags)) return "has a tag beyond the maximum";
  if (presence.present.first < description.flexible) return "is tagged in a version without tags";
  return {};
}

}  // namespace

// ---- The interface
// -------------------------------------------------------------------------------

bool holds_texts(const Type& type) {
  if (type.kind == Kind::record) return type.record()->has_texts();
  return type.kind == Kind::string || (type.element != nullptr && holds_texts(*type.element));
}

bool holds_texts(std::span<const Field> fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [](const Field& field) { return holds_texts(*field.type); });
}

void SplicedBytes::splice(const Rope& rope) {
  if (rope.empty()) return;
  spliced_ += rope.size();
  splices_.push_back({bytes.size(), rope});
}

Rope SplicedBytes::rope() && {
  const Slice own(std::move(bytes));
  Rope rope;
  std::size_t done = 0;
  for (const auto& splice : splices_) {
    rope.append(own.sub(done, splice.at - done));
    rope.append(splice.rope);
    done = splice.at;
  }
  rope.append(own.from(done));
  return rope;
}

void encode_record(Writer& out, const RecordInfo& info, const void* record,
                   const Description& description, std::int16_t version) {
  Encoder(out, nullptr, description, version).record(info, record);
}

void encode_record(SplicedBytes& out, const RecordInfo& info, const void* record,
                   const Description& description, std::int16_t version) {
  Writer writer(out.bytes);
  Encoder(writer, &out, description, version).record(info, record);
}

bool record_fits(const RecordInfo& info, const void* record, std::int16_t version) {
  return TextLengths(version).fit(info, record);
}

void decode_record(Reader& in, const Slice* owner, const RecordInfo& info, void* record,
                   const Description& description, std::int16_t version) {
  Decoder(in, owner, description, version).record(info, record);
}

std::string_view decode_all(ByteView input, const Slice* owner, const RecordInfo& info,
                            void* record, const Description& description, std::int16_t version) {
  Reader in(input);
  decode_record(in, owner, info, record, description, version);
  return in.error();
}

std::string record_to_json(const RecordInfo& info, const void* record, std::int16_t version) {
  std::string out;
  JsonPrinter(out, version).record(info, record);
  return out;
}

std::string check_record(const RecordInfo& info, const Description& description) {
  std::uint64_t tags = 0;
  for (const auto& field : info.fields) {
    const Type* inner = field.type;
    while (inner->element) inner = inner->element;
    if (inner->kind == Kind::record) {
      auto nested = check_record(*inner->record(), description);
      if (!nested.empty()) return fmt::format("{}.{}", field.name, nested);
    }
    const auto fault = fault_of(field, description);
    if (!fault.empty()) return fmt::format("{} {}", field.name, fault);
    if (field.presence.tag < 0) continue;
    const auto bit = std::uint64_t{1} << field.presence.tag;
    if ((tags & bit) != 0) return fmt::format("{} shares its tag", field.name);
    tags |= bit;
  }
  return {};
}

}  // namespace brokersim::wire
