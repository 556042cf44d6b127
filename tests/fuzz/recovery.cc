// Arbitrary bytes where a log's files should be: it opens or says why not, holds valid batches in
// order if it opens, takes a further one, and opens again as it was.
//
//   input   how it stopped | files, each: kind, base, length, bytes
#include <fuzzer/FuzzedDataProvider.h>

#include <fmt/format.h>

#include "core/log/log.h"
#include "core/wire/wire.h"
#include "tests/core/log/memory_env.h"
#include "tests/fuzz/fuzz.h"

namespace brokersim {
namespace {

using log::Log;

constexpr std::string_view directory = "t-0";
constexpr Offset highest_base = 1000;  // Small, so that files meet.

std::string drawn_name(FuzzedDataProvider& input) {
  constexpr std::array suffixes = {".log",         ".log",     ".index", ".timeindex", ".txnindex",
                                   ".log.deleted", ".cleaned", ".swap",  ".snapshot"};
  const auto kind = input.ConsumeIntegralInRange<std::size_t>(0, suffixes.size());
  if (kind == suffixes.size()) return "leader-epoch-checkpoint";
  return fmt::format("{:020}{}", input.ConsumeIntegralInRange<Offset>(0, highest_base),
                     suffixes[kind]);
}

log::LogState drawn_state(FuzzedDataProvider& input) {
  return {.was_clean = input.ConsumeBool(),
          .recovery_point = input.ConsumeIntegralInRange<Offset>(0, highest_base),
          .start_offset = input.ConsumeIntegralInRange<Offset>(0, highest_base),
          .high_watermark = input.ConsumeIntegralInRange<Offset>(0, highest_base)};
}

// A batch whose CRC is right, at a place and in an epoch that may not be.
Bytes drawn_batch(FuzzedDataProvider& input, Offset near) {
  wire::BatchHeader proto;
  proto.base_offset = near + input.ConsumeIntegralInRange<Offset>(0, 8);
  proto.leader_epoch = LeaderEpoch{input.ConsumeIntegralInRange<std::int32_t>(-1, 3)};
  wire::BatchBuilder builder(proto);
  for (int more = input.ConsumeIntegralInRange(0, 3); more >= 0; --more) {
    builder.add({.timestamp = more, .key = {}, .value = Bytes{'v'}, .headers = {}});
  }
  return builder.finish().bytes().flat();
}

// Batches and what is none, in any order.
Bytes drawn_content(FuzzedDataProvider& input) {
  Bytes content;
  Offset near = input.ConsumeIntegralInRange<Offset>(0, highest_base);
  for (int pieces = input.ConsumeIntegralInRange(0, 6); pieces > 0; --pieces) {
    const Bytes piece =
        input.ConsumeBool()
            ? drawn_batch(input, near)
            : input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 300));
    content.insert(content.end(), piece.begin(), piece.end());
    near += 4;
  }
  return content;
}

// Numbers that may be offsets, positions and times.
Bytes drawn_index(FuzzedDataProvider& input) {
  Bytes content;
  for (int numbers = input.ConsumeIntegralInRange(0, 9); numbers > 0; --numbers) {
    const auto bytes = wire::big_endian(input.ConsumeIntegralInRange<std::int32_t>(0, 400));
    content.insert(content.end(), bytes.begin(), bytes.end());
  }
  return content;
}

void write_files(log::MemoryEnv& env, FuzzedDataProvider& input) {
  (void)env.files().make_directory(directory);
  while (input.remaining_bytes() > 0) {
    const auto path = fmt::format("{}/{}", directory, drawn_name(input));
    auto file = env.files().open(path, OpenMode::create);
    const bool is_index = path.ends_with("index") && input.ConsumeBool();
    (void)(*file)->append(Rope(is_index ? drawn_index(input) : drawn_content(input)));
  }
}

log::LogResult<std::unique_ptr<Log>> opened(log::MemoryEnv& env, log::LogState state) {
  log::LogConfig config{.segment_bytes = 1 << 20};
  config.roll.index_interval_bytes = 1;
  return Log::open(env, {"t", 0}, std::string(directory), config, state);
}

// Every batch of the log, which has to be whole and behind the one before. Behind the last there
// may be a gap, as compaction leaves it. Nothing if a segment turns out not to be what its indexes
// said: that takes the log offline.
std::optional<std::size_t> count_batches(log::MemoryEnv& env, Log& log) {
  std::size_t count = 0;
  Offset next = log.start_offset();
  while (next < log.end_offset()) {
    const auto read = log.read(env, next);
    if (!read && log.is_offline()) return std::nullopt;
    ASSERT(read.has_value(), next, log.end_offset());
    if (read->bytes.empty()) return count;
    const auto batches = wire::parse_batches(read->bytes.joined());
    ASSERT(batches.has_value(), next);
    ASSERT(!batches->empty(), next);
    for (const auto& batch : *batches) {
      ASSERT(batch.header.next_offset() > next, batch.header.next_offset(), next);
      next = batch.header.next_offset();
      ++count;
    }
  }
  ASSERT(next == log.end_offset(), next, log.end_offset());
  return count;
}

void append_one(log::MemoryEnv& env, Log& log) {
  wire::BatchBuilder builder;
  builder.add({.timestamp = 1, .key = Bytes{'k'}, .value = Bytes{'v'}, .headers = {}});
  std::array batches{builder.finish()};
  const auto appended = log.append_as_leader(env, batches, LeaderEpoch{1 << 30});
  ASSERT(appended.has_value());
}

}  // namespace

void fuzz(ByteView bytes) {
  FuzzedDataProvider input(bytes.data(), bytes.size());
  log::MemoryEnv env;
  const auto state = drawn_state(input);
  write_files(env, input);
  auto log = opened(env, state);
  if (!log || (*log)->last_epoch() > LeaderEpoch{1 << 30}) return;
  const auto batches = count_batches(env, **log);
  if (!batches) return;
  append_one(env, **log);
  const Offset start = (*log)->start_offset();
  const Offset end = (*log)->end_offset();
  const Offset recovery_point = (*log)->recovery_point();
  log->reset();
  const auto again =
      opened(env, {.was_clean = false, .recovery_point = recovery_point, .start_offset = start});
  ASSERT(again.has_value());
  if (state.was_clean) return;  // What was believed then was checked now.
  ASSERT((*again)->end_offset() == end, (*again)->end_offset(), end);
  ASSERT(count_batches(env, **again) == *batches + 1, *batches);
}

}  // namespace brokersim
