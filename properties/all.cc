// The list of all properties, as reports show it.
#include "properties/all.h"

#include <utility>

namespace brokersim::properties {

std::vector<std::unique_ptr<Property>> make_all(const TrialConfig& config) {
  std::vector<std::unique_ptr<Property>> all;
  all.push_back(acked_records());
  all.push_back(acknowledgement());
  all.push_back(flushed_records());
  all.push_back(prefix_agreement());
  all.push_back(consumer_order());
  all.push_back(idempotent_producers(config.producer_id_expiration, config.last_producer_epoch,
                                     config.first_sequences));
  all.push_back(send_order(config.ordered_producers));
  all.push_back(refused_batches(config.producer_id_expiration));
  all.push_back(one_leader_per_epoch());
  all.push_back(one_quorum_leader());
  all.push_back(quorum_commits(config.quorum_voters));
  all.push_back(check_quorum(config.quorum_voters, config.quorum_fetch_timeout));
  all.push_back(pre_votes(config.quorum_voters));
  all.push_back(high_watermark());
  all.push_back(own_watermarks());
  all.push_back(committed_reads());
  const auto& older_clients = config.older_transactional_clients;
  all.push_back(transaction_atomicity(config.transaction_version, older_clients));
  all.push_back(stable_offset());
  all.push_back(transactional_reads());
  all.push_back(transaction_fencing());
  all.push_back(exactly_once(config.transaction_version, older_clients));
  const Duration cleanup = config.transaction_cleanup_interval;
  all.push_back(hanging_transactions(config.convergence_bound, cleanup));
  all.push_back(transaction_states(config.last_producer_epoch));
  all.push_back(transaction_markers());
  all.push_back(transaction_answers());
  all.push_back(at_least_once());
  all.push_back(metadata_sanity());
  all.push_back(snapshots());
  all.push_back(partition_ownership());
  all.push_back(zombie_commits());
  all.push_back(committed_offsets(config.offsets_retention));
  all.push_back(group_delivery(config.groups_that_begin_at_latest));
  all.push_back(revoked_reads());
  all.push_back(crossed_commits());
  all.push_back(assignment_epochs());
  all.push_back(returning_members());
  all.push_back(group_answers());
  all.push_back(group_states());
  all.push_back(static_places(config.static_members));
  all.push_back(group_beginnings());
  all.push_back(log_starts());
  all.push_back(deletions());
  all.push_back(recovered_logs());
  all.push_back(beside_logs());
  all.push_back(electable_logs());
  all.push_back(compaction());
  all.push_back(unasked_ends(config.quorum_voters, config.registration_timeout));
  all.push_back(convergence(config.convergence_bound));
  return all;
}

}  // namespace brokersim::properties
