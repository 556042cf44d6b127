// What the descriptions in this folder are written with.
//
// Where Kafka's schema has an int32 for a node or an epoch, the description has its type.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/ids.h"
#include "core/wire/schema.h"

namespace brokersim::api {

using wire::Nullable;
using wire::Records;

}  // namespace brokersim::api
