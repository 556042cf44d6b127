#include "core/wire/record_reader.h"

#include <string>

namespace brokersim::wire {
namespace {

ByteView read_sized(Reader& in) {
  const auto size = in.varint();
  if (size < 0 || static_cast<std::uint64_t>(size) > in.remaining()) {
    in.fail("a length in a record is out of range");
    return {};
  }
  return in.raw(static_cast<std::size_t>(size));
}

std::optional<ByteView> read_nullable(Reader& in) {
  Reader ahead = in;
  if (ahead.varint() != -1) return read_sized(in);
  in = ahead;
  return std::nullopt;
}

void skip_headers(Reader& in) {
  const auto count = in.varint();
  if (count < 0) in.fail("a record has a negative number of headers");
  for (std::int64_t i = 0; i < count && in.ok(); ++i) {
    read_sized(in);
    read_nullable(in);
  }
}

std::optional<Bytes> copy_of(const std::optional<ByteView>& view) {
  if (!view) return std::nullopt;
  return Bytes(view->begin(), view->end());
}

}  // namespace

Record RecordView::copy() const {
  Record record{timestamp, copy_of(key), copy_of(value), {}};
  Reader in(headers);
  for (auto left = in.varint(); left > 0; --left) {
    const auto name = read_sized(in);
    record.headers.push_back({std::string(as_text(name)), copy_of(read_nullable(in))});
  }
  return record;
}

std::optional<RecordView> RecordReader::next() {
  if (!ok() || input_.remaining() == 0) return std::nullopt;
  const auto whole = read_sized(input_);
  Reader body(whole);
  RecordView record;
  body.fixed<std::int8_t>();  // Attributes: none are defined.
  const auto timestamp_delta = static_cast<std::uint64_t>(body.varint());
  // Unsigned, because what a peer sends may overflow.
  const auto timestamp = static_cast<std::uint64_t>(header_.base_timestamp) + timestamp_delta;
  record.timestamp =
      header_.has_append_time() ? header_.max_timestamp : static_cast<std::int64_t>(timestamp);
  const auto offset_delta = body.varint();
  if (offset_delta <= last_offset_delta_ || offset_delta > header_.last_offset_delta) {
    body.fail("a record is outside its batch, or out of order");
  }
  record.key = read_nullable(body);
  record.value = read_nullable(body);
  record.headers = whole.last(body.remaining());
  skip_headers(body);
  if (!body.ok() || body.remaining() != 0) input_.fail("a record does not fill its length");
  if (!ok()) return std::nullopt;
  last_offset_delta_ = offset_delta;
  record.offset_delta = static_cast<std::int32_t>(offset_delta);
  return record;
}

}  // namespace brokersim::wire
