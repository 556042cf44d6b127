#include "scenarios/verify.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/base/event_json.h"
#include "scenarios/forked.h"
#include "scenarios/run.h"

namespace brokersim::scenarios {
namespace {

constexpr std::int64_t wall_seconds = 600;

std::string encode(const Recording& recording) {
  std::string text = fmt::format("run\t{}\t{}\n", recording.items, recording.hash);
  for (const auto& checkpoint : recording.checkpoints) {
    text += fmt::format("checkpoint\t{}\t{}\n", checkpoint.items, checkpoint.hash);
  }
  for (const auto& item : recording.watched) text += fmt::format("item\t0\t{}\n", item);
  return text;
}

Recording decode(std::string_view text) {
  Recording recording;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto first = line.find('\t');
    const auto second = line.find('\t', first + 1);
    if (second == std::string_view::npos) continue;
    std::uint64_t number = 0;
    std::from_chars(line.data() + first + 1, line.data() + second, number);
    const auto word = line.substr(0, first);
    std::string rest(line.substr(second + 1));
    if (word == "run") {
      recording.items = number;
      recording.hash = std::move(rest);
    } else if (word == "checkpoint") {
      recording.checkpoints.push_back({number, std::move(rest)});
    } else {
      recording.watched.push_back(std::move(rest));
    }
  }
  return recording;
}

// Moves what the run allocates to other places, in another order.
std::vector<std::unique_ptr<char[]>> disturbed_heap() {
  std::vector<std::unique_ptr<char[]>> blocks;
  for (std::size_t size = 8; size < (std::size_t{1} << 18); size += size / 3 + 8) {
    for (int i = 0; i < 50; ++i) blocks.push_back(std::make_unique<char[]>(size));
  }
  for (std::size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
  return blocks;
}

using Pair = std::array<Recording, 2>;

Expected<Pair, std::string> record_twice(const Record& record, std::uint64_t first,
                                         std::uint64_t last) {
  Pair pair;
  std::string problem;
  std::uint64_t started = 0;
  const auto next = [&]() -> std::optional<ChildTask> {
    if (started == 2) return std::nullopt;
    const std::uint64_t number = started++;
    return ChildTask{number, [&record, number, first, last] {
                       std::vector<std::unique_ptr<char[]>> blocks;
                       if (number == 1) blocks = disturbed_heap();
                       return encode(record(first, last));
                     }};
  };
  run_children({.jobs = 2, .wall_seconds = wall_seconds}, next,
               [&](std::uint64_t number, const ChildResult& child) {
                 pair[number] = decode(child.output);
                 if (child.end == ChildResult::End::ok) return;
                 problem = fmt::format("{}\n{}", fingerprint_of(child), child.errors);
               });
  if (!problem.empty()) return Unexpected(problem);
  return pair;
}

// The items between the last checkpoint that agrees and the first that does not.
std::pair<std::uint64_t, std::uint64_t> window_of(const Pair& pair) {
  const auto& a = pair[0].checkpoints;
  const auto& b = pair[1].checkpoints;
  std::uint64_t begin = 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].hash != b[i].hash) return {begin, a[i].items + 1};
    begin = a[i].items + 1;
  }
  return {begin, std::max(pair[0].items, pair[1].items) + 1};
}

std::string item_text(const sim::Recorder::Trace& trace) {
  const std::string what = trace.event != nullptr
                               ? to_json(*trace.event)
                               : fmt::format("{:x} {:x} {:x}", trace.a, trace.b, trace.c);
  return fmt::format("item {} at {} ns: {} {}", trace.number, trace.at, sim::name_of(trace.item),
                     what);
}

}  // namespace

Expected<Verification, std::string> verify(const Record& record) {
  TRY(const Pair pair, record_twice(record, 0, 0));
  Verification verification{.hash = pair[0].hash, .items = pair[0].items, .difference = {}};
  if (pair[0].hash == pair[1].hash) return verification;
  const auto [begin, end] = window_of(pair);
  TRY(const Pair watched, record_twice(record, begin, end));
  auto& difference = verification.difference.emplace();
  const auto& a = watched[0].watched;
  const auto& b = watched[1].watched;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size() && i < b.size() && a[i] == b[i]) continue;
    difference.item = begin + i;
    if (i < a.size()) difference.first = a[i];
    if (i < b.size()) difference.second = b[i];
    break;
  }
  return verification;
}

Expected<Verification, std::string> verify(const Plan& plan, const std::string& folder) {
  return verify([&](std::uint64_t first, std::uint64_t last) {
    Recording recording;
    RunOptions options{.folder = folder, .watch_first = first, .watch_last = last};
    if (first != last) {
      options.watcher = [&recording](const sim::Recorder::Trace& trace) {
        recording.watched.push_back(item_text(trace));
      };
    }
    const auto result = run(plan, options);
    REQUIRE(result.has_value(), result ? "" : result.error());
    recording.hash = result->report.trace_hash;
    recording.items = result->items;
    for (const auto& checkpoint : result->checkpoints) {
      recording.checkpoints.push_back({checkpoint.items, checkpoint.hash.hex()});
    }
    return recording;
  });
}

}  // namespace brokersim::scenarios
