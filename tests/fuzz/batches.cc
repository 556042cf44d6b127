// Bytes as record batches, as a Produce request or a fetched partition brings them: they are
// refused, or their records survive being written and read again.
//
//   input   0: as it is, 1: with the CRC of each batch set right | batches
#include "core/log/validate.h"
#include "core/wire/crc32c.h"
#include "core/wire/record_batch.h"
#include "tests/fuzz/fuzz.h"

namespace brokersim {
namespace {

using wire::Batch;

std::uint32_t crc_of(const Batch& batch) {
  constexpr std::size_t covered_from = 21;
  return wire::crc32c(ByteView(batch.bytes().flat()).subspan(covered_from));
}

std::vector<wire::Record> records_in(const std::vector<wire::RecordAt>& found) {
  std::vector<wire::Record> records;
  for (const auto& [offset, record] : found) records.push_back(record);
  return records;
}

void write_again(const Batch& batch, const std::vector<wire::RecordAt>& found) {
  wire::BatchHeader proto = batch.header;
  proto.attributes = 0;
  proto.record_count = 0;
  wire::BatchBuilder builder(proto);
  for (const auto& [offset, record] : found) builder.add(record);
  if (builder.empty()) return;
  const Batch copy = builder.finish();
  ASSERT(copy.crc_is_valid());
  const auto again = wire::records_of(copy);
  ASSERT(again.has_value());
  ASSERT(records_in(*again) == records_in(found), found.size());
}

}  // namespace

void fuzz(ByteView input) {
  if (input.empty()) return;
  const bool mends_crc = input[0] % 2 == 1;
  auto batches = wire::parse_batches(Slice::copy_of(input.subspan(1)));
  if (!batches) return;
  for (auto& batch : *batches) {
    ASSERT(batch.size() <= input.size(), batch.size());
    if (mends_crc) batch.header.crc = crc_of(batch);
    const auto found = wire::records_of(batch);
    if (found) write_again(batch, *found);
  }
  (void)log::validate_produced(*batches, {}, WallTime{});
}

}  // namespace brokersim
