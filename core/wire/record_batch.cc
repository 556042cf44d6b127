// Record batch v2: reading, checking and building.
#include "core/wire/record_batch.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <span>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/wire/crc32c.h"
#include "core/wire/record_reader.h"
#include "core/wire/wire.h"

namespace brokersim::wire {
namespace {

constexpr std::size_t length_ends_at = 12;  // What the length field counts begins here.
constexpr std::size_t crc_begins_at = 21;   // What the CRC covers begins here.
constexpr std::int8_t magic = 2;
constexpr std::int16_t codec_attributes = 0x07;
constexpr std::int16_t append_time_attribute = 0x08;
constexpr std::int16_t transactional_attribute = 0x10;
constexpr std::int16_t control_attribute = 0x20;
constexpr std::int16_t abort_type = 0;
constexpr std::int16_t commit_type = 1;
constexpr std::int16_t delete_horizon_attribute = 0x40;

// Writes the fields of a header one behind the other, into a place that has room for all of them.
class HeaderWriter {
 public:
  explicit HeaderWriter(std::span<std::uint8_t> room) : room_(room) {}

  template <std::integral T>
  void fixed(T value) {
    const auto bytes = big_endian(value);
    std::copy(bytes.begin(), bytes.end(), room_.begin());
    room_ = room_.subspan(bytes.size());
  }
  bool is_full() const { return room_.empty(); }

