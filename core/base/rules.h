// The rules of the protocol that can be switched back to what they were when they were wrong.
//
// Each is read at the one place where the rule lives. The defaults are today's protocol; other
// values bring a historical bug back, or make a node of an older version. Which name of which bug
// sets which rule stands in scenarios/bugs.cc, not here: core knows behaviours, not tickets.
#pragma once

#include <cstdint>

namespace brokersim {

// Those of the metadata quorum (KRaft).
struct QuorumRules {
  // An election begins with asking whether it would be won (KIP-996).
  bool has_pre_vote = true;
  // Whoever asks so in an epoch in which it has voted still knows for whom.
  bool keeps_vote_through_pre_vote = true;
  // A leader out of touch with a majority resigns (KAFKA-15489).
  bool has_check_quorum = true;
  // A leader commits nothing before a record of its own epoch (KAFKA-12619).
  bool commits_beyond_epoch_start_only = true;
  // A restarted leader stays out of the epoch it led (KAFKA-10527).
  bool resigns_after_restart = true;
  // A snapshot is named by the offset behind its last record (KAFKA-14618), not by that record's.
  bool names_snapshots_by_their_end = true;
  // The log is deleted only before a snapshot that is kept (KAFKA-14238), not by its size alone.
  bool deletes_log_before_snapshots_only = true;
  // A leader counts itself as far as it has a vote (KAFKA-16530, KAFKA-16531): not while it is
  // being removed.
  bool leader_counts_as_voter_only = true;
  // The voters change only once the leader has committed a record of its own epoch (KIP-853), which
  // tells it of all that earlier leaders changed.
  bool changes_voters_after_own_commit_only = true;
  // Only voters stand for election (KAFKA-17067), not who was one.
  bool only_voters_stand = true;
  // Who fetches from before where it was has lost something, and is served (KAFKA-12181).
  bool serves_logs_that_went_back = true;
  friend bool operator==(const QuorumRules&, const QuorumRules&) = default;
};

// Those of replication between a partition's leader and its followers.
struct ReplicationRules {
  // A fetch of another leader epoch than the leader's says nothing of a log (KIP-320, KAFKA-7395).
  bool compares_epochs_of_fetches = true;
  // A leader's log enters its epoch at once (KAFKA-7415), not with the first record.
  bool leaders_begin_their_epoch = true;
  // To cut a log back to its end is to forget later epochs in which it has nothing (KAFKA-10706).
  bool cuts_epochs_at_log_end = true;
  // Who joins has all that lies before the leader's epoch (KAFKA-7128), whose high watermark lags.
  bool joins_at_epoch_start = true;
  // Who is fenced or shuts down joins no in-sync set (KIP-841), for leaders and controllers.
  bool only_active_join = true;
  // Nor does an earlier life of a broker, which had another log (KIP-903).
  bool only_present_lives_join = true;
  // A follower begins anew with each leader epoch, under the same leader, too (KAFKA-7164).
  bool follows_each_epoch_anew = true;
  // A log that is begun later, as its leader's, is committed up to there (KAFKA-9491).
  bool begun_logs_are_committed = true;
  // A high watermark is loaded into the log that there is (KAFKA-3978), which may begin later.
  bool loads_watermarks_into_logs = true;
  // A leader learns from the metadata what became of its changes (KAFKA-14144).
  bool leaders_follow_metadata = true;
  // A change that is asked for again is the same change (KAFKA-15353), not one that names nobody.
  bool asks_again_for_the_same = true;
  // A broker that starts sets aside logs that are not its own (KAFKA-13127), not those that are.
  bool sets_aside_only_strays = true;
  // Who asks for what its leader has deleted is told that before logs are compared (KAFKA-12996).
  bool looks_at_log_start_first = true;
  // An empty log may begin inside a batch, as its leader's does (KAFKA-6975).
  bool begins_inside_batches = true;
  // High watermarks are checkpointed of partitions without a leader, too (KAFKA-1647).
  bool checkpoints_without_leader = true;
  // Who is ahead of its leader, and has no epochs to compare, is cut to the leader's end
  // (KAFKA-7414).
  bool cuts_who_is_ahead = true;
  // A change of the in-sync set that turned out to change nothing is over, too (KAFKA-12751).
  bool ends_changes_of_nothing = true;
  // Who knows later epochs than a controller is to ask another one (KAFKA-14154), and not to wait.
  bool later_epochs_ask_elsewhere = true;
  friend bool operator==(const ReplicationRules&, const ReplicationRules&) = default;
};

// Those of the controller, about brokers and who may lead (KIP-631, KIP-966).
struct ControllerRules {
  // A broker is unfenced once it knows of its registration (KAFKA-13959), not of all there is.
  bool unfences_at_registration = true;
  // A broker that did not end in order may have lost records, and is not eligible (KIP-966).
  bool unclean_restarts_end_eligibility = true;
  // The last known leader leads again only if it is there (KAFKA-19522).
  bool last_known_leader_must_be_active = true;
  friend bool operator==(const ControllerRules&, const ControllerRules&) = default;
};

// The last epoch that a producer gets: the one after it is left for fencing that one (KIP-360).
inline constexpr std::int16_t last_epoch_of_producers = 32766;

// Those of transactions, as their coordinators and those of groups keep them (KIP-98, KIP-890).
struct TransactionRules {
  // Kafka's, or an earlier one, so that a run comes to it. After it a producer gets another id,
  // from its coordinator, or, if it has no transactions, because it asks for one.
  std::int16_t last_epoch = last_epoch_of_producers;
  // Producers give each transaction an epoch of its own, where the cluster has agreed on it, so
  // that nothing that comes late belongs to the next one (KIP-890, KAFKA-17754).
  bool has_epoch_per_transaction = true;
  // A transaction that takes too long costs its producer the epoch (KAFKA-6119).
  bool timeouts_fence = true;
  // Who asks to end a transaction has the epoch that was given out last, not any later one
  // (KAFKA-9600).
  bool ends_with_present_epoch_only = true;
  // An answer to a marker counts for the transaction it was sent for, not for the producer's next
  // one (KAFKA-9777).
  bool markers_name_their_transaction = true;
  // A transaction whose completion could not be written is completed later (KAFKA-16352).
  bool retries_completion = true;
  // Fencing that could not be written has used up no epoch (KAFKA-9666).
  bool failed_fence_takes_no_epoch = true;
  // Nor does fencing take two where each transaction has one of its own (KAFKA-19367).
  bool fences_raise_epoch_once = true;
  // The producer ids before and after the present one outlive the coordinator (KAFKA-20310).
  bool persists_other_producer_ids = true;
  // Whether a partition is in a transaction is told although another is being added (KAFKA-14904).
  bool verifies_beside_pending = true;
  // Partitions are in a transaction once that is replicated (Redpanda's #6018).
  bool adds_once_committed = true;
  // Who takes over a transactional id begins after the transaction before is aborted everywhere
  // (Redpanda's #3232).
  bool begins_after_abort = true;
  // Offsets are committed in a transaction by members of the present generation (KIP-447).
  bool checks_members_of_groups = true;
  // A transaction begins whatever the clock said when the one before did (KAFKA-8803).
  bool begins_at_any_time = true;
  friend bool operator==(const TransactionRules&, const TransactionRules&) = default;
};

// Those by which a partition's leader takes part in transactions (KIP-98, KIP-890).
struct AppendRules {
  // A transaction begins with a batch that its coordinator says is part of it (KIP-890), not with
  // one that may come when its transaction is over.
  bool verifies_transactions = true;
  // Where each transaction has an epoch of its own, a marker with the epoch that is writing belongs
  // to the transaction before: refused while one is open (KIP-1228), and otherwise taken for one
  // that is sent again (KAFKA-19999). Or never refused; or always.
  enum class LateMarker : std::uint8_t { refused_while_open, accepted, refused };
  LateMarker late_marker = LateMarker::refused_while_open;
  // A batch is part of the transaction that is open if their epochs are the same (KAFKA-18575).
  bool continues_transactions_by_epoch = true;
  // A verification is good for the transaction for which it was begun (KAFKA-14884), not for
  // whichever is verified when it comes.
  bool verifies_one_transaction = true;
  // Who is fenced learns that, whatever else is wrong with the batch (KAFKA-19690).
  bool checks_epoch_before_verification = true;
  // No batch overtakes the first one of its transaction, which may have to be verified again
  // (KAFKA-14920).
  bool keeps_order_through_verification = true;
  // Offsets that are committed in a transaction are verified, too (KAFKA-15449).
  bool verifies_offsets = true;
  // After the largest sequence comes 0 (KAFKA-7692).
  bool sequences_go_round = true;
  // What a producer sends again is answered with where it lies (KIP-98): not stored once more, nor
  // refused as out of order (both Redpanda's #3039).
  enum class Repeat : std::uint8_t { answered, stored, refused };
  Repeat repeat = Repeat::answered;
  friend bool operator==(const AppendRules&, const AppendRules&) = default;
};

// Those of group coordinators, and of the members of groups.
struct GroupRules {
  // Who leads no more does not take the progress of its new leader's log for that of its own writes
  // (KAFKA-20634).
  bool ends_with_leadership = true;
  // An offset that is loaded without a time at which it expires has none (KAFKA-8069).
  bool loads_offsets_without_expiry = true;
  // What a member of a consumer group gives up is free if it is the one that has it, and what it
  // keeps stays its own (KAFKA-16147).
  bool releases_own_partitions_only = true;
  // A consumer group that nobody is left in has no assignment to come (KAFKA-20442).
  bool assigns_to_nobody_left = true;
  // Which member may come with the epoch before its present one (KIP-848): the one whose answer got
  // lost, which has nothing but what it was given; or any; or none.
  enum class PreviousEpoch : std::uint8_t { if_owned_is_assigned, accepted, refused };
  PreviousEpoch previous_epoch = PreviousEpoch::if_owned_is_assigned;
  // A static member that comes back by the protocol of consumer groups takes the place of the
  // classic one that it was, which takes no leave (KAFKA-17228).
  bool takes_over_from_classic_members = true;
  // Who was told its id and does not come back with it is not waited for (KIP-394, KAFKA-9232).
  bool forgets_who_never_came = true;
  // Of what members say they hold, what they say of the latest generation counts (KAFKA-12984).
  bool believes_latest_claims = true;
  // What was handed out is committed, and not what was fetched (KAFKA-2942).
  bool commits_what_was_handed_out = true;
  // What a group wants does not expire while somebody is in it (KIP-211), nor what it may want
  // while it rebalances (KAFKA-13636).
  bool keeps_offsets_of_members = true;
  // Nor what a transaction is about to commit anew (Redpanda's #31483).
  bool keeps_offsets_under_transactions = true;
  // A static member that restarts takes the place of its predecessor whatever the group is doing
  // (KAFKA-8500), not only while it is stable.
  bool replaces_static_members_always = true;
  // A static member that is late for a rebalance keeps its place (KAFKA-8220).
  bool waits_for_static_members = true;
  // A static member that falls silent keeps its id, as nobody has heard that it left (KAFKA-20985).
  bool static_members_keep_their_id = true;
  // So does a member that has to try again (KAFKA-13214).
  bool keeps_id_through_retries = true;
  // Who has joined and never asks for its assignment is out after a while (KAFKA-12890).
  bool puts_out_who_never_asks = true;
  // A log of which compaction has taken something can be loaded (KAFKA-19862).
  bool loads_compacted_logs = true;
  // A coordinator, of transactions too, serves once all that it has read is committed (Redpanda's
  // #5025, docs/decisions/coordinators-serve-what-is-committed.md).
  bool serves_once_committed = true;
  // A member of a consumer group hears of what is committed only (KIP-848): what the next
  // coordinator finds, too.
  bool answers_once_committed = true;
  friend bool operator==(const GroupRules&, const GroupRules&) = default;
};

// Those of stream tasks.
struct TaskRules {
  // At least once: the offsets are committed once all that was made is acknowledged (KAFKA-1650).
  bool commits_once_acknowledged = true;
  friend bool operator==(const TaskRules&, const TaskRules&) = default;
};

// Those of consumers, by which they notice that a log was cut under them (KIP-320).
struct ConsumerRules {
  // Who fetches says of which epoch what lies before is.
  bool fetches_with_epochs = true;
  // And so does who commits, for whoever goes on from there (KAFKA-19902).
  bool commits_with_epochs = true;
  friend bool operator==(const ConsumerRules&, const ConsumerRules&) = default;
};

// Those of a replica's log on its disk.
struct LogRules {
  // After an I/O error nothing is appended to the log any more (KAFKA-10778).
  bool goes_offline_after_error = true;
  // What is in the log has its offsets whatever becomes of its index (KAFKA-7866).
  bool keeps_offsets_without_index = true;
  // A producer is known though its last batch is deleted (KAFKA-7190, KIP-360).
  bool keeps_producers_of_deleted_batches = true;
  // Of each active producer compaction keeps the last batch (KAFKA-5490).
  bool cleaner_keeps_last_batches = true;
  // Compaction knows which transactions still have records, from one file to the next (KAFKA-8351).
  bool cleaner_remembers_transactions = true;
  // The checkpoint of recovery points follows a truncation, not only the clock.
  bool checkpoints_recovery_at_truncation = true;
  // After a crash a snapshot of producers is held against the batches (KAFKA-9892).
  bool checks_snapshots_after_crash = true;
  // Who has not opened its logs since a crash does not leave them as in order (KAFKA-15375).
  bool vouches_for_opened_logs_only = true;
  // What is read for a leader epoch is of no later one, and no follower would append that
  // (KAFKA-18723): not whatever has taken its place in the file meanwhile.
  bool keeps_reads_in_their_epoch = true;
  friend bool operator==(const LogRules&, const LogRules&) = default;
};

struct Rules {
  // What a follower of a new leader epoch cuts its log back to (KIP-101).
  enum class TruncateBy : std::uint8_t { leader_epoch, high_watermark };
  TruncateBy truncate_by = TruncateBy::leader_epoch;

