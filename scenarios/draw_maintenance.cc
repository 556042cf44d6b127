#include "scenarios/draw_maintenance.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "scenarios/choices.h"

namespace brokersim::scenarios {
namespace {

// A broker that is down, since the run began.
struct Absence {
  std::int32_t broker = 0;  // By number.
  Duration from{};
  Duration until{};
};

std::optional<std::int32_t> broker_number(std::string_view name) {
  constexpr std::string_view kind = "broker-";
  if (!name.starts_with(kind)) return std::nullopt;
  name.remove_prefix(kind.size());
  std::int32_t number = 0;
  const auto* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// Nobody knows when a fault begins that waits for something.
bool takes_down(const Fault& fault) {
  const bool ends_processes =
      fault.kind == "crash" || fault.kind == "power_loss" || fault.kind == "restart";
  return ends_processes && fault.when.becomes.empty();
}

std::vector<Absence> absences_in(const std::vector<Fault>& faults) {
  std::vector<Absence> absences;
  for (const auto& fault : faults) {
    if (!takes_down(fault)) continue;
    for (const auto& target : fault.targets) {
      const auto broker = broker_number(target);
      if (broker) absences.push_back({*broker, fault.at, fault.at + fault.lasting});
    }
  }
  return absences;
}

}  // namespace

std::vector<Operation> draw_feature_updates(const FeatureUpdateFamily& family,
                                            const sim::Random& random) {
  std::vector<std::string> features;
  for (const auto& [feature, levels] : family.levels) features.push_back(feature);
  std::vector<Operation> operations;
  const auto count = pick(family.count, random.with("count"));
  for (std::int64_t i = 0; i < count && !features.empty(); ++i) {
    const auto one = random.with("update", i);
    const auto feature = pick(features, one.with("feature"));
    const auto level = pick(family.levels.at(feature), one.with("level"));
    Operation update{.at = pick(family.window, one.with("at")),
                     .client = admin_name,
                     .kind = Operation::Kind::update_features};
    update.levels[feature] = static_cast<std::int16_t>(level);
    operations.push_back(std::move(update));
  }
  return operations;
}

std::vector<Operation> draw_unregistrations(const UnregistrationFamily& family,
                                            const std::vector<Fault>& faults,
                                            const sim::Random& random) {
  const auto absences = absences_in(faults);
  std::vector<Operation> operations;
  const auto count = pick(family.count, random.with("count"));
  for (std::int64_t i = 0; i < count && !absences.empty(); ++i) {
    const auto one = random.with("unregistration", i);
    const auto absence = pick(absences, one.with("absence"));
    const Duration at = absence.from + pick(family.after, one.with("after"));
    if (at >= absence.until) continue;
    Operation unregistration{
        .at = at, .client = admin_name, .kind = Operation::Kind::unregister_broker};
    unregistration.broker = absence.broker;
    operations.push_back(std::move(unregistration));
  }
  return operations;
}

}  // namespace brokersim::scenarios
