#include "reports/elections_csv.h"

#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "reports/election_text.h"

namespace brokersim::reports {

namespace {

constexpr std::array csv_columns = {"election",
                                    "partition",
                                    "committed_at_ms",
                                    "lost_at_ms",
                                    "old_leader",
                                    "new_leader",
                                    "old_epoch",
                                    "new_epoch",
                                    "why",
                                    "lost_by",
                                    "fault",
                                    "quorum_changed",
                                    "isr_before",
                                    "isr_after",
                                    "candidates",
                                    "high_watermark",
                                    "old_leader_leo",
                                    "truncated_records",
                                    "truncated_acknowledged_records",
                                    "lost_acknowledged_records",
                                    "verdict",
                                    "no_leader_ms",
                                    "detect_ms",
                                    "decide_ms",
                                    "spread_ms",
                                    "recover_ms",
                                    "felt_ms"};

std::string ms(Duration duration) {
  const std::int64_t us = duration.count() / 1'000;
  return fmt::format("{}.{:03}", us / 1'000, us % 1'000);
}

std::string ms(const std::optional<Duration>& duration) {
  return duration ? ms(*duration) : std::string();
}

std::string number(const std::optional<Offset>& value) {
  return value ? fmt::format("{}", *value) : std::string();
}

std::string candidates_field(const Elections& all, const Election& election) {
  std::string text;
  for (const Candidate& candidate : election.candidates)
    text += fmt::format("{}{}", text.empty() ? "" : "; ", candidate_text(all, candidate));
  return text;
}

std::vector<std::string> fields(const Elections& all, const Election& e) {
  const auto cuts = truncations_after(all, e);
  std::int64_t records = 0;
  std::int64_t acknowledged = 0;
  for (const Truncation& cut : cuts) {
    records += cut.records;
    acknowledged += cut.acknowledged;
  }
  return {fmt::format("{}", e.number),
          fmt::format("{}", e.partition),
          ms(e.committed_at.since_start),
          ms(e.lost_at.since_start),
          e.from.is_set() ? all.name_of_node(e.from) : "",
          e.to.is_set() ? all.name_of_node(e.to) : "",
          fmt::format("{}", e.epoch_before),
          fmt::format("{}", e.leader_epoch),
          e.why,
          e.lost_by,
          e.fault > 0 ? fmt::format("f{}", e.fault) : "",
          e.quorum_changed ? "yes" : "no",
          isr_text(all, e.isr_before),
          isr_text(all, e.isr_after),
          candidates_field(all, e),
          number(e.high_watermark),
          number(e.old_end_offset),
          fmt::format("{}", records),
          fmt::format("{}", acknowledged),
          fmt::format("{}", e.lost_records),
          std::string(name_of(e.verdict())),
          ms(e.without_leader),
          ms(e.detect),
          ms(e.decide),
          ms(e.spread),
          ms(e.recover),
          ms(e.felt)};
}

template <class Fields>
std::string line_of(const Fields& fields) {
  std::string line;
  for (const std::string_view field : fields) {
    if (!line.empty()) line += ",";
    line += csv_field(field);
  }
  return line + "\r\n";
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string elections_csv(const Elections& elections) {
  std::string csv = line_of(csv_columns);
  for (const Election& election : elections.all()) csv += line_of(fields(elections, election));
  return csv;
}

}  // namespace brokersim::reports
