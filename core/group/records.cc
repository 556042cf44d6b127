#include "core/group/records.h"

#include <limits>

#include "core/wire/wire.h"

namespace brokersim::group {
namespace {

constexpr std::int16_t offset_commit_key_version = 1;
constexpr std::int16_t group_metadata_key_version = 2;
constexpr std::int16_t group_metadata_value_version = 3;

// Only version 1 has a commit's own time of expiry; otherwise the leader epoch is worth more.
std::int16_t version_of(const OffsetCommitValue& value) {
  return value.expire_timestamp >= 0 ? std::int16_t{1} : std::int16_t{3};
}

// The code point that begins at `at`, which moves behind it. What is no UTF-8 counts byte by byte.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at++]);
  const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (more == 0 || text.size() - at < more) return lead;
  std::uint32_t point = lead & (0x3fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    point = point << 6 | (static_cast<std::uint8_t>(text[at++]) & 0x3fu);
  }
  return point;
}

// String.hashCode: over UTF-16 units.
std::uint32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (point >= 0x10000) {
      hash = hash * 31 + (0xd800 + ((point - 0x10000) >> 10));
      hash = hash * 31 + (0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      hash = hash * 31 + point;
    }
  }
  return hash;
}

template <wire::Message T>
Bytes with_version(const T& message, std::int16_t version) {
  Bytes out;
  wire::Writer writer(out);
  writer.fixed(version);
  wire::encode_into(writer, message, version);
  return out;
}

template <wire::Message T>
std::optional<T> read_value(const std::optional<Bytes>& bytes, std::string_view& error) {
  if (!bytes) return std::nullopt;
  wire::Reader in(*bytes);
  const auto version = in.fixed<std::int16_t>();
  if (!T::description.versions.has(version)) in.fail("value of an unknown version");
  if (!in.ok()) {
    error = in.error();
    return std::nullopt;
  }
  auto value = wire::decode_from<T>(in, version);
  error = in.error();
  return value;
}

}  // namespace

std::int32_t partition_of(std::string_view group, std::int32_t partitions) {
  REQUIRE(partitions > 0, partitions);
  const auto hash = static_cast<std::int32_t>(java_hash(group));
  if (hash == std::numeric_limits<std::int32_t>::min()) return 0;  // It has no absolute value.
  return (hash < 0 ? -hash : hash) % partitions;
}

wire::Record encode_entry(const OffsetCommitEntry& entry, std::int64_t timestamp) {
  wire::Record record{.timestamp = timestamp,
                      .key = with_version(entry.key, offset_commit_key_version)};
  if (entry.value) record.value = with_version(*entry.value, version_of(*entry.value));
  return record;
}

wire::Record encode_entry(const GroupMetadataEntry& entry, std::int64_t timestamp) {
  wire::Record record{.timestamp = timestamp,
                      .key = with_version(entry.key, group_metadata_key_version)};
  if (entry.value) record.value = with_version(*entry.value, group_metadata_value_version);
  return record;
}

Expected<Entry, std::string_view> decode_entry(const wire::Record& record) {
  if (!record.key) return Unexpected(std::string_view("record without a key"));
  wire::Reader in(*record.key);
  const auto kind = in.fixed<std::int16_t>();
  std::string_view error;
  Entry entry = UnknownEntry{kind};
  if (OffsetCommitKey::description.versions.has(kind)) {
    auto key = wire::decode_from<OffsetCommitKey>(in, kind);
    entry = OffsetCommitEntry{std::move(key), read_value<OffsetCommitValue>(record.value, error)};
  } else if (GroupMetadataKey::description.versions.has(kind)) {
    auto key = wire::decode_from<GroupMetadataKey>(in, kind);
    entry = GroupMetadataEntry{std::move(key), read_value<GroupMetadataValue>(record.value, error)};
  }
  if (!in.ok()) return Unexpected(in.error());
  if (!error.empty()) return Unexpected(error);
  return entry;
}

}  // namespace brokersim::group