  // What a leader answers to "where does epoch e end" (KIP-279): the largest epoch it has up to e,
  // with that epoch's end; or only an offset, the start of the next epoch it knows.
  enum class EpochEnd : std::uint8_t { epoch_and_offset, offset_only };
  EpochEnd epoch_end = EpochEnd::epoch_and_offset;

  // How `acks` of 2 and more is served (docs/decisions/numeric-acks.md): as acks=all with that many
  // in-sync replicas required; refused, as Kafka does today; or answered once any so many replicas
  // hold the record, as Kafka 0.8 did.
  enum class NumericAcks : std::uint8_t { safe, reject, legacy };
  NumericAcks numeric_acks = NumericAcks::safe;

  // Whether a partition whose in-sync replicas are all gone may be led by another replica, where
  // neither topic nor cluster says (KIP-106).
  bool unclean_leader_election_by_default = false;

  // What an idempotent producer may number anew in its next epoch (KAFKA-14034): a batch that
  // certainly is in no log; or any that was not acknowledged.
  enum class Renumber : std::uint8_t { refused, unacknowledged };
  Renumber renumber = Renumber::refused;

  // What an idempotent producer sends again keeps its numbers (KAFKA-5494).
  bool numbers_batches_once = true;

  // After its last epoch an idempotent producer needs another id (librdkafka's #3720).
  bool last_epoch_ends_id = true;

  QuorumRules quorum;
  ReplicationRules replication;
  ControllerRules controller;
  TransactionRules transactions;
  AppendRules append;
  GroupRules group;
  TaskRules task;
  ConsumerRules consumer;
  LogRules log;

  friend bool operator==(const Rules&, const Rules&) = default;
};

}  // namespace brokersim
