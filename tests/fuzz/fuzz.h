// What a fuzzer calls with each of its inputs. A target is a file that defines `fuzz`; whatever the
// input, it returns. What must hold is ASSERTed.
#pragma once

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace brokersim {

void fuzz(ByteView input);

}  // namespace brokersim
