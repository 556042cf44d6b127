#include "core/group/records.h"

#include <utility>

#include "core/api/versioned.h"
#include "core/coordination/versioned.h"
#include "core/wire/wire.h"

namespace brokersim::group {

using coordination::read_value;

namespace {

// Only version 1 has a commit's own time of expiry; otherwise the leader epoch is worth more.
std::int16_t version_of(const OffsetCommitValue& value) {
  return value.expire_timestamp >= 0 ? std::int16_t{1} : std::int16_t{3};
}
std::int16_t version_of(const GroupMetadataValue&) { return 3; }
template <class Value>
std::int16_t version_of(const Value&) {
  return Value::description.versions.last;
}

// Each kind of record has its own versions of keys, and one entry.
template <class Found, class Key, class Value>
void read_if(EntryOf<Key, Value>*, std::int16_t kind, wire::Reader& in, const wire::Record& record,
             Found found) {
  if (!Key::description.versions.has(kind)) return;
  auto key = wire::decode_from<Key>(in, kind);
  auto value = read_value<Value>(record.value);
  if (!value) return found(Unexpected(value.error()));
  found(Entry(EntryOf<Key, Value>{std::move(key), *std::move(value)}));
}
template <class Found>
void read_if(UnknownEntry*, std::int16_t, wire::Reader&, const wire::Record&, Found) {}

template <class... Kinds>
Expected<Entry, std::string_view> read_entry(std::variant<Kinds...>*, std::int16_t kind,
                                             wire::Reader& in, const wire::Record& record) {
  Expected<Entry, std::string_view> entry = Entry(UnknownEntry{kind});
  const auto found = [&entry](Expected<Entry, std::string_view> one) { entry = std::move(one); };
  (read_if(static_cast<Kinds*>(nullptr), kind, in, record, found), ...);
  return entry;
}

}  // namespace

wire::Record encode_entry(const Entry& entry, std::int64_t timestamp) {
  wire::Record record{.timestamp = timestamp};
  std::visit(
      [&record](const auto& one) {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, UnknownEntry>) {
          REQUIRE(false, one.kind);
        } else {
          // Of two versions that are alike the later one is written.
          record.key = api::encode_versioned(one.key, one.key.description.versions.last);
          if (one.value) record.value = api::encode_versioned(*one.value, version_of(*one.value));
        }
      },
      entry);
  return record;
}

Expected<Entry, std::string_view> decode_entry(const wire::Record& record) {
  if (!record.key) return Unexpected(std::string_view("record without a key"));
  wire::Reader in(*record.key);
  const auto kind = in.fixed<std::int16_t>();
  auto entry = read_entry(static_cast<Entry*>(nullptr), kind, in, record);
  if (!in.ok()) return Unexpected(in.error());
  return entry;
}

}  // namespace brokersim::group
