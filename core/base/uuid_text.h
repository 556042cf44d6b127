// Uuids as Kafka writes them in files and tools: URL-safe base64 without padding, 22 characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace brokersim {

std::string uuid_text(const Uuid& id);
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace brokersim