 private:
  std::span<std::uint8_t> room_;
};

void write_crc_covered(HeaderWriter& out, const BatchHeader& header) {
  out.fixed(header.attributes);
  out.fixed(header.last_offset_delta);
  out.fixed(header.base_timestamp);
  out.fixed(header.max_timestamp);
  out.fixed(header.producer_id);
  out.fixed(header.producer_epoch);
  out.fixed(header.base_sequence);
  out.fixed(header.record_count);
}

std::array<std::uint8_t, batch_header_size - crc_begins_at> crc_covered(const BatchHeader& header) {
  std::array<std::uint8_t, batch_header_size - crc_begins_at> bytes{};
  HeaderWriter out(bytes);
  write_crc_covered(out, header);
  ASSERT(out.is_full());
  return bytes;
}

std::uint32_t crc_of(const Batch& batch) {
  return crc32c(batch.body.view(), crc32c(crc_covered(batch.header)));
}

std::uint64_t hash(ByteView bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// What the leader may have rewritten — codec, kind of timestamp, largest timestamp — as it was.
// What cannot be read stays as it is.
Batch as_produced(const Batch& batch) {
  const auto records = uncompressed_body(batch);
  if (!records) return batch;
  Batch produced{batch.header, *records};
  produced.header.set_codec(Codec::none);
  if (!batch.header.has_append_time()) return produced;
  produced.header.set_append_time(false);
  RecordReader reader(produced.header, records->view());
  std::optional<std::int64_t> max_timestamp;
  while (const auto record = reader.next()) {
    max_timestamp = std::max(max_timestamp.value_or(record->timestamp), record->timestamp);
  }
  produced.header.max_timestamp = max_timestamp.value_or(batch.header.max_timestamp);
  return produced;
}

// ---- Records -----------------------------------------------------------------------------------

void write_nullable(Writer& out, const std::optional<Bytes>& bytes) {
  if (!bytes) return out.varint(-1);
  out.varint(static_cast<std::int64_t>(bytes->size()));
  out.raw(*bytes);
}

struct Deltas {
  std::int64_t timestamp = 0;
  std::int32_t offset = 0;
};

// A record without the length that precedes it.
void write_record(Writer& out, const Record& record, Deltas deltas) {
  out.fixed<std::int8_t>(0);  // Attributes: none are defined.
  out.varint(deltas.timestamp);
  out.varint(deltas.offset);
  write_nullable(out, record.key);
  write_nullable(out, record.value);
  out.varint(static_cast<std::int64_t>(record.headers.size()));
  for (const auto& header : record.headers) {
    out.varint(static_cast<std::int64_t>(header.key.size()));
    out.raw(as_bytes(header.key));
    write_nullable(out, header.value);
  }
}

BatchHeader read_header(Reader& in) {
  BatchHeader header;
  header.base_offset = in.fixed<std::int64_t>();
  in.fixed<std::int32_t>();
  header.leader_epoch = LeaderEpoch{in.fixed<std::int32_t>()};
  in.fixed<std::int8_t>();
  header.crc = in.fixed<std::uint32_t>();
  header.attributes = in.fixed<std::int16_t>();
  header.last_offset_delta = in.fixed<std::int32_t>();
  header.base_timestamp = in.fixed<std::int64_t>();
  header.max_timestamp = in.fixed<std::int64_t>();
  header.producer_id = in.fixed<std::int64_t>();
  header.producer_epoch = in.fixed<std::int16_t>();
  header.base_sequence = in.fixed<std::int32_t>();
  header.record_count = in.fixed<std::int32_t>();
  return header;
}

}  // namespace

std::string_view name_of(BatchError error) {
  switch (error) {
    case BatchError::too_short: return "too_short";
    case BatchError::bad_length: return "bad_length";
    case BatchError::old_magic: return "old_magic";
    case BatchError::bad_magic: return "bad_magic";
    case BatchError::bad_crc: return "bad_crc";
    case BatchError::bad_records: return "bad_records";
    case BatchError::bad_compression: return "bad_compression";
    case BatchError::too_large: return "too_large";
    case BatchError::unknown_codec: return "unknown_codec";
  }
  return "?";
}

void BatchHeader::set_codec(Codec codec) {
  attributes =
      static_cast<std::int16_t>((attributes & ~codec_attributes) | static_cast<int>(codec));
}

void BatchHeader::set_append_time(bool has_append_time) {
  attributes = static_cast<std::int16_t>((attributes & ~append_time_attribute) |
                                         (has_append_time ? append_time_attribute : 0));
}

void BatchHeader::set_transactional() {
  attributes = static_cast<std::int16_t>(attributes | transactional_attribute);
}

std::int32_t sequence_after(std::int32_t sequence, std::int32_t steps) {
  constexpr std::int64_t count = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  return static_cast<std::int32_t>((std::int64_t{sequence} + steps + count) % count);
}

Rope Batch::bytes() const {
  Bytes out(batch_header_size);
  HeaderWriter writer(out);
  writer.fixed(header.base_offset);
  writer.fixed(static_cast<std::int32_t>(size() - length_ends_at));
  writer.fixed(header.leader_epoch.value);
  writer.fixed(magic);
  writer.fixed(header.crc);
  write_crc_covered(writer, header);
  ASSERT(writer.is_full());
  Rope rope(std::move(out));
  rope.append(body);
  return rope;
}

bool Batch::crc_is_valid() const { return crc_of(*this) == header.crc; }

void Batch::seal() { header.crc = crc_of(*this); }

void Batch::set_producer(std::int64_t id, std::int16_t epoch, std::int32_t base_sequence) {
  header.producer_id = id;
  header.producer_epoch = epoch;
  header.base_sequence = base_sequence;
  seal();
}

BatchRole Batch::role() const {
  if (!header.is_control()) {
    return header.is_transactional() ? BatchRole::transactional : BatchRole::data;
  }
  const auto marker = marker_of(*this);
  if (!marker) return BatchRole::control;
  return marker->is_commit ? BatchRole::commit : BatchRole::abort;
}

BatchRef Batch::ref() const {
  if (header.codec() != Codec::none || header.has_append_time()) {
    const Batch produced = as_produced(*this);
    if (produced.header != header) return produced.ref();
  }
  const auto digest = hash(body.view(), hash(crc_covered(header), 0));
  return {header.base_offset, header.last_offset(),  header.leader_epoch, digest, role(),
          header.producer_id, header.producer_epoch, header.base_sequence};
}

Expected<ParsedHeader, BatchError> parse_batch_header(ByteView input) {
  if (input.size() < batch_header_size) return Unexpected(BatchError::too_short);
  Reader length_reader(input.subspan(8));
  const auto length = length_reader.fixed<std::int32_t>();
  if (length < static_cast<std::int32_t>(batch_header_size - length_ends_at)) {
    return Unexpected(BatchError::bad_length);
  }
  if (input[16] < magic) return Unexpected(BatchError::old_magic);
  if (input[16] != magic) return Unexpected(BatchError::bad_magic);
  Reader in(input);
  const auto header = read_header(in);
  // Nobody may have to fear an overflow in next_offset().
  const auto highest =
      std::numeric_limits<Offset>::max() - std::numeric_limits<std::int32_t>::max();
  if (header.base_offset < 0 || header.last_offset_delta < 0 || header.base_offset >= highest) {
    return Unexpected(BatchError::bad_records);
  }
  return ParsedHeader{header, length_ends_at + static_cast<std::size_t>(length)};
}

Expected<Batch, BatchError> parse_batch(const Slice& input) {
  TRY(const auto parsed, parse_batch_header(input.view()));
  if (parsed.size > input.size()) return Unexpected(BatchError::too_short);
  return Batch{parsed.header, input.sub(batch_header_size, parsed.size - batch_header_size)};
}

Expected<std::vector<Batch>, BatchError> parse_batches(const Slice& input, std::size_t most) {
  std::vector<Batch> batches;
  for (std::size_t at = 0; at < input.size() && batches.size() < most;) {
    auto batch = parse_batch(input.from(at));
    if (!batch && batch.error() == BatchError::too_short) break;
    if (!batch) return Unexpected(batch.error());
    at += batch->size();
    batches.push_back(*std::move(batch));
  }
  return batches;
}

std::uint64_t count_records(const Rope& batches) {
  std::uint64_t records = 0;
  for (std::size_t at = 0; at + batch_header_size <= batches.size();) {
    std::array<std::uint8_t, batch_header_size> head;
    batches.copy_to(at, head);
    const auto parsed = parse_batch_header(head);
    if (!parsed || parsed->size > batches.size() - at) break;
    records += static_cast<std::uint64_t>(std::max(0, parsed->header.record_count));
    at += parsed->size;
  }
  return records;
}

Expected<Slice, BatchError> uncompressed_body(const Batch& batch, std::size_t max_size) {
  const Codec codec = batch.header.codec();
  if (codec == Codec::none) return batch.body;
  auto body = decompress(codec, batch.body.view(), max_size);
  if (body) return Slice(*std::move(body));
  switch (body.error()) {
    case CompressionError::malformed: break;
    case CompressionError::too_large: return Unexpected(BatchError::too_large);
    case CompressionError::unknown_codec: return Unexpected(BatchError::unknown_codec);
  }
  return Unexpected(BatchError::bad_compression);
}

Expected<std::vector<RecordAt>, BatchError> records_of(const Batch& batch, std::size_t max_size) {
  TRY(const Slice body, uncompressed_body(batch, max_size));
  std::vector<RecordAt> records;
  RecordReader reader(batch.header, body.view());
  while (const auto record = reader.next()) {
    records.push_back({batch.header.base_offset + record->offset_delta, record->copy()});
  }
  if (!reader.ok()) return Unexpected(BatchError::bad_records);
  if (static_cast<std::int64_t>(records.size()) != batch.header.record_count) {
    return Unexpected(BatchError::bad_records);
  }
  return records;
}

std::uint64_t record_digest(const Record& record) {
  constexpr std::uint64_t null_seed = 1;
  const auto key = record.key ? hash(*record.key, 0) : null_seed;
  return record.value ? hash(*record.value, key) : ~key;
}

// ---- Building ----------------------------------------------------------------------------------

namespace {

// Unsigned, because what a peer sent may overflow; whoever reads adds it up the same way.
std::int64_t timestamp_delta(std::int64_t timestamp, std::int64_t base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) -
                                   static_cast<std::uint64_t>(base));
}

void write_sized(Bytes& into, const Record& record, Deltas deltas) {
  Writer counter;
  write_record(counter, record, deltas);
  Writer out(into);
  out.varint(static_cast<std::int64_t>(counter.size()));
  write_record(out, record, deltas);
}

}  // namespace

