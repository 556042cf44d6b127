// Why no plan shows some of the bugs: what docs/historical-bugs.md says of them, word for word.
#include <algorithm>
#include <iterator>

#include "scenarios/bugs.h"

namespace brokersim::scenarios {
namespace {

struct WithoutPlan {
  std::string_view bug;
  std::string_view why;
};

constexpr WithoutPlan bugs_without_plan[] = {
    {"REP-04",
     "not yet: found in one part "
     "(`Handlers.any_leader_epoch_was_as_good_as_the_present_one_once`); logs are compared with "
     "each fetch besides, and a follower appends nothing of later epochs than its own, so it "
     "takes a deposed leader that does not know it, and a follower that hears of its epoch after "
     "the next one has begun; 800 seeds of `elections` did not"},
    {"REP-13",
     "cannot do harm here: found in one part "
     "(`FetchCheck.before_the_start_once_was_told_to_cut_its_log_where_that_diverges`); each cut "
     "takes an epoch, so the follower ends at the question that is answered with "
     "OFFSET_OUT_OF_RANGE"},
    {"REP-15",
     "cannot do harm here: found in one part "
     "(`FollowingBroker.checkpoints_what_is_committed_though_nobody_leads`); since KIP-101 no log "
     "is cut by a high watermark, so it takes REP-01 besides, and then REP-01 is what is found"},
    {"REP-16",
     "not yet: found in one part (`Follower.that_was_ahead_of_its_leader_once_asked_for_ever`); "
     "epochs are compared before offsets, so it takes a log without any epoch that was begun "
     "behind where its leader's ends"},
    {"ISR-11",
     "cannot do harm here: found in one part "
     "(`LeaderAlter.that_changed_nothing_was_never_over_once`); a leader asks for nothing that it "
     "has, and what comes in twice is refused by its partition epoch; two changes are never under "
     "way at once (KAFKA-12686), and an answer names which it is of"},
    {"ISR-15",
     "cannot do harm here: found in one part "
     "(`Alterations.were_refused_for_good_by_a_controller_that_did_not_know_their_epochs`); a "
     "broker asks the controller that its metadata comes from, and that one has all that was "
     "committed before it"},
    {"LOG-02",
     "not yet: found in one part "
     "(`TransactionalLog.used_the_offsets_twice_of_what_its_index_lacks`); a disk that cannot "
     "write the index has hardly ever written the log just before, which is offline otherwise"},
    {"LOG-05",
     "not yet: found in one part "
     "(`ProducerLog.a_snapshot_of_an_earlier_life_of_the_log_is_not_believed_after_a_crash`); "
     "what is removed is off the disk before the log grows again, but for a loss of power "
     "between two syncs; 300 seeds of `idempotent-producer` did not"},
    {"TXN-04",
     "not yet: found in one part "
     "(`TransactionBugs.an_epoch_that_was_never_given_out_ends_a_transaction`); no client of a "
     "scenario names an epoch that it was not given"},
    {"TXN-24",
     "cannot do harm here: found in one part "
     "(`TransactionBugs.a_partition_in_the_transaction_is_refused_while_another_is_added`); the "
     "batch is sent again, and none overtakes it meanwhile (PID-07)"},
    {"GRP-08",
     "not yet: found in one part "
     "(`Syncing.a_group_once_waited_for_ever_for_whoever_lives_and_never_asks`); members of a "
     "scenario ask on the connection that their heartbeats take, so that neither comes without the "
     "other"},
    {"GRP-10",
     "not yet: found in one part "
     "(`StickyAssignor.once_believed_a_claim_of_a_generation_that_is_over`); our members lose "
     "what they hold with their generation, so claims of two generations never meet in a run"},
    {"K848-04",
     "not yet: found in one part "
     "(`ConsumersOfOrders.go_on_though_the_log_does_not_say_any_more_who_gave_up_what`); it takes "
     "compaction between two reads of one load, and the log of a run is read at once"},
    {"QRM-12",
     "not yet: found in one part (`PreVotes.keep_the_vote_of_the_epoch_in_which_they_are_asked`); "
     "4000 seeds of late votes and lost answers did not"},
};

}  // namespace

std::string_view why_without_plan(const Bug& bug) {
  const auto found = std::find_if(std::begin(bugs_without_plan), std::end(bugs_without_plan),
                                  [&](const WithoutPlan& each) { return each.bug == bug.name; });
  return found == std::end(bugs_without_plan) ? std::string_view{} : found->why;
}

}  // namespace brokersim::scenarios
