#include "scenarios/upload.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

// Of one value in one partition.
struct Tally {
  std::int64_t sent = 0;
  std::int64_t acknowledged = 0;
  std::int64_t acknowledged_weakly = 0;
  std::int64_t read = 0;
};
using Tallies = std::map<std::pair<TopicPartition, std::string>, Tally>;

void count_sent(const SentRecord& record, Tally& tally, Upload& upload) {
  ++upload.sent;
  ++tally.sent;
  const bool is_ok = record.has_ended && record.outcome == Outcome::ok;
  const bool has_failed = record.has_ended && record.outcome == Outcome::failed;
  if (is_ok) ++upload.acknowledged;
  if (has_failed) ++upload.failed;
  if (!is_ok && !has_failed) ++upload.unknown;
  if (is_ok && (record.acks == 0 || record.acks == 1)) {
    ++tally.acknowledged_weakly;
  } else if (is_ok) {
    ++tally.acknowledged;
  }
}

void judge(const Tally& tally, Upload& upload) {
  upload.read += tally.read;
  const std::int64_t found = std::min(tally.read, tally.sent);
  const std::int64_t missing = std::max<std::int64_t>(0, tally.acknowledged - found);
  upload.missing += missing;
  upload.missing_weak +=
      std::max<std::int64_t>(0, tally.acknowledged + tally.acknowledged_weakly - found - missing);
  (tally.sent == 0 ? upload.foreign : upload.repeated) += tally.read - found;
}

// What was in a topic that was deleted on purpose has no end to be compared at.
std::set<std::string> deleted_topics(const Plan& plan) {
  std::set<std::string> topics;
  for (const auto& operation : plan.operations) {
    if (operation.kind == Operation::Kind::make_again) topics.insert(operation.topic);
  }
  return topics;
}

// What consumers that parse made of what they read.
void parse(const Workload& workload, Upload& upload) {
  for (const auto& consumer : workload.plan().consumers) {
    const auto found = workload.copies().find(consumer.name);
    if (consumer.parses != Parses::json || found == workload.copies().end()) continue;
    for (const auto& [partition, copy] : found->second) {
      for (const auto& [offset, value] : copy.records) {
        ++(is_json(value) ? upload.parsed : upload.unparsable);
      }
    }
  }
}

}  // namespace

Upload check_upload(const Workload& workload) {
  // Several consumers may read the same partition: the first one's copy counts.
  const auto deleted = deleted_topics(workload.plan());
  std::map<TopicPartition, const ReadCopy*> copies;
  for (const auto& [consumer, partitions] : workload.copies()) {
    for (const auto& [partition, copy] : partitions) {
      if (!deleted.contains(partition.topic)) copies.emplace(partition, &copy);
    }
  }
  Upload upload;
  Tallies tallies;
  for (const auto& [op, record] : workload.sent()) {
    if (copies.contains(record.partition)) {
      count_sent(record, tallies[{record.partition, record.value}], upload);
    }
  }
  for (const auto& [partition, copy] : copies) {
    for (const auto& [offset, value] : copy->records) ++tallies[{partition, value}].read;
  }
  for (const auto& [key, tally] : tallies) judge(tally, upload);
  parse(workload, upload);
  return upload;
}

std::string text_of(const Upload& upload) {
  if (upload.sent == 0) {
    return "nothing to compare: no consumer reads what was sent, or its topic was deleted";
  }
  std::string out = fmt::format("{} lines sent, {} acknowledged", upload.sent, upload.acknowledged);
  if (upload.failed > 0) out += fmt::format(", {} refused", upload.failed);
  if (upload.unknown > 0) out += fmt::format(", {} with unknown end", upload.unknown);
  const auto acknowledged = upload.acknowledged;
  if (upload.is_complete() && acknowledged > 0) {
    out += fmt::format(", all {}read back byte for byte",
                       acknowledged == upload.sent ? "" : "of the acknowledged ");
  } else if (!upload.is_complete()) {
    out +=
        fmt::format("; {} of the acknowledged are missing", upload.missing + upload.missing_weak);
    if (upload.foreign > 0) out += fmt::format(", {} were never sent", upload.foreign);
  }
  if (upload.repeated > 0) out += fmt::format(" ({} more than once, by retries)", upload.repeated);
  if (upload.unparsable > 0) {
    out += fmt::format("; {} of those read are no JSON", upload.unparsable);
  } else if (upload.parsed > 0) {
    out += ", every one parsed as JSON";
  }
  return out;
}

}  // namespace brokersim::scenarios
