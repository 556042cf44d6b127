// Record batch v2, the unit of Kafka's log: kept byte for byte from the producer to the consumer.
//
//   0  base offset i64 | 8 length i32 | 12 leader epoch i32 | 16 magic i8 = 2 | 17 crc u32
//   21 attributes i16 | 23 last offset delta i32 | 27 base timestamp i64 | 35 max timestamp i64
//   43 producer id i64 | 51 producer epoch i16 | 53 base sequence i32 | 57 record count i32
//   61 records
//
// The CRC-32C covers attributes to end, so that the leader can set base offset and leader epoch
// without touching the body. A Batch is therefore an owned header and a shared body.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/event.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/wire/compression.h"

namespace brokersim::wire {

inline constexpr std::size_t batch_header_size = 61;

// What the records of a batch may take when decompressed, unless somebody says otherwise: no more
// than a request could have carried uncompressed (socket.request.max.bytes).
inline constexpr std::size_t max_uncompressed_size = 100 << 20;

// The sequence `steps` after `sequence`. Sequences go round: after 2^31-1 comes 0 (KAFKA-7692).
std::int32_t sequence_after(std::int32_t sequence, std::int32_t steps);

struct BatchHeader {
  Offset base_offset = 0;
  LeaderEpoch leader_epoch{0};
  std::uint32_t crc = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp = 0;  // ms since 1970, as are all timestamps here.
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  Codec codec() const { return static_cast<Codec>(attributes & 7); }
  void set_codec(Codec codec);
  // The timestamps are the leader's (message.timestamp.type), and all are max_timestamp.
  bool has_append_time() const { return (attributes & 0x08) != 0; }
  void set_append_time(bool has_append_time);
  bool is_transactional() const { return (attributes & 0x10) != 0; }
  void set_transactional();
  bool is_control() const { return (attributes & 0x20) != 0; }
  // `base_timestamp` is the time from which on compaction may drop what the batch still has only so
  // that readers learn of it: tombstones, or the end of a transaction (KIP-534).
  bool has_delete_horizon() const { return (attributes & 0x40) != 0; }
  Offset last_offset() const { return base_offset + last_offset_delta; }
  Offset next_offset() const { return last_offset() + 1; }
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

enum class BatchError : std::uint8_t {
  too_short,   // The input ends inside a batch: a partial batch at the end of a fetch.
  bad_length,  // A length below the header's size.
  old_magic,   // 0 or 1: a message of Kafka's before 0.11.
  bad_magic,   // No version there is.
  bad_crc,
  bad_records,      // Records do not parse, or their count or deltas disagree with the header.
  bad_compression,  // Not what the codec in the attributes writes.
  too_large,        // More than the limit when decompressed.
  unknown_codec,    // 5, 6 or 7.
};
std::string_view name_of(BatchError error);

struct Batch {
  BatchHeader header;
  Slice body;  // The records: bytes 61 to end.

  std::size_t size() const { return batch_header_size + body.size(); }
  // Header and body as they go to disk and wire; the body is not copied.
  Rope bytes() const;
  bool crc_is_valid() const;
  // Makes the CRC what it must be after a change.
  void seal();
  // Names the producer and the sequence of the first record; the CRC, which covers them, follows.
  void set_producer(std::int64_t id, std::int16_t epoch, std::int32_t base_sequence);
  BatchRole role() const;
  // As events name it. The digest covers bytes 21 to end as the producer made them: it is the same
  // whatever codec the records are stored in, and whether or not the leader put its time on them.
  BatchRef ref() const;
};

// The first batch of `input`; checks lengths and magic, not the CRC.
Expected<Batch, BatchError> parse_batch(const Slice& input);
// Only its header, of which `input` must hold at least 61 bytes; `size` is the whole batch's.
struct ParsedHeader {
  BatchHeader header;
  std::size_t size = 0;
};
Expected<ParsedHeader, BatchError> parse_batch_header(ByteView input);
inline constexpr std::size_t all_batches = std::numeric_limits<std::size_t>::max();
// The complete batches of `input`, the first `most` of them; what comes behind those is not looked
// at. A partial one at the end is dropped, as after a Fetch. A batch takes more memory than its
// least bytes: a bound is for who has no use for many.
Expected<std::vector<Batch>, BatchError> parse_batches(const Slice& input,
                                                       std::size_t most = all_batches);

// How many records the complete batches of `batches` say they hold; looks at headers only.
std::uint64_t count_records(const Rope& batches);

struct RecordHeader {
  std::string key;
  std::optional<Bytes> value;
  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

// What a producer gives. Absent is null: a key-less record, a tombstone.
struct Record {
  std::int64_t timestamp = 0;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<RecordHeader> headers;
  friend bool operator==(const Record&, const Record&) = default;
};

struct RecordAt {
  Offset offset = 0;
  Record record;
};

// The body without its compression, of at most `max_size` bytes; shared if it has none.
Expected<Slice, BatchError> uncompressed_body(const Batch& batch,
                                              std::size_t max_size = max_uncompressed_size);
// The records of a batch, compressed or not, with their absolute offsets and timestamps.
Expected<std::vector<RecordAt>, BatchError> records_of(
    const Batch& batch, std::size_t max_size = max_uncompressed_size);

// Identifies a record in events: a hash of its key and value.
std::uint64_t record_digest(const Record& record);

// Collects records into one batch, compressed as the attributes of `proto` say. Offsets begin at 0:
// the leader assigns the real ones.
class BatchBuilder {
 public:
  explicit BatchBuilder(BatchHeader proto = {}) : header_(proto) {}
  void add(const Record& record);
  bool empty() const { return header_.record_count == 0; }
  std::int32_t record_count() const { return header_.record_count; }
  std::size_t size() const { return batch_header_size + records_.size(); }  // Uncompressed.
  // Sets counts, timestamps and CRC; requires at least one record. Leaves the builder empty.
  Batch finish();

 private:
  BatchHeader header_;
  Bytes records_;
};

// What compaction leaves of `batch`: those of its records that are given, at the offsets they have.
// First and last offset, codec and producer stay; there may be no record at all.
Batch compacted(const Batch& batch, const std::vector<RecordAt>& kept,
                std::optional<std::int64_t> delete_horizon);

// A control batch of one record (KIP-98, KIP-595): `type` 2 is LeaderChange.
Batch control_batch(std::int16_t type, ByteView value, LeaderEpoch epoch, std::int64_t timestamp);
struct ControlRecord {
  std::int16_t type = 0;
  Bytes value;
};
Expected<ControlRecord, BatchError> control_record_of(const Batch& batch);
// Of several, as a leader of the quorum begins with, and a snapshot (KIP-853).
Batch control_batch(const std::vector<ControlRecord>& records, LeaderEpoch epoch,
                    std::int64_t timestamp);
Expected<std::vector<ControlRecord>, BatchError> control_records_of(const Batch& batch);

// What ends a producer's transaction in a partition: type 0 aborts it, type 1 commits it (KIP-98).
struct TransactionMarker {
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool is_commit = false;
  std::int32_t coordinator_epoch = -1;  // Of the coordinator that decided so.
  friend bool operator==(const TransactionMarker&, const TransactionMarker&) = default;
};
Batch marker_batch(const TransactionMarker& marker, std::int64_t timestamp);
// Nothing if the batch is no marker.
std::optional<TransactionMarker> marker_of(const Batch& batch);

}  // namespace brokersim::wire
