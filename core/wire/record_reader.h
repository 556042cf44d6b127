// The records inside a batch, one after the other and in place: nothing is copied.
//
//   RecordReader reader(batch.header, records.view());
//   while (const auto record = reader.next()) { … }
//   if (!reader.ok()) …
//
// A record: length varint, attributes i8, timestamp delta varint, offset delta varint, key, value —
// each with a varint length, -1 for null — and a counted list of headers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/wire/record_batch.h"
#include "core/wire/wire.h"

namespace brokersim::wire {

// Views of the bytes that were read.
struct RecordView {
  std::int64_t timestamp = 0;  // The batch's largest, if that is the time it was appended.
  std::int32_t offset_delta = 0;
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  ByteView headers;  // As they stand; sound.

  Record copy() const;
};

class RecordReader {
 public:
  // `records` is uncompressed and outlives the reader.
  RecordReader(const BatchHeader& header, ByteView records) : header_(header), input_(records) {}

  // Nothing at the end, and after anything malformed: a length or count that does not fit, an
  // offset outside the batch or not after its predecessor's. Compaction leaves gaps.
  std::optional<RecordView> next();
  bool ok() const { return input_.ok(); }

 private:
  const BatchHeader header_;
  Reader input_;
  std::int64_t last_offset_delta_ = -1;
};

}  // namespace brokersim::wire
