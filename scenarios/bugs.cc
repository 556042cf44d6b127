#include "scenarios/bugs.h"

#include <array>

#include <fmt/format.h>

#include "scenarios/nearest.h"

namespace brokersim::scenarios {
namespace {

constexpr std::array<Bug, 16> known_bugs{
    Bug{.name = "REP-01",
        .about = "a new follower cuts its log to its own high watermark, which may be behind",
        .source = "KAFKA-1211, KIP-101",
        .property = "BS-D01",
        .scenario = "elections",
        .set = [](Rules& rules) { rules.truncate_by = Rules::TruncateBy::high_watermark; }},
    Bug{.name = "REP-03",
        .about = "the answer to where an epoch ends does not say of which epoch it is",
        .source = "KAFKA-6361, KIP-279",
        .property = "BS-O01",
        .scenario = "elections",
        .set = [](Rules& rules) { rules.epoch_end = Rules::EpochEnd::offset_only; }},
    Bug{.name = "ISR-01",
        .about = "acks=2 is answered once any two replicas hold the record, whoever may lead next",
        .source = "KAFKA-1697, KIP-1",
        .property = "BS-D01",
        .scenario = "elections",
        .set = [](Rules& rules) { rules.numeric_acks = Rules::NumericAcks::legacy; }},
    Bug{.name = "ISR-02",
        .about = "without an in-sync replica any other may lead, although nobody allowed it",
        .source = "KAFKA-4623, KIP-106",
        .property = "BS-D01",
        .scenario = "elections",
        .set = [](Rules& rules) { rules.unclean_leader_election_by_default = true; }},
    Bug{.name = "LOG-01",
        .about = "after a failed write the log takes the next one, behind what is left of it",
        .source = "KAFKA-10778",
        .property = "BS-O01",
        .scenario = "io-error",
        .set = [](Rules& rules) { rules.log.goes_offline_after_error = false; }},
    Bug{.name = "ISR-03",
        .about = "who restarts without having ended in order counts as having all it had",
        .source = "KIP-966, KAFKA-15584",
        .property = "BS-D01",
        .scenario = "last-replica-standing",
        .set = [](Rules& rules) { rules.controller.unclean_restarts_end_eligibility = false; }},
    Bug{.name = "ISR-05",
        .about = "the last known leader is made leader whether it is there or not",
        .source = "KAFKA-19522",
        .property = "BS-M01",
        .scenario = "last-replica-standing",
        .set = [](Rules& rules) { rules.controller.last_known_leader_must_be_active = false; }},
    Bug{.name = "ISR-06",
        .about = "a replica whose broker is fenced or shuts down joins the in-sync set",
        .source = "KAFKA-13916, KIP-841",
        .property = "BS-M01",
        .scenario = "network-partition",
        .set = [](Rules& rules) { rules.replication.only_active_join = false; }},
    Bug{.name = "PID-05",
        .about = "when a batch is given up, those whose fate is unknown are sent as something new",
        .source = "KAFKA-14034",
        .property = "BS-P01",
        .scenario = "idempotent-producer",
        .set = [](Rules& rules) { rules.renumber = Rules::Renumber::unacknowledged; }},
    Bug{.name = "GRP-01",
        .about = "a coordinator that was deposed answers commits that its new leader never had",
        .source = "KAFKA-20634",
        .property = "BS-G03",
        .scenario = "group-rebalance",
        .set = [](Rules& rules) { rules.group.ends_with_leadership = false; }},
    Bug{.name = "GRP-03",
        .about = "offsets expire at once where a coordinator has loaded them from its log",
        .source = "KAFKA-8069",
        .property = "BS-G03",
        .scenario = "group-rebalance",
        .set = [](Rules& rules) { rules.group.loads_offsets_without_expiry = false; }},
    Bug{.name = "K848-01",
        .about = "what a member of a consumer group keeps is taken for free, and given to another",
        .source = "KAFKA-16147, KIP-848",
        .property = "BS-G01",
        .scenario = "consumer-group-churn",
        .set = [](Rules& rules) { rules.group.releases_own_partitions_only = false; }},
    Bug{.name = "K848-02",
        .about = "the last member to go leaves its group with an assignment to be made for nobody",
        .source = "KAFKA-20442, KIP-848",
        .property = "BS-G07",
        .scenario = "consumer-group-churn",
        .set = [](Rules& rules) { rules.group.assigns_to_nobody_left = false; }},
    Bug{.name = "QRM-01",
        .about = "a controller that led the quorum before its restart leads on in the same epoch",
        .source = "KAFKA-10527",
        .property = "BS-O01",
        .scenario = "quorum-snapshots",
        .set = [](Rules& rules) { rules.quorum.resigns_after_restart = false; }},
    Bug{.name = "QRM-06",
        .about = "the metadata log is deleted by its size, whether or not a snapshot stands for it",
        .source = "KAFKA-14238",
        .property = "BS-S01",
        .scenario = "quorum-snapshots",
        .set = [](Rules& rules) { rules.quorum.deletes_log_before_snapshots_only = false; }},
    Bug{.name = "QRM-07",
        .about =
            "a metadata snapshot is named by the last offset it holds, as if that were missing",
        .source = "KAFKA-14618",
        .property = "BS-S01",
        .scenario = "quorum-snapshots",
        .set = [](Rules& rules) { rules.quorum.names_snapshots_by_their_end = false; }},
};

}  // namespace

std::span<const Bug> all_bugs() { return known_bugs; }

const Bug* find_bug(std::string_view name) {
  for (const auto& bug : known_bugs) {
    if (bug.name == name) return &bug;
  }
  return nullptr;
}

Expected<Rules, std::string> rules_with(const std::vector<std::string>& names) {
  Rules rules;
  for (const auto& name : names) {
    const Bug* bug = find_bug(name);
    if (bug != nullptr) {
      bug->set(rules);
      continue;
    }
    std::vector<std::string> known;
    for (const auto& each : known_bugs) known.emplace_back(each.name);
    return Unexpected(fmt::format("there is no bug '{}'{}", name, did_you_mean(name, known)));
  }
  return rules;
}

}  // namespace brokersim::scenarios
