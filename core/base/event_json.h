// One event as one line of JSON, the form it has in trace files and in assertion reports:
//
//   {"e":611,"t":53713000,"n":101,"k":"isr_changed","by":[609],"partition":"orders-0",…}
//
// Absent are "n" for the world's own events and "by" without causes. 64-bit digests are strings of
// 16 hexadecimal digits, because many readers of JSON keep only 53 bits.
#pragma once

#include <string>

#include "core/base/event.h"

namespace brokersim {

std::string to_json(const Event& event);
// Adds what is particular to the kind to `object`, which has begun: "{" or "{…".
void append_fields(std::string& object, const EventBody& body);

// `text` as a JSON string, with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace brokersim