void BatchBuilder::add(const Record& record) {
  if (empty()) {
    header_.base_timestamp = record.timestamp;
    header_.max_timestamp = record.timestamp;
  }
  header_.max_timestamp = std::max(header_.max_timestamp, record.timestamp);
  write_sized(records_, record,
              {timestamp_delta(record.timestamp, header_.base_timestamp), header_.record_count});
  ++header_.record_count;
}

Batch BatchBuilder::finish() {
  REQUIRE(!empty());
  const Codec codec = header_.codec();
  if (codec != Codec::none) records_ = compress(codec, records_);
  Batch batch{header_, Slice(std::exchange(records_, {}))};
  batch.header.last_offset_delta = header_.record_count - 1;
  batch.seal();
  header_.record_count = 0;
  return batch;
}

Batch compacted(const Batch& batch, const std::vector<RecordAt>& kept,
                std::optional<std::int64_t> delete_horizon) {
  Batch left{batch.header, {}};
  auto& header = left.header;
  header.record_count = static_cast<std::int32_t>(kept.size());
  if (delete_horizon) {
    header.attributes = static_cast<std::int16_t>(header.attributes | delete_horizon_attribute);
    header.base_timestamp = *delete_horizon;
  }
  if (!kept.empty() && !header.has_append_time()) header.max_timestamp = kept[0].record.timestamp;
  Bytes records;
  for (const auto& [offset, record] : kept) {
    header.max_timestamp = std::max(header.max_timestamp, record.timestamp);
    write_sized(records, record,
                {timestamp_delta(record.timestamp, header.base_timestamp),
                 static_cast<std::int32_t>(offset - header.base_offset)});
  }
  const bool is_plain = header.codec() == Codec::none || kept.empty();
  if (kept.empty()) header.set_codec(Codec::none);
  left.body = Slice(is_plain ? std::move(records) : compress(header.codec(), records));
  left.seal();
  return left;
}

