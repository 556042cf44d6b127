#include "reports/trace_end.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace brokersim::reports {
namespace {

using OrderedJson = nlohmann::ordered_json;
constexpr std::string_view beginning = "{\"end\":";

OrderedJson json_of(const properties::Verdict::Finding& finding) {
  return {{"id", finding.id},
          {"name", finding.name},
          {"is_judged", finding.is_judged},
          {"violations", finding.violations},
          {"lacks", finding.lacks}};
}

OrderedJson json_of(const properties::Violation& violation) {
  OrderedJson json = {{"id", violation.id},
                      {"kind", violation.kind},
                      {"message", violation.message},
                      {"facts", {violation.facts[0].value, violation.facts[1].value}},
                      {"at", violation.at.ns()},
                      {"count", violation.count}};
  if (const auto& partition = violation.partition) {
    json["topic"] = partition->topic;
    json["partition"] = partition->partition;
  }
  return json;
}

properties::Verdict::Finding finding_of(const OrderedJson& json) {
  properties::Verdict::Finding finding;
  json.at("id").get_to(finding.id);
  json.at("name").get_to(finding.name);
  json.at("is_judged").get_to(finding.is_judged);
  json.at("violations").get_to(finding.violations);
  json.at("lacks").get_to(finding.lacks);
  return finding;
}

properties::Violation violation_of(const OrderedJson& json) {
  properties::Violation violation;
  json.at("id").get_to(violation.id);
  json.at("kind").get_to(violation.kind);
  json.at("message").get_to(violation.message);
  for (std::size_t i = 0; i < violation.facts.size(); ++i) {
    json.at("facts").at(i).get_to(violation.facts[i].value);
  }
  violation.at = Instant{Duration(json.at("at").get<std::int64_t>())};
  json.at("count").get_to(violation.count);
  if (json.contains("topic")) {
    violation.partition =
        TopicPartition{json.at("topic").get<std::string>(), json.at("partition").get<int>()};
  }
  return violation;
}

}  // namespace

std::string trace_end(const RunResult& run) {
  OrderedJson end = {{"verdict", run.verdict.passed() ? "pass" : "fail"},
                     {"trace_hash", run.trace_hash},
                     {"simulated_ns", run.simulated.count()},
                     {"events", run.verdict.events},
                     {"faults", run.faults},
                     {"findings", OrderedJson::array()},
                     {"violations", OrderedJson::array()},
                     {"replays", run.replays},
                     {"identical_replays", run.identical_replays},
                     {"stats", run.stats}};
  for (const auto& finding : run.verdict.findings) end["findings"].push_back(json_of(finding));
  for (const auto& violation : run.verdict.violations) {
    end["violations"].push_back(json_of(violation));
  }
  // What is not UTF-8 is replaced, so that the line can always be read again.
  return fmt::format("{}{}}}", beginning,
                     end.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

bool is_trace_end(std::string_view line) { return line.starts_with(beginning); }

Expected<Done, std::string> read_trace_end(std::string_view line, RunResult& run) {
  try {
    const OrderedJson whole = OrderedJson::parse(line);
    const OrderedJson& end = whole.at("end");
    end.at("trace_hash").get_to(run.trace_hash);
    run.simulated = Duration(end.at("simulated_ns").get<std::int64_t>());
    end.at("events").get_to(run.verdict.events);
    end.at("faults").get_to(run.faults);
    run.replays = end.value("replays", 0);
    run.identical_replays = end.value("identical_replays", 0);
    end.at("stats").get_to(run.stats);
    for (const OrderedJson& each : end.at("findings"))
      run.verdict.findings.push_back(finding_of(each));
    for (const OrderedJson& each : end.at("violations")) {
      run.verdict.violations.push_back(violation_of(each));
    }
    return Done{};
  } catch (const OrderedJson::exception& error) {
    return Unexpected(fmt::format("not the end of a trace: {}", error.what()));
  }
}

}  // namespace brokersim::reports
