#include "scenarios/pipeline.h"

#include <string>

#include <fmt/format.h>

#include "scenarios/workload.h"

namespace brokersim::scenarios {
namespace {

// By what the record holds: the same wherever it lies.
std::int64_t outputs_of(const wire::Record& record) {
  switch (digest_of(record) % 8) {
    case 0:
    case 1: return 0;
    case 2: return 2;
    default: return 1;
  }
}

}  // namespace

std::vector<wire::Record> made_of(const TopicPartition& partition, const wire::RecordAt& input) {
  std::vector<wire::Record> made;
  const auto text = input.record.value ? as_text(*input.record.value) : std::string_view();
  for (std::int64_t i = 0; i < outputs_of(input.record); ++i) {
    const auto origin = fmt::format("{}@{}{}", partition, input.offset, i == 0 ? "" : "+");
    wire::Record record;
    record.timestamp = input.record.timestamp;
    record.key = bytes_of(origin);
    record.value = bytes_of(fmt::format("{} from {}", text, origin));
    made.push_back(std::move(record));
  }
  return made;
}

}  // namespace brokersim::scenarios
