#include "scenarios/seed_ledger.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "scenarios/field_reader.h"
#include "scenarios/field_writer.h"

namespace brokersim::scenarios {

template <>
struct Fields<LedgerEntry> {
  static void visit(auto& entry, auto&& f) {
    f("revision", entry.revision);
    f("scenario", entry.scenario);
    f("settings", entry.settings);
    f("first_seed", entry.first_seed);
    f("last_seed", entry.last_seed);
    f("shard", entry.shard);
    f("shards", entry.shards);
    f("runs", entry.runs);
    f("properties", entry.properties);
    f("simulated", entry.simulated);
    f("failures", entry.failures);
    f("failed_seeds", entry.failed_seeds);
    f("reached", entry.reached);
  }
};

namespace {

std::string what_of(const LedgerEntry& entry) {
  std::string text =
      fmt::format("seeds {}..{} of {}", entry.first_seed, entry.last_seed, entry.scenario);
  if (entry.shards > 1) text += fmt::format(", shard {}/{}", entry.shard, entry.shards);
  return text + fmt::format(", at {}", entry.revision);
}

void check_entry(const Node& node, const LedgerEntry& entry, ReadError& error) {
  if (entry.scenario.empty()) error.set(node.place, "a campaign has to name its scenario");
  if (entry.first_seed > entry.last_seed) {
    error.set(node.place, "the first seed comes behind the last one");
  }
  if (entry.shard < 1 || entry.shard > entry.shards) {
    error.set(node.place, "a shard is one of 1 to 'shards'");
  }
  for (const auto& [fingerprint, seeds] : entry.failed_seeds) {
    const auto failure = entry.failures.find(fingerprint);
    const auto known = failure == entry.failures.end() ? 0 : failure->second;
    if (std::cmp_greater(seeds.size(), known)) {
      error.set(node.place, fmt::format("{} failed in {} of these seeds, and {} are named",
                                        fingerprint, known, seeds.size()));
    }
  }
}

}  // namespace

std::int64_t LedgerEntry::failed() const {
  std::int64_t sum = 0;
  for (const auto& [fingerprint, seeds] : failures) sum += seeds;
  return sum;
}

bool LedgerEntry::overlaps(const LedgerEntry& other) const {
  if (scenario != other.scenario || revision != other.revision || settings != other.settings) {
    return false;
  }
  if (last_seed < other.first_seed || other.last_seed < first_seed) return false;
  const auto common = std::gcd(shards, other.shards);
  return (shard - 1) % common == (other.shard - 1) % common;
}

Expected<std::vector<LedgerEntry>, std::string> parse_ledger(std::string_view text,
                                                             const std::string& file) {
  TRY(const auto root, parse_document(text, file));
  ReadError error;
  std::vector<LedgerEntry> entries;
  FieldReader read(root, error);
  read("campaign", entries);
  read.finish();
  if (error) return Unexpected(error.text());
  const Node* node = find(root, "campaign");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Node& at = std::get<Items>(node->value)[i];
    check_entry(at, entries[i], error);
    if (error) break;
    for (std::size_t k = 0; k < i; ++k) {
      if (!entries[i].overlaps(entries[k])) continue;
      error.set(at.place, fmt::format("of {} some were run already: {}", what_of(entries[i]),
                                      what_of(entries[k])));
    }
  }
  if (error) return Unexpected(error.text());
  return entries;
}

std::string to_toml(const LedgerEntry& entry) {
  std::string out = "\n[[campaign]]\n";
  for (const auto& line : written_fields(entry)) out += line + "\n";
  return out;
}

std::uint64_t next_seed(const std::vector<LedgerEntry>& entries, const std::string& scenario,
                        const std::vector<std::string>& settings) {
  std::uint64_t next = 0;
  for (const auto& entry : entries) {
    if (entry.scenario != scenario || entry.settings != settings) continue;
    next = std::max(next, entry.last_seed + 1);
  }
  return next;
}

void add(const LedgerEntry& entry, std::size_t properties, LedgerSum& sum) {
  sum.runs += entry.runs;
  if (std::cmp_greater_equal(entry.properties, properties)) sum.judged_by_all += entry.runs;
  sum.failed += entry.failed();
  sum.simulated += entry.simulated;
  for (const auto& [name, count] : entry.reached) sum.reached[name] += count;
  auto& known = sum.revisions;
  if (std::find(known.begin(), known.end(), entry.revision) == known.end()) {
    known.push_back(entry.revision);
  }
}

}  // namespace brokersim::scenarios
