// Uuids as Kafka writes them in files and tools: URL-safe base64 without padding, 22 characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace brokersim {

std::string uuid_text(const Uuid& id);
// The last character has four bits too many: as Java's decoder, this ignores them, so that ids
// which others made up, such as MkU3OEVBNTcwNTJENDM2Qk of Kafka's documentation, are ids.
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace brokersim
