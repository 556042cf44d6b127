// All properties, in the order in which they are listed and reported. What each means, and the bug
// that shows it fires, is in docs/properties.md.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "properties/property.h"

namespace brokersim::properties {

// A static member of a group (KIP-345) that speaks the classic protocol and nothing else. Nobody
// takes it out of the group (LeaveGroup by its instance).
struct StaticMember {
  std::string group;
  std::string client;
  std::string instance;  // group.instance.id
  Duration session_timeout{};
  // Nobody else goes by that instance, and it does not leave to come back as another consumer.
  bool is_alone = false;
};

// What a cluster is told, and promises depend on.
struct TrialConfig {
  // Within this after FaultsLifted everything has converged (BS-V01).
  Duration convergence_bound = 60s;
  // After so long a silence a producer may be forgotten (BS-P01, BS-P03).
  Duration producer_id_expiration = 24h;
  // Whose sends to a partition lie there in their order (BS-P02).
  std::set<std::string> ordered_producers = {};
  // Who has a vote in the quorum at first. Nobody: as the metadata says, or nothing is judged that
  // depends on it (BS-Q02, BS-Q03, BS-Q04).
  std::vector<NodeId> quorum_voters = {};
  // controller.quorum.fetch.timeout.ms (BS-Q03).
  Duration quorum_fetch_timeout = 2s;
  // transaction.abort.timed.out.transaction.cleanup.interval.ms (BS-T06).
  Duration transaction_cleanup_interval = 10s;
  // offsets.retention.minutes (BS-G03).
  Duration offsets_retention = 7 * 24h;
  // The level of transaction.version, agreed on before there is any transaction: below 2 a late
  // request may take effect in the next one (BS-T01, BS-T05).
  std::int16_t transaction_version = 2;
  // Clients whose transactions have one epoch at every level, as they know no later protocol: as
  // below level 2 (BS-T01, BS-T05).
  std::set<std::string> older_transactional_clients = {};
  // The last epoch that a producer gets (BS-P01, BS-T07).
  std::int16_t last_producer_epoch = last_epoch_of_producers;
  // Groups in which somebody begins at the latest record where nothing is committed, or the
  // position is none in the log: what comes before it nobody is handed (BS-G04).
  std::set<std::string> groups_that_begin_at_latest = {};
  // Where producers are told to begin to count, other than at 0 (BS-P01).
  std::set<std::int32_t> first_sequences = {};
  // initial.broker.registration.timeout.ms (BS-E01).
  Duration registration_timeout = 60s;
  // Members that are to keep their places (BS-G11).
  std::vector<StaticMember> static_members = {};
};

std::unique_ptr<Property> acked_records();                                       // BS-D01
std::unique_ptr<Property> acknowledgement();                                     // BS-D02
std::unique_ptr<Property> flushed_records();                                     // BS-D03
std::unique_ptr<Property> prefix_agreement();                                    // BS-O01
std::unique_ptr<Property> consumer_order();                                      // BS-O02
std::unique_ptr<Property> idempotent_producers(Duration producer_id_expiration,  // BS-P01
                                               std::int16_t last_epoch,
                                               std::set<std::int32_t> first_sequences);
std::unique_ptr<Property> send_order(std::set<std::string> ordered_producers);  // BS-P02
std::unique_ptr<Property> refused_batches(Duration producer_id_expiration);     // BS-P03
std::unique_ptr<Property> one_leader_per_epoch();                               // BS-L01
std::unique_ptr<Property> one_quorum_leader();                                  // BS-Q01
std::unique_ptr<Property> quorum_commits(const std::vector<NodeId>& voters);    // BS-Q02
std::unique_ptr<Property> check_quorum(const std::vector<NodeId>& voters,       // BS-Q03
                                       Duration fetch_timeout);
std::unique_ptr<Property> pre_votes(const std::vector<NodeId>& voters);  // BS-Q04
std::unique_ptr<Property> high_watermark();                              // BS-H01
std::unique_ptr<Property> own_watermarks();                              // BS-H02
std::unique_ptr<Property> committed_reads();                             // BS-C01
std::unique_ptr<Property> transaction_atomicity(std::int16_t version,    // BS-T01
                                                std::set<std::string> older_clients);
std::unique_ptr<Property> stable_offset();                    // BS-T02
std::unique_ptr<Property> transactional_reads();              // BS-T03
std::unique_ptr<Property> transaction_fencing();              // BS-T04
std::unique_ptr<Property> exactly_once(std::int16_t version,  // BS-T05
                                       std::set<std::string> older_clients);
std::unique_ptr<Property> hanging_transactions(Duration bound,  // BS-T06
                                               Duration cleanup_interval);
std::unique_ptr<Property> transaction_states(std::int16_t last_epoch);            // BS-T07
std::unique_ptr<Property> transaction_markers();                                  // BS-T08
std::unique_ptr<Property> transaction_answers();                                  // BS-T09
std::unique_ptr<Property> at_least_once();                                        // BS-T10
std::unique_ptr<Property> metadata_sanity();                                      // BS-M01
std::unique_ptr<Property> snapshots();                                            // BS-S01
std::unique_ptr<Property> partition_ownership();                                  // BS-G01
std::unique_ptr<Property> zombie_commits();                                       // BS-G02
std::unique_ptr<Property> committed_offsets(Duration retention);                  // BS-G03
std::unique_ptr<Property> group_delivery(std::set<std::string> begin_at_latest);  // BS-G04
std::unique_ptr<Property> revoked_reads();                                        // BS-G05
std::unique_ptr<Property> crossed_commits();                                      // BS-G06
std::unique_ptr<Property> assignment_epochs();                                    // BS-G07
std::unique_ptr<Property> returning_members();                                    // BS-G08
std::unique_ptr<Property> group_answers();                                        // BS-G09
std::unique_ptr<Property> group_states();                                         // BS-G10
std::unique_ptr<Property> static_places(const std::vector<StaticMember>&);        // BS-G11
std::unique_ptr<Property> group_beginnings();                                     // BS-G12
std::unique_ptr<Property> log_starts();                                           // BS-R01
std::unique_ptr<Property> deletions();                                            // BS-R02
std::unique_ptr<Property> recovered_logs();                                       // BS-R03
std::unique_ptr<Property> beside_logs();                                          // BS-R04
std::unique_ptr<Property> electable_logs();                                       // BS-R05
std::unique_ptr<Property> compaction();                                           // BS-K01
std::unique_ptr<Property> unasked_ends(const std::vector<NodeId>& voters,         // BS-E01
                                       Duration registration_timeout);
std::unique_ptr<Property> convergence(Duration bound);  // BS-V01

std::vector<std::unique_ptr<Property>> make_all(const TrialConfig& config = {});

}  // namespace brokersim::properties
