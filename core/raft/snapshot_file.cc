#include "core/raft/snapshot_file.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/api/quorum_records.h"
#include "core/wire/record_batch.h"

namespace brokersim::raft {

namespace {

constexpr std::int16_t header_type = 3;
constexpr std::int16_t footer_type = 4;
constexpr std::size_t batch_bytes = 8 << 20;  // About which a batch of a snapshot has at most.

constexpr std::string_view ending = ".checkpoint";
constexpr std::size_t offset_digits = 20;
constexpr std::size_t epoch_digits = 10;

template <class T>
std::optional<T> digits_of(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && value >= 0;
  return is_number ? std::optional(value) : std::nullopt;
}

// Gives batches their places in the file.
class SnapshotBatches {
 public:
  SnapshotBatches(SnapshotId id, std::int64_t timestamp) : id_(id), timestamp_(timestamp) {}

  void add_control(const std::vector<wire::ControlRecord>& records) {
    add(wire::control_batch(records, id_.epoch, timestamp_));
  }
  void add(wire::Batch batch) {
    batch.header.base_offset = next_offset_;
    batch.header.leader_epoch = id_.epoch;
    next_offset_ = batch.header.next_offset();
    file_.append(batch.bytes());
  }
  Rope take() { return std::move(file_); }

 private:
  SnapshotId id_;
  std::int64_t timestamp_;
  Offset next_offset_ = 0;
  Rope file_;
};

// The batches of the file, if they are whole, unharmed and follow each other.
Expected<std::vector<wire::Batch>, std::string_view> batches_of(SnapshotId id, const Slice& file) {
  auto batches = wire::parse_batches(file);
  if (!batches) return Unexpected(wire::name_of(batches.error()));
  Offset next = 0;
  std::size_t size = 0;
  for (const auto& batch : *batches) {
    if (!batch.crc_is_valid()) return Unexpected(std::string_view("a batch is damaged"));
    if (batch.header.base_offset != next) return Unexpected(std::string_view("a batch is missing"));
    if (batch.header.leader_epoch != id.epoch) {
      return Unexpected(std::string_view("a batch is of another epoch"));
    }
    next = batch.header.next_offset();
    size += batch.size();
  }
  if (size != file.size()) return Unexpected(std::string_view("the last batch is cut"));
  return *std::move(batches);
}

// Of the first record of that type; nothing if there is none.
std::optional<Bytes> control_value(const wire::Batch& batch, std::int16_t type) {
  auto controls = wire::control_records_of(batch);
  if (!controls) return std::nullopt;
  for (auto& control : *controls) {
    if (control.type == type) return std::move(control.value);
  }
  return std::nullopt;
}

// Written with the header, or behind it.
Expected<std::optional<VoterSet>, std::string_view> voters_in(
    const std::vector<wire::Batch>& batches) {
  for (const auto& batch : batches) {
    if (!batch.header.is_control()) continue;
    if (const auto named = control_value(batch, voters_record_type)) {
      TRY(auto voters, decode_voters(*named));
      return std::optional(std::move(voters));
    }
  }
  return std::optional<VoterSet>();
}

}  // namespace

std::string snapshot_file_name(SnapshotId id) {
  return fmt::format("{:020}-{:010}{}", id.end_offset, id.epoch.value, ending);
}

std::optional<SnapshotId> snapshot_id_of(std::string_view name) {
  if (name.size() != offset_digits + 1 + epoch_digits + ending.size()) return std::nullopt;
  if (!name.ends_with(ending) || name[offset_digits] != '-') return std::nullopt;
  const auto end_offset = digits_of<Offset>(name.substr(0, offset_digits));
  const auto epoch = digits_of<std::int32_t>(name.substr(offset_digits + 1, epoch_digits));
  if (!end_offset || !epoch) return std::nullopt;
  return SnapshotId{*end_offset, LeaderEpoch(*epoch)};
}

Rope encode_snapshot(SnapshotId id, const Snapshot& snapshot) {
  SnapshotBatches batches(id, snapshot.last_contained_log_timestamp);
  api::SnapshotHeaderRecord header;
  header.last_contained_log_timestamp = snapshot.last_contained_log_timestamp;
  std::vector<wire::ControlRecord> head{{header_type, wire::encode(header, 0)}};
  if (snapshot.voters) {
    head.push_back({kraft_version_record_type, encode_kraft_version(reconfigurable)});
    head.push_back({voters_record_type, encode_voters(*snapshot.voters)});
  }
  batches.add_control(head);
  wire::BatchBuilder builder;
  for (const Bytes& record : snapshot.records) {
    builder.add({snapshot.last_contained_log_timestamp, std::nullopt, record, {}});
    if (builder.size() >= batch_bytes) batches.add(builder.finish());
  }
  if (!builder.empty()) batches.add(builder.finish());
  batches.add_control({{footer_type, wire::encode(api::SnapshotFooterRecord{}, 0)}});
  return batches.take();
}

Expected<Snapshot, std::string_view> decode_snapshot(SnapshotId id, const Slice& file) {
  TRY(const auto batches, batches_of(id, file));
  if (batches.size() < 2) return Unexpected(std::string_view("header or footer is missing"));
  const auto header = control_value(batches.front(), header_type);
  if (!header) return Unexpected(std::string_view("it does not begin with a header"));
  const auto footer = control_value(batches.back(), footer_type);
  if (!footer) return Unexpected(std::string_view("it does not end with a footer"));
  TRY(const auto head, wire::decode<api::SnapshotHeaderRecord>(ByteView(*header), 0));
  TRY(std::ignore, wire::decode<api::SnapshotFooterRecord>(ByteView(*footer), 0));
  Snapshot snapshot{head.last_contained_log_timestamp, {}, {}};
  TRY(snapshot.voters, voters_in(batches));
  for (std::size_t i = 1; i + 1 < batches.size(); ++i) {
    if (batches[i].header.is_control()) continue;
    auto records = wire::records_of(batches[i]);
    if (!records) return Unexpected(wire::name_of(records.error()));
    for (auto& [offset, record] : *records) {
      snapshot.records.push_back(std::move(record.value).value_or(Bytes()));
    }
  }
  return snapshot;
}

}  // namespace brokersim::raft
