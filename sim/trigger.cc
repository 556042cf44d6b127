#include "sim/trigger.h"

#include <fmt/format.h>

namespace brokersim::sim {

bool fits(const Trigger& trigger, const Entered& entered) {
  if (trigger.of != entered.of || trigger.becomes != entered.state) return false;
  return trigger.name == any_name || trigger.name == entered.name;
}

std::string text_of(const Trigger& trigger) {
  const auto* what = trigger.of == Trigger::Of::transaction ? "transaction" : "group";
  std::string text = trigger.name == any_name ? fmt::format("a {}", what)
                                              : fmt::format("{} {}", what, trigger.name);
  text += fmt::format(" becomes {}", trigger.becomes);
  if (trigger.nth > 1) text += fmt::format(", time {}", trigger.nth);
  if (trigger.after > Duration{}) text += fmt::format(", {}us later", trigger.after / 1us);
  return text;
}

std::optional<Entered> StateWatch::observe(const Event& event) {
  std::optional<Entered> told;
  if (const auto* transaction = std::get_if<TransactionStateChanged>(&event.body)) {
    told = Entered{Trigger::Of::transaction, transaction->transactional_id, transaction->state};
  } else if (const auto* group = std::get_if<GroupStateChanged>(&event.body)) {
    told = Entered{Trigger::Of::group, group->group, group->state};
  }
  if (!told) return std::nullopt;
  auto& known = states_[{told->of, told->name}];
  if (std::exchange(known, told->state) == told->state) return std::nullopt;
  return told;
}

}  // namespace brokersim::sim
