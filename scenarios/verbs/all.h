// The list of all verbs, in the order in which docs/stories.md explains them.
#pragma once

#include <span>

#include "scenarios/verbs/verb.h"

namespace brokersim::scenarios::verbs {

Verb cluster_verb();
Verb topic_verb();
Verb crash_verb();
Verb power_loss_verb();
Verb restart_verb();
Verb start_verb();
Verb pause_verb();
Verb resume_verb();
Verb partition_verb();
Verb delay_verb();
Verb drop_verb();
Verb slow_disk_verb();
Verb skew_verb();
Verb heal_verb();
Verb produce_verb();
Verb consume_verb();
Verb elect_verb();
Verb reassign_verb();
Verb configure_verb();
Verb voter_verb();
Verb unregister_verb();
Verb run_verb();
Verb settle_verb();
Verb log_verb();
Verb isr_verb();
Verb metadata_verb();
Verb quorum_verb();
Verb events_verb();
Verb bytes_verb();
Verb check_verb();
Verb expect_verb();

std::span<const Verb> all_verbs();
const Verb* find_verb(std::string_view name);  // Null if there is none.

}  // namespace brokersim::scenarios::verbs
