#include "core/group/records.h"

#include <utility>

#include "core/api/versioned.h"
#include "core/coordination/versioned.h"
#include "core/wire/wire.h"

namespace brokersim::group {

using coordination::read_value;

namespace {

constexpr std::int16_t offset_commit_key_version = 1;
constexpr std::int16_t group_metadata_key_version = 2;
constexpr std::int16_t group_metadata_value_version = 3;

// Only version 1 has a commit's own time of expiry; otherwise the leader epoch is worth more.
std::int16_t version_of(const OffsetCommitValue& value) {
  return value.expire_timestamp >= 0 ? std::int16_t{1} : std::int16_t{3};
}

}  // namespace

wire::Record encode_entry(const OffsetCommitEntry& entry, std::int64_t timestamp) {
  wire::Record record{.timestamp = timestamp,
                      .key = api::encode_versioned(entry.key, offset_commit_key_version)};
  if (entry.value) record.value = api::encode_versioned(*entry.value, version_of(*entry.value));
  return record;
}

wire::Record encode_entry(const GroupMetadataEntry& entry, std::int64_t timestamp) {
  wire::Record record{.timestamp = timestamp,
                      .key = api::encode_versioned(entry.key, group_metadata_key_version)};
  if (entry.value) record.value = api::encode_versioned(*entry.value, group_metadata_value_version);
  return record;
}

Expected<Entry, std::string_view> decode_entry(const wire::Record& record) {
  if (!record.key) return Unexpected(std::string_view("record without a key"));
  wire::Reader in(*record.key);
  const auto kind = in.fixed<std::int16_t>();
  Entry entry = UnknownEntry{kind};
  if (OffsetCommitKey::description.versions.has(kind)) {
    auto key = wire::decode_from<OffsetCommitKey>(in, kind);
    TRY(auto value, read_value<OffsetCommitValue>(record.value));
    entry = OffsetCommitEntry{std::move(key), std::move(value)};
  } else if (GroupMetadataKey::description.versions.has(kind)) {
    auto key = wire::decode_from<GroupMetadataKey>(in, kind);
    TRY(auto value, read_value<GroupMetadataValue>(record.value));
    entry = GroupMetadataEntry{std::move(key), std::move(value)};
  }
  if (!in.ok()) return Unexpected(in.error());
  return entry;
}

}  // namespace brokersim::group
