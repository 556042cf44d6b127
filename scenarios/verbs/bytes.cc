// A story says: bytes b1 orders-0 offset=0
//
// A record batch as it lies on the broker's disk: the fields of its header at their places, and the
// records behind them in hexadecimal.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/disk_log.h"

namespace brokersim::scenarios::verbs {

namespace {

// Rows of 16 bytes.
std::string hex(ByteView bytes) {
  constexpr std::size_t row = 16;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += row) {
    const auto part = bytes.subspan(at, std::min(row, bytes.size() - at));
    text += fmt::format("{:>4}  {:02x}\n", wire::batch_header_size + at, fmt::join(part, " "));
  }
  return text;
}

std::string text_of(const wire::Batch& batch) {
  const auto& header = batch.header;
  std::string text;
  const auto field = [&](int at, std::string_view name, auto value) {
    text += fmt::format("{:>4}  {:<18} {}\n", at, name, value);
  };
  field(0, "base offset", header.base_offset);
  field(8, "length", batch.size() - 12);
  field(12, "leader epoch", header.leader_epoch.value);
  field(16, "magic", 2);
  field(17, "crc", fmt::format("{:08x}", header.crc));
  field(21, "attributes", header.attributes);
  field(23, "last offset delta", header.last_offset_delta);
  field(27, "base timestamp", header.base_timestamp);
  field(35, "max timestamp", header.max_timestamp);
  field(43, "producer id", header.producer_id);
  field(51, "producer epoch", header.producer_epoch);
  field(53, "base sequence", header.base_sequence);
  field(57, "record count", header.record_count);
  return text + hex(batch.body.view());
}

Printed bytes_step(Stage& stage, const Step& step) {
  TRY(const Word at, word(step, 0));
  TRY(const NodeId broker, broker_of(stage, at));
  TRY(const Word name, word(step, 1));
  TRY(const auto partition, partition_of(name));
  TRY(const auto offset, number_or(step, "offset", 0));
  const auto log = disk_log(stage.world().find(broker)->disk(), partition);
  for (const auto& batch : log.batches) {
    if (batch.header.base_offset <= offset && offset <= batch.header.last_offset()) {
      return text_of(batch);
    }
  }
  return error_at(name.column,
                  fmt::format("{} has no offset {} of {}", at.text, offset, name.text));
}

}  // namespace

Verb bytes_verb() {
  return {.group = "look",
          .name = "bytes",
          .example = "bytes b1 orders-0 offset=0",
          .meaning = "a record batch as it lies on the disk, byte for byte",
          .least_words = 2,
          .most_words = 2,
          .keys = {"offset"},
          .run = bytes_step};
}

}  // namespace brokersim::scenarios::verbs
