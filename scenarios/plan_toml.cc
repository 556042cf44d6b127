#include "scenarios/plan_toml.h"

#include <memory>
#include <type_traits>

#include <fmt/format.h>

#include "scenarios/check_names.h"
#include "scenarios/duration_text.h"
#include "scenarios/field_reader.h"
#include "scenarios/plan_fields.h"

namespace brokersim::scenarios {
namespace {

// ---- Writing -----------------------------------------------------------------------------------

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_bare(std::string_view key) {
  return !key.empty() && key.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                             std::string_view::npos;
}

std::string written(const std::string& value) { return in_quotes(value); }
std::string written(Duration value) { return in_quotes(text_of(value)); }
std::string written(Partitioner value) {
  return in_quotes(value == Partitioner::key ? "key" : "round_robin");
}
std::string written(Operation::Kind value) {
  switch (value) {
    case Operation::Kind::send: break;
    case Operation::Kind::elect: return in_quotes("elect");
    case Operation::Kind::reassign: return in_quotes("reassign");
    case Operation::Kind::leave: return in_quotes("leave");
    case Operation::Kind::join: return in_quotes("join");
    case Operation::Kind::add_voter: return in_quotes("add_voter");
    case Operation::Kind::remove_voter: return in_quotes("remove_voter");
  }
  return in_quotes("send");
}
std::string written(client::IsolationLevel value) {
  const bool is_committed = value == client::IsolationLevel::read_committed;
  return in_quotes(is_committed ? "read_committed" : "read_uncommitted");
}
std::string written(client::ProcessingGuarantee value) {
  const bool is_exact = value == client::ProcessingGuarantee::exactly_once;
  return in_quotes(is_exact ? "exactly_once" : "at_least_once");
}
std::string written(client::Assignor value) { return in_quotes(client::name_of(value)); }
std::string written(client::GroupProtocol value) {
  return in_quotes(value == client::GroupProtocol::consumer ? "consumer" : "classic");
}
std::string written(wire::Codec value) { return in_quotes(wire::name_of(value)); }
std::string written(Parses value) { return in_quotes(value == Parses::json ? "json" : "nothing"); }
std::string written(const Fault::Parameter& value) {
  const auto* duration = std::get_if<Duration>(&value);
  return duration ? written(*duration) : fmt::format("{}", std::get<std::int64_t>(value));
}
template <std::integral T>
std::string written(T value) {
  return fmt::format("{}", value);
}
std::string written(const Acks<const std::int16_t>& acks) {
  return acks.value == -1 ? in_quotes("all") : written(acks.value);
}
template <class T>
std::string written(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(written(value));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}
template <class T>
std::string written(const std::map<std::string, T>& values) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : values) {
    texts.push_back(fmt::format("{} = {}", is_bare(key) ? key : in_quotes(key), written(value)));
  }
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

// Parts of an entry are entries themselves.
template <HasFields T>
std::string written(const T& entry);

template <HasFields T>
std::vector<std::string> defaults_of() {
  std::vector<std::string> texts;
  const auto entry = T();
  Fields<T>::visit(entry, [&](auto, const auto& value) { texts.push_back(written(value)); });
  return texts;
}

// One line; what is as it would be anyway is left out.
template <HasFields T>
std::string written(const T& entry) {
  static const auto defaults = defaults_of<T>();
  std::vector<std::string> texts;
  std::size_t place = 0;
  Fields<T>::visit(entry, [&](std::string_view key, const auto& value) {
    auto text = written(value);
    if (text != defaults[place++]) texts.push_back(fmt::format("{} = {}", key, text));
  });
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

template <class T>
std::string list(std::string_view key, const std::vector<T>& entries) {
  std::string out = fmt::format("\n{} = [\n", key);
  for (const auto& entry : entries) out += fmt::format("  {},\n", written(entry));
  return out + "]\n";
}

// ---- Reading -----------------------------------------------------------------------------------

void check(const Entries& root, ReadError& error) {
  if (const Node* settings = find(root, "settings")) check_settings(*settings, error);
  if (const Node* features = find(root, "features")) check_features(*features, error);
  if (const Node* bugs = find(root, "bugs")) check_bugs(*bugs, error);
  for (const auto* producer : tables_in(root, "producers")) check_idempotence(*producer, error);
  if (const Node* faults = find(root, "faults")) {
    check_faults(*faults, error);
    check_targets_of_plan(*faults, error);
  }
}

}  // namespace

std::string to_toml(const Plan& plan) {
  std::string out = fmt::format("version = {}\nscenario = {}\nseed = {}\n", plan.version,
                                in_quotes(plan.scenario), plan.seed);
  if (!plan.bugs.empty()) out += fmt::format("bugs = {}\n", written(plan.bugs));
  out += fmt::format("quiet_at = {}\nconverge_within = {}\n", written(plan.quiet_at),
                     written(plan.converge_within));
  out += fmt::format("\ncluster.brokers = {}\ncluster.controllers = {}\n", plan.cluster.brokers,
                     plan.cluster.controllers);
  if (plan.cluster.voters > 0) out += fmt::format("cluster.voters = {}\n", plan.cluster.voters);
  if (plan.cluster.racks > 0) out += fmt::format("cluster.racks = {}\n", plan.cluster.racks);
  for (const auto& [name, value] : plan.cluster.settings) {
    out += fmt::format("settings.{} = {}\n", in_quotes(name), in_quotes(value));
  }
  for (const auto& [name, level] : plan.cluster.features) {
    out += fmt::format("features.{} = {}\n", in_quotes(name), level);
  }
  out += list("topics", plan.topics) + list("producers", plan.producers) +
         list("consumers", plan.consumers);
  if (!plan.tasks.empty()) out += list("tasks", plan.tasks);
  return out + list("operations", plan.operations) + list("faults", plan.faults);
}

Expected<Plan, std::string> parse_plan(std::string_view text, const std::string& file,
                                       const std::vector<Override>& overrides) {
  TRY(const auto root, parse_document(text, file, overrides));
  ReadError error;
  Plan plan;
  FieldReader read(root, error);
  read.need("version", Place{.file = file, .line = 1, .column = 1}, plan.version);
  read("scenario", plan.scenario);
  read("seed", plan.seed);
  read("bugs", plan.bugs);
  read("quiet_at", plan.quiet_at);
  read("converge_within", plan.converge_within);
  read("cluster", plan.cluster);
  read("settings", plan.cluster.settings);
  read("features", plan.cluster.features);
  read("topics", plan.topics);
  read("producers", plan.producers);
  read("consumers", plan.consumers);
  read("tasks", plan.tasks);
  read("operations", plan.operations);
  read("faults", plan.faults);
  read.finish();
  if (plan.version != 1) {
    error.set(find(root, "version")->place, "only plans of version 1 are known here");
  }
  check(root, error);
  if (error) return Unexpected(error.text());
  return plan;
}

bool looks_like_plan(std::string_view text) {
  const auto root = parse_document(text, "");
  return root && find(*root, "version") != nullptr;
}

}  // namespace brokersim::scenarios
