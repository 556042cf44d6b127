// A story says: log orders-0 with=(watermark,durable)
//
// What each replica's disk holds, read from its files: records with their offsets, by leader epoch.
// `with` adds what the broker takes for committed, and what would survive the loss of power.
#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/disk_log.h"

namespace brokersim::scenarios::verbs {

namespace {

std::string text_of(const wire::RecordAt& record) {
  const auto part = [](const std::optional<Bytes>& bytes) {
    return bytes ? std::string(as_text(*bytes)) : std::string("null");
  };
  const auto key = record.record.key ? part(record.record.key) + ":" : std::string();
  return fmt::format("{}={}{}", record.offset, key, part(record.record.value));
}

std::string text_of(const DiskLog& log) {
  std::string text;
  LeaderEpoch epoch = no_epoch;
  for (const auto& batch : log.batches) {
    const auto records = wire::records_of(batch);
    if (!records) continue;
    if (batch.header.leader_epoch != epoch)
      text += fmt::format("  epoch {}:", batch.header.leader_epoch);
    epoch = batch.header.leader_epoch;
    for (const auto& record : *records) text += " " + text_of(record);
  }
  if (text.empty()) text = "  nothing";
  if (log.torn_bytes > 0) text += fmt::format("  and {} bytes of a torn batch", log.torn_bytes);
  return text;
}

// What the broker said last of its high watermark; after a restart it begins with what it had
// saved.
std::string watermark(const Stage& stage, NodeId node, const TopicPartition& partition) {
  Offset high_watermark = 0;
  for (const Event& event : stage.events()) {
    if (event.node != node) continue;
    if (std::holds_alternative<NodeStopped>(event.body)) high_watermark = -1;
    const auto* leads = std::get_if<BecameLeader>(&event.body);
    const auto* moved = std::get_if<HighWatermarkAdvanced>(&event.body);
    if (leads && leads->partition == partition) high_watermark = leads->high_watermark;
    if (moved && moved->partition == partition) high_watermark = moved->high_watermark;
  }
  return high_watermark < 0 ? "unknown" : fmt::format("{}", high_watermark);
}

std::string durable(const Stage& stage, NodeId node, const TopicPartition& partition) {
  const auto* known = stage.ledger().find_present(partition);
  const auto* log = known ? known->log_of(node) : nullptr;
  return fmt::format("{}", log ? log->synced_end() : 0);
}

Printed log_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const auto partition, partition_of(name));
  const auto* state = stage.cluster().metadata().find_partition(partition);
  if (!state) return error_at(name.column, fmt::format("there is no partition '{}'", name.text));
  bool with_watermark = false;
  bool with_durable = false;
  if (const auto* with = step.find("with")) {
    for (const Word& each : with->values) {
      TRY(const std::size_t place, choice_of(each, {"watermark", "durable"}));
      (place == 0 ? with_watermark : with_durable) = true;
    }
  }
  std::string text;
  for (const NodeId replica : state->replicas) {
    auto& machine = *stage.world().find(replica);
    text += short_name(replica) + text_of(disk_log(machine.disk(), partition));
    if (with_watermark) text += "  high watermark " + watermark(stage, replica, partition);
    if (with_durable) text += "  durable before " + durable(stage, replica, partition);
    text += "\n";
  }
  return text;
}

}  // namespace

Verb log_verb() {
  return {.group = "look",
          .name = "log",
          .example = "log orders-0 with=(watermark,durable)",
          .meaning = "what each replica's disk holds: offsets and records, by leader epoch",
          .least_words = 1,
          .most_words = 1,
          .keys = {"with"},
          .run = log_step};
}

}  // namespace brokersim::scenarios::verbs
