// What a metadata record means, as events: who was elected, which ISR changed, who was fenced.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "core/controller/image.h"
#include "core/controller/records.h"

namespace brokersim::controller {

// Of a record that is about to be applied to `before`, and why it was written.
std::vector<EventBody> explain(const Image& before, const MetadataRecord& record,
                               std::string_view why);

}  // namespace brokersim::controller
