// What the stream tasks of scenarios make of the records they read: a filter and a map, so that of
// each output anybody can tell which input it comes from.
//
//   my-topic-3 offset 17, "host-01 #24"  ─►  key "my-topic-3@17", value "host-01 #24 from
//   my-topic-3@17"
//
// Of a quarter of the records nothing is made, and of an eighth two, which are likely to be in
// different partitions. Pure.
#pragma once

#include <vector>

#include "core/base/ids.h"
#include "core/wire/record_batch.h"

namespace brokersim::scenarios {

std::vector<wire::Record> made_of(const TopicPartition& partition, const wire::RecordAt& input);

}  // namespace brokersim::scenarios
