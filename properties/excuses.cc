// The excuse rules, in the order in which they are tried.
#include "properties/excuses.h"

#include <algorithm>

namespace brokersim::properties {

namespace {

bool was_given_up_uncleanly(const Partition& partition, const LogEntry& entry) {
  return std::any_of(partition.unclean_elections.begin(), partition.unclean_elections.end(),
                     [&entry](const UncleanElection& election) {
                       const bool is_beyond = entry.batch.last_offset >= election.cut;
                       const bool is_of_deposed_leader = entry.stored > election.event;
                       return election.is_allowed && election.epoch > entry.batch.leader_epoch &&
                              (is_beyond || is_of_deposed_leader);
                     });
}

// Power loss took it, and might: not what flush.messages had made safe there.
bool has_lost(const Ledger& ledger, const Partition& partition, const Replica& replica,
              const Loss& loss) {
  return replica.log.has_lost(loss.index, loss.entry.prefix) &&
         !ledger.flush_promises().is_broken(partition.name, replica.node, loss.entry.prefix);
}

bool has_lost(const Ledger& ledger, const Partition& partition, NodeId node, const Loss& loss) {
  const Replica* replica = partition.replica(node);
  return replica != nullptr && has_lost(ledger, partition, *replica, loss);
}

// Holders whose power failed since they had the batch. Those count too that kept it: the promise
// counts power losses, not what they destroyed. Who was struck before it had the batch, or has
// fetched it again since, is a holder like any other.
std::int32_t struck_holders(const Ledger& ledger, const Partition& partition, const Loss& loss) {
  std::int32_t count = 0;
  for (const Replica& replica : partition.replicas) {
    const ReplicaLog& log = replica.log;
    const bool is_struck =
        log.holds(loss.index, loss.entry.prefix)
            ? ledger.node(replica.node).last_power_loss > log.entries()[loss.index].stored
            : has_lost(ledger, partition, replica, loss);
    if (is_struck) ++count;
  }
  return count;
}

bool nobody_electable_kept_it(const Ledger& ledger, const Partition& partition, const Loss& loss) {
  const auto electable = partition.elected_over.electable();
  return !electable.empty() && std::all_of(electable.begin(), electable.end(), [&](NodeId node) {
    return has_lost(ledger, partition, node, loss);
  });
}

}  // namespace

std::string_view name_of(Excuse excuse) {
  switch (excuse) {
    case Excuse::none: return "none";
    case Excuse::unclean_election: return "unclean_election";
    case Excuse::too_many_power_losses: return "too_many_power_losses";
    case Excuse::last_replica_standing: return "last_replica_standing";
  }
  __builtin_unreachable();
}

Excuse excuse_for(const Ledger& ledger, const Partition& partition, const Loss& loss) {
  if (was_given_up_uncleanly(partition, loss.entry)) return Excuse::unclean_election;
  if (!has_lost(ledger, partition, partition.state.leader, loss)) return Excuse::none;
  if (struck_holders(ledger, partition, loss) >= loss.copies) return Excuse::too_many_power_losses;
  if (nobody_electable_kept_it(ledger, partition, loss)) return Excuse::last_replica_standing;
  return Excuse::none;
}

}  // namespace brokersim::properties
