// Messages that are no requests and begin with their version: what consumers tell each other, and
// the records of coordinators.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

template <wire::Message T>
Bytes encode_versioned(const T& message, std::int16_t version) {
  Bytes out;
  wire::Writer writer(out);
  writer.fixed(version);
  wire::encode_into(writer, message, version);
  return out;
}

}  // namespace brokersim::api
