// Bytes of a peer as the body of any message in any version: they are refused, or they mean
// something that survives being written and read again.
//
//   input   bit 7: a response; bits 0-6: the API's key | version | body
#include "core/api/all.h"
#include "tests/fuzz/fuzz.h"

namespace brokersim {
namespace {

template <class T>
void read_and_write_again(std::int16_t version, const Slice& body) {
  if (!T::description.versions.has(version)) return;
  const auto message = wire::decode<T>(body, version);
  if (!message) return;
  const Bytes bytes = wire::encode(*message, version);
  ASSERT(wire::encoded_size(*message, version) == bytes.size(), bytes.size());
  ASSERT(wire::encode_rope(*message, version).flat() == bytes, bytes.size());
  const auto again = wire::decode<T>(Slice(bytes), version);
  ASSERT(again.has_value(), version);
  // Fields are compared by their bytes: a NaN is not equal to itself.
  ASSERT(wire::encode(*again, version) == bytes, version);
  ASSERT(!wire::to_json(*message, version).empty());
}

}  // namespace

void fuzz(ByteView input) {
  if (input.size() < 2) return;
  const bool is_response = (input[0] & 0x80U) != 0;
  const std::int16_t key = input[0] & 0x7fU;
  const std::int16_t version = input[1];
  const Slice body = Slice::copy_of(input.subspan(2));
  api::for_each_request([&]<class Request>() {
    if (Request::description.key != key) return;
    if (is_response) return read_and_write_again<typename Request::Response>(version, body);
    read_and_write_again<Request>(version, body);
  });
}

}  // namespace brokersim
