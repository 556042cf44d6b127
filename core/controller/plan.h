// What a request to the controller would do, or why it may not: the form of every plan.
//
// Plans are pure: made against an image, changing nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/controller/records.h"

namespace brokersim::controller {

struct Refusal {
  api::ErrorCode error;
  std::string message;
};
template <class T>
using OrRefusal = Expected<T, Refusal>;

inline Unexpected<Refusal> refuse(api::ErrorCode error, std::string message) {
  return Unexpected(Refusal{error, std::move(message)});
}

template <class Response>
struct Plan {
  std::vector<MetadataRecord> records;
  Response response;
};

}  // namespace brokersim::controller
