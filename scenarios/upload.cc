#include "scenarios/upload.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

// Of one value in one partition.
struct Tally {
  std::int64_t sent = 0;
  std::int64_t acknowledged = 0;
  std::int64_t acknowledged_weakly = 0;  // acks=1
  std::int64_t unasked = 0;              // acks=0
  std::int64_t read = 0;
};
using Tallies = std::map<std::pair<TopicPartition, std::string>, Tally>;

void count_sent(const SentRecord& record, Tally& tally, Upload& upload) {
  ++upload.sent;
  ++tally.sent;
  const bool is_ok = record.has_ended && record.outcome == Outcome::ok;
  const bool has_failed = record.has_ended && record.outcome == Outcome::failed;
  if (has_failed) ++upload.failed;
  if (!is_ok && !has_failed) ++upload.unknown;
  if (!is_ok) return;
  ++(record.acks == 0 ? upload.unasked : upload.acknowledged);
  if (record.acks == 0) {
    ++tally.unasked;
  } else if (record.acks == 1) {
    ++tally.acknowledged_weakly;
  } else {
    ++tally.acknowledged;
  }
}

void judge(const Tally& tally, Upload& upload) {
  upload.read += tally.read;
  const std::int64_t found = std::min(tally.read, tally.sent);
  // What was found counts for the stronger promise first.
  std::int64_t left = found;
  const auto missing_of = [&left](std::int64_t owed) {
    const std::int64_t there = std::min(owed, left);
    left -= there;
    return owed - there;
  };
  upload.missing += missing_of(tally.acknowledged);
  upload.missing_weak += missing_of(tally.acknowledged_weakly);
  upload.missing_unasked += missing_of(tally.unasked);
  (tally.sent == 0 ? upload.foreign : upload.repeated) += tally.read - found;
}

// What was in a topic that was deleted on purpose has no end to be compared at; and of what was
// deleted of a partition nobody knows whether it was read before.
bool is_deleted(const Plan& plan, const TopicPartition& partition) {
  return std::any_of(plan.operations.begin(), plan.operations.end(), [&](const auto& operation) {
    if (operation.topic != partition.topic) return false;
    if (operation.kind == Operation::Kind::make_again) return true;
    return operation.kind == Operation::Kind::delete_records &&
           concerns(operation, partition.partition);
  });
}

std::string why_nothing(const Upload& upload) {
  if (upload.unread + upload.deleted == 0) return "nothing was sent";
  if (upload.deleted == 0) return "no consumer has read what was sent";
  if (upload.unread == 0) return "what was sent was deleted on purpose";
  return fmt::format("{} of what was sent was deleted on purpose, and no consumer has read {}",
                     upload.deleted, upload.unread);
}

// Each by what was promised of it.
std::string text_of_missing(const Upload& upload) {
  std::vector<std::string> parts;
  if (upload.missing > 0) {
    parts.push_back(fmt::format("{} of the acknowledged are missing", upload.missing));
  }
  const auto permitted = [&parts](std::int64_t count, std::string_view acks) {
    if (count == 0) return;
    parts.push_back(fmt::format("{} with {} {} missing, which it permits", count, acks,
                                count == 1 ? "is" : "are"));
  };
  permitted(upload.missing_weak, "acks=1");
  permitted(upload.missing_unasked, "acks=0");
  if (upload.foreign > 0) parts.push_back(fmt::format("{} were never sent", upload.foreign));
  return fmt::format("; {}", fmt::join(parts, ", "));
}

// Who begins at the latest record has not read what was before, nor has its group.
bool begins_at_latest(const Plan& plan, const std::string& reader) {
  return std::any_of(plan.consumers.begin(), plan.consumers.end(), [&](const auto& consumer) {
    const auto& name = consumer.group.empty() ? consumer.name : consumer.group;
    return name == reader && consumer.auto_offset_reset == client::OffsetReset::latest;
  });
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
  std::map<TopicPartition, const ReadCopy*> copies;
  for (const auto& [consumer, partitions] : workload.copies()) {
    if (begins_at_latest(workload.plan(), consumer)) continue;
    for (const auto& [partition, copy] : partitions) {
      if (!is_deleted(workload.plan(), partition)) copies.emplace(partition, &copy);
    }
  }
  Upload upload;
  Tallies tallies;
  for (const auto& [op, record] : workload.sent()) {
    if (copies.contains(record.partition)) {
      count_sent(record, tallies[{record.partition, record.value}], upload);
    } else {
      ++(is_deleted(workload.plan(), record.partition) ? upload.deleted : upload.unread);
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
  if (upload.sent == 0) return "nothing to compare: " + why_nothing(upload);
  std::string out = fmt::format("{} lines sent, {} acknowledged", upload.sent, upload.acknowledged);
  if (upload.unasked > 0) out += fmt::format(", {} with acks=0", upload.unasked);
  if (upload.failed > 0) out += fmt::format(", {} refused", upload.failed);
  if (upload.unknown > 0) out += fmt::format(", {} with unknown end", upload.unknown);
  const auto acknowledged = upload.acknowledged + upload.unasked;
  if (upload.is_complete() && acknowledged > 0) {
    out += fmt::format(", all {}read back byte for byte",
                       acknowledged == upload.sent ? "" : "of the acknowledged ");
  } else if (!upload.is_complete()) {
    out += text_of_missing(upload);
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
