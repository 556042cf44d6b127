#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

std::span<const Verb> all_verbs() {
  static const std::vector<Verb> verbs{
      cluster_verb(),    topic_verb(),     crash_verb(),    power_loss_verb(), restart_verb(),
      start_verb(),      pause_verb(),     resume_verb(),   partition_verb(),  delay_verb(),
      drop_verb(),       slow_disk_verb(), skew_verb(),     heal_verb(),       produce_verb(),
      consume_verb(),    elect_verb(),     reassign_verb(), configure_verb(),  voter_verb(),
      unregister_verb(), run_verb(),       settle_verb(),   log_verb(),        isr_verb(),
      metadata_verb(),   quorum_verb(),    events_verb(),   bytes_verb(),      check_verb(),
      expect_verb(),
  };
  return verbs;
}

const Verb* find_verb(std::string_view name) {
  for (const auto& verb : all_verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace brokersim::scenarios::verbs
