#include "reports/election_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reports/outages.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

constexpr std::size_t names_in_sentence = 3;

std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

std::string names_text(const std::vector<TopicPartition>& partitions) {
  std::string text;
  const std::size_t shown = std::min(partitions.size(), names_in_sentence);
  for (std::size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == partitions.size();
    text += fmt::format("{}{}", i == 0 ? "" : is_last ? " and " : ", ", partitions[i]);
  }
  if (shown < partitions.size()) text += fmt::format(" and {} more", partitions.size() - shown);
  return text;
}

}  // namespace

std::string brief(Duration duration) {
  const std::int64_t us = duration.count() / 1'000;
  if (duration == Duration{}) return "0 s";
  if (us < 1'000) return fmt::format("{} \xC2\xB5s", us);
  if (us < 10'000) return fmt::format("{}.{} ms", us / 1'000, us / 100 % 10);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1'000);
  return fmt::format("{}.{} s", us / 1'000'000, us / 100'000 % 10);
}

std::string fault_scope(const Elections& all, const FaultSpan& fault) {
  const auto names = [&](const std::vector<NodeId>& nodes) {
    std::string text;
    for (const NodeId node : nodes) text += (text.empty() ? "" : ", ") + all.short_name_of(node);
    return text;
  };
  if (fault.peers.empty()) return names(fault.targets);
  return names(fault.targets) + " | " + names(fault.peers);
}

bool is_alarming(const Election& election) {
  return election.verdict() == ElectionVerdict::unclean ||
         election.verdict() == ElectionVerdict::lost_acknowledged;
}

std::string isr_text(const Elections& all, const std::vector<NodeId>& isr) {
  std::string text = "{";
  for (const NodeId node : isr) text += (text.size() > 1 ? "," : "") + all.short_name_of(node);
  return text + "}";
}

std::string cause_text(const Election& election) {
  std::string text = election.why.empty() ? "not told" : election.why;
  if (election.fault > 0) {
    text += fmt::format(" (f{} {})", election.fault, election.lost_by);
  } else if (!election.lost_by.empty()) {
    text += fmt::format(" ({})", election.lost_by);
  }
  if (election.quorum_changed) text += "; the quorum changed its leader meanwhile";
  return text;
}

std::string candidate_text(const Elections& all, const Candidate& candidate) {
  std::string text = all.short_name_of(candidate.node);
  if (candidate.end_offset) {
    text += fmt::format(" LEO {}", *candidate.end_offset);
    if (candidate.last_epoch.is_set()) text += fmt::format(" e{}", candidate.last_epoch);
  }
  return text + ", " + (candidate.is_chosen ? "elected" : candidate.why_not);
}

std::string truncation_text(const Truncation& cut) {
  std::string text =
      fmt::format("{}\xE2\x86\x92{}: {}", cut.from, cut.to, counted(size(cut.records), "record"));
  if (cut.acknowledged == 0) return text + ", none acknowledged";
  if (cut.gone == 0) return text + fmt::format(", {} acknowledged but safe", cut.acknowledged);
  return text + fmt::format(", {} acknowledged and gone", cut.gone);
}

std::vector<Truncation> truncations_after(const Elections& all, const Election& election) {
  std::vector<Truncation> cuts;
  for (const PartitionHistory& history : all.partitions()) {
    if (history.partition != election.partition) continue;
    for (const Truncation& cut : history.truncations)
      if (cut.election == election.number && !cut.by_power_loss) cuts.push_back(cut);
  }
  return cuts;
}

std::string elections_sentence(const Elections& all) {
  const std::size_t count = all.all().size();
  std::vector<TopicPartition> touched;
  for (const Election& election : all.all()) touched.push_back(election.partition);
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  std::string text = count == 0 ? "No partition changed its leader"
                                : fmt::format("{} on {}", counted(count, "election"),
                                              counted(touched.size(), "partition"));
  const Outages outages = outages_of(all);
  if (outages.total == Duration{}) return text + "; none was ever without one.";
  const std::int64_t tenths = outages.total / 100ms;
  return text + fmt::format("; {}.{} partition-seconds without a leader; longest {} ({}).",
                            tenths / 10, tenths % 10, brief(outages.longest),
                            names_text(outages.longest_on));
}

std::size_t quorum_elections(const Elections& all) {
  const auto& leaders = all.quorum().all();
  std::size_t changes = 0;
  for (std::size_t i = 1; i < leaders.size(); ++i)
    if (leaders[i].epoch != leaders[i - 1].epoch) ++changes;
  return changes;
}

}  // namespace brokersim::reports