namespace {

Batch control_batch(BatchHeader proto, const std::vector<ControlRecord>& records,
                    std::int64_t timestamp) {
  proto.attributes = static_cast<std::int16_t>(proto.attributes | control_attribute);
  BatchBuilder builder(proto);
  for (const auto& [type, value] : records) {
    Bytes key;
    Writer writer(key);
    writer.fixed<std::int16_t>(0);  // The key's own version.
    writer.fixed(type);
    builder.add({timestamp, std::move(key), value, {}});
  }
  return builder.finish();
}

Batch control_batch(BatchHeader proto, std::int16_t type, ByteView value, std::int64_t timestamp) {
  return control_batch(proto, {{type, Bytes(value.begin(), value.end())}}, timestamp);
}

}  // namespace

Batch control_batch(std::int16_t type, ByteView value, LeaderEpoch epoch, std::int64_t timestamp) {
  BatchHeader proto;
  proto.leader_epoch = epoch;
  return control_batch(proto, type, value, timestamp);
}

Batch control_batch(const std::vector<ControlRecord>& records, LeaderEpoch epoch,
                    std::int64_t timestamp) {
  BatchHeader proto;
  proto.leader_epoch = epoch;
  return control_batch(proto, records, timestamp);
}

Expected<std::vector<ControlRecord>, BatchError> control_records_of(const Batch& batch) {
  if (!batch.header.is_control()) return Unexpected(BatchError::bad_records);
  TRY(auto records, records_of(batch));
  std::vector<ControlRecord> controls;
  for (auto& [offset, record] : records) {
    if (!record.key || !record.value) return Unexpected(BatchError::bad_records);
    Reader key(*record.key);
    key.fixed<std::int16_t>();
    const auto type = key.fixed<std::int16_t>();
    if (!key.ok()) return Unexpected(BatchError::bad_records);
    controls.push_back({type, *std::move(record.value)});
  }
  return controls;
}

Expected<ControlRecord, BatchError> control_record_of(const Batch& batch) {
  TRY(auto controls, control_records_of(batch));
  if (controls.size() != 1) return Unexpected(BatchError::bad_records);
  return std::move(controls.front());
}

Batch marker_batch(const TransactionMarker& marker, std::int64_t timestamp) {
  BatchHeader proto;
  proto.set_transactional();
  proto.producer_id = marker.producer_id;
  proto.producer_epoch = marker.producer_epoch;
  Bytes value;
  Writer writer(value);
  writer.fixed<std::int16_t>(0);  // The value's own version.
  writer.fixed(marker.coordinator_epoch);
  return control_batch(proto, marker.is_commit ? commit_type : abort_type, value, timestamp);
}

std::optional<TransactionMarker> marker_of(const Batch& batch) {
  if (!batch.header.is_transactional()) return std::nullopt;
  const auto control = control_record_of(batch);
  if (!control || (control->type != abort_type && control->type != commit_type)) {
    return std::nullopt;
  }
  Reader value(control->value);
  value.fixed<std::int16_t>();
  const auto coordinator_epoch = value.fixed<std::int32_t>();
  if (!value.ok()) return std::nullopt;
  return TransactionMarker{batch.header.producer_id, batch.header.producer_epoch,
                           control->type == commit_type, coordinator_epoch};
}

}  // namespace brokersim::wire
