#include "scenarios/campaign.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "properties/verdict.h"

namespace brokersim::scenarios {
namespace {

std::int64_t wall_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// Up to the separator, which is taken, too.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::int64_t number_in(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

// The sentence of a failed assertion, which is how stderr begins.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

// One fact a line: a word, then its fields, between tabs.
std::string to_text(const RunResult& result) {
  std::string text =
      fmt::format("run\t{}\t{}\n", result.report.trace_hash, result.report.simulated.count());
  for (const auto& [name, value] : result.report.stats) {
    text += fmt::format("stat\t{}\t{}\n", name, value);
  }
  for (const auto& violation : result.report.verdict.violations) {
    text += fmt::format("failure\t{}\t{}\t{}\n", violation.fingerprint(), violation.id,
                        one_line(violation.message));
  }
  for (const auto& finding : result.report.verdict.findings) {
    if (!finding.is_judged) text += fmt::format("unjudged\t{}\t{}\n", finding.id, finding.lacks);
  }
  return text;
}

SeedResult parse_seed_result(std::uint64_t seed, const ChildResult& child) {
  SeedResult result;
  result.seed = seed;
  result.wall_ns = child.wall_ns;
  std::string_view text = child.output;
  while (!text.empty()) {
    auto line = take(text, '\n');
    const auto word = take(line, '\t');
    if (word == "run") {
      result.trace_hash = take(line, '\t');
      result.virtual_ns = number_in(line);
    } else if (word == "stat") {
      const std::string name(take(line, '\t'));
      result.stats[name] = number_in(line);
    } else if (word == "failure") {
      auto& failure = result.failures.emplace_back();
      failure.fingerprint = take(line, '\t');
      failure.id = take(line, '\t');
      failure.message = line;
    } else if (word == "unjudged") {
      const std::string id(take(line, '\t'));
      result.unjudged[id] = line;
    }
  }
  if (child.end == ChildResult::End::crashed) {
    result.failures = {{fingerprint_of(child), "crash", first_line(child.errors)}};
  } else if (child.end == ChildResult::End::hung) {
    result.failures = {{fingerprint_of(child), "hang", "The run did not end in its wall time."}};
  }
  return result;
}

const SeedResult::Failure* SeedResult::cause() const { return properties::cause_of(failures); }

Campaign::Campaign(CampaignOptions options, MakePlan make_plan)
    : options_(std::move(options)),
      make_plan_(std::move(make_plan)),
      next_seed_(options_.first_seed),
      began_ns_(wall_now()) {
  REQUIRE(!options_.scenarios.empty());
  REQUIRE(options_.shard < options_.shards, options_.shard, options_.shards);
}

std::uint64_t Campaign::size() const {
  const auto& o = options_;
  if (o.first_seed > o.last_seed) return 0;
  // The first seed of the shard at or after the first of all.
  const std::uint64_t first =
      o.first_seed + (o.shard + o.shards - o.first_seed % o.shards) % o.shards;
  return first > o.last_seed ? 0 : (o.last_seed - first) / o.shards + 1;
}

bool Campaign::is_over() const {
  if (result_.was_interrupted || result_.ran_out_of_time) return true;
  return options_.stop_after > 0 && result_.distinct.size() >= options_.stop_after;
}

std::optional<ChildTask> Campaign::next() {
  while (next_seed_ % options_.shards != options_.shard) ++next_seed_;
  if (is_over() || next_seed_ > options_.last_seed) return std::nullopt;
  const std::uint64_t seed = next_seed_++;
  return ChildTask{seed, [this, seed] {
                     const auto scenario = (seed / options_.shards) % options_.scenarios.size();
                     const auto result =
                         run(make_plan_(scenario, seed), {.folder = options_.folder});
                     REQUIRE(result.has_value(), result ? "" : result.error());
                     return to_text(*result);
                   }};
}

void Campaign::add(const SeedResult& result) {
  ++result_.seeds;
  result_.last_seed = std::max(result_.last_seed, result.seed);
  ++result_.seeds_of[result.scenario];
  result_.virtual_ns += result.virtual_ns;
  result_.virtual_ns_of[result.scenario] += result.virtual_ns;
  result_.run_ns += result.wall_ns;
  const std::int64_t ms = result.wall_ns / 1'000'000;
  result_.run_ms_squared += ms * ms;
  if (result.wall_ns > result_.slowest_ns) {
    result_.slowest_ns = result.wall_ns;
    result_.slowest_seed = result.seed;
  }
  for (const auto& [name, value] : result.stats) result_.stats[name] += value;
  if (!result.trace_hash.empty()) ++result_.ended_of[result.scenario];
  for (const auto& [id, lacks] : result.unjudged) {
    auto& unjudged = result_.unjudged_of[result.scenario][id];
    ++unjudged.seeds;
    unjudged.lacks = lacks;
  }
  const auto* cause = result.cause();
  if (cause != nullptr) add_failure(result, *cause);
}

void Campaign::add_failure(const SeedResult& result, const SeedResult::Failure& cause) {
  ++result_.failed;
  auto& distinct = result_.distinct[cause.fingerprint];
  ++distinct.count;
  auto& lowest = distinct.lowest_seeds;
  lowest.insert(result.seed);
  if (lowest.size() > most_seeds_told) lowest.erase(std::prev(lowest.end()));
  auto& seen = distinct.seen_in[result.scenario];
  ++seen.count;
  if (seen.count == 1 || result.seed < seen.first_seed) seen.first_seed = result.seed;
  std::set<std::string> told;  // Of this run: a property may find several things.
  for (const auto& failure : result.failures) {
    if (&failure == &cause) continue;
    ++distinct.consequences[failure.fingerprint];
    if (failure.id == cause.id || !told.insert(failure.id).second) continue;
    auto& consequence = seen.consequences[failure.id];
    if (++consequence.count > 1 && consequence.first_seed < result.seed) continue;
    consequence.first_seed = result.seed;
    consequence.message = failure.message;
  }
  // The lowest seed tells of it, whichever ended first.
  if (distinct.count > 1 && distinct.first_seed < result.seed) return;
  distinct.failure = cause;
  distinct.first_seed = result.seed;
  distinct.first_scenario = result.scenario;
  distinct.first_hash = result.trace_hash;
}

CampaignResult Campaign::go(const Progress& progress, const std::function<void()>& tick,
                            const std::function<bool()>& is_interrupted) {
  const auto ended = [&](std::uint64_t seed, const ChildResult& child) {
    SeedResult result = parse_seed_result(seed, child);
    result.scenario = (seed / options_.shards) % options_.scenarios.size();
    add(result);
    if (progress) progress(result_, result);
  };
  const auto look = [&] {
    if (is_interrupted && is_interrupted()) result_.was_interrupted = true;
    const std::int64_t limit = options_.for_seconds * 1'000'000'000;
    if (limit > 0 && wall_now() - began_ns_ >= limit) result_.ran_out_of_time = true;
    if (tick) tick();
  };
  run_children(
      {.jobs = options_.jobs, .wall_seconds = options_.wall_seconds}, [this] { return next(); },
      ended, look);
  return result_;
}

std::int64_t bound_in_millionths(std::int64_t n) { return n > 3 ? 3'000'000 / n : 1'000'000; }

std::int64_t clean_seeds_needed(std::int64_t failed, std::int64_t n) {
  if (failed <= 0 || n <= 0) return 0;
  if (failed >= n) return 1;
  const double share = static_cast<double>(failed) / static_cast<double>(n);
  return static_cast<std::int64_t>(std::ceil(std::log(0.05) / std::log1p(-share)));
}

std::vector<std::string> never_reached(const std::vector<Scenario>& scenarios,
                                       const CampaignResult& result) {
  std::set<std::string> missing;
  const auto want = [&](const std::string& stat, const std::string& name) {
    const auto found = result.stats.find(stat);
    if (found == result.stats.end() || found->second == 0) missing.insert(name);
  };
  for (const auto& scenario : scenarios) {
    for (const auto& aim : scenario.reaches) want(aim, aim);
    const auto want_fault = [&](const std::string& kind) {
      want("fault." + kind + ".effective", "fault." + kind);
    };
    for (const auto& fault : scenario.faults) want_fault(fault.kind);
    for (const auto& choice : scenario.mix.kinds) want_fault(choice.kind);
  }
  return {missing.begin(), missing.end()};
}

}  // namespace brokersim::scenarios
