// One member's way to its target: what it gives up first, what it is given only when nobody has it,
// and at which epochs.
#include "core/group/reconcile.h"

#include <gtest/gtest.h>

namespace brokersim::group {
namespace {

constexpr Uuid only_topic{1};

PartitionSet of(const std::set<std::int32_t>& partitions) {
  if (partitions.empty()) return {};
  return {{only_topic, partitions}};
}

constexpr auto is_stable = MemberState::stable;
constexpr auto is_unrevoked = MemberState::unrevoked_partitions;
constexpr auto is_unreleased = MemberState::unreleased_partitions;

struct ReconcileRow {
  const char* about;
  MemberAssignment before;
  std::int32_t target_epoch;
  PartitionSet target;
  PartitionSet of_others;
  std::optional<PartitionSet> owned;
  MemberAssignment after;
};

const ReconcileRow reconcile_rows[] = {
    {"who has come to the target stays",
     {3, 2, is_stable, of({0, 1}), {}},
     3,
     of({0, 1}),
     {},
     std::nullopt,
     {3, 2, is_stable, of({0, 1}), {}}},
    {"free partitions are given at once",
     {0, -1, is_stable, {}, {}},
     1,
     of({0, 1}),
     {},
     of({}),
     {1, 0, is_stable, of({0, 1}), {}}},
    {"those of others are waited for, and the others given",
     {0, -1, is_stable, {}, {}},
     2,
     of({0, 1}),
     of({1}),
     of({}),
     {2, 0, is_unreleased, of({0}), {}}},
    {"what is waited for is given once it is free",
     {2, 0, is_unreleased, of({0}), {}},
     2,
     of({0, 1}),
     {},
     std::nullopt,
     {2, 2, is_stable, of({0, 1}), {}}},
    {"what is too much has to be given up, at the same epoch and before anything is given",
     {1, 0, is_stable, of({0, 1}), {}},
     2,
     of({0, 2}),
     {},
     std::nullopt,
     {1, 1, is_unrevoked, of({0}), of({1})}},
    {"who does not say that it gave up has not",
     {1, 1, is_unrevoked, of({0}), of({1})},
     2,
     of({0, 2}),
     {},
     std::nullopt,
     {1, 1, is_unrevoked, of({0}), of({1})}},
    {"nor has who says that it did not",
     {1, 1, is_unrevoked, of({0}), of({1})},
     2,
     of({0, 2}),
     {},
     of({0, 1}),
     {1, 1, is_unrevoked, of({0}), of({1})}},
    {"who gave up comes to the target",
     {1, 1, is_unrevoked, of({0}), of({1})},
     2,
     of({0, 2}),
     {},
     of({0}),
     {2, 1, is_stable, of({0, 2}), {}}},
    {"if the target has moved on meanwhile it gives up more, an epoch later",
     {1, 1, is_unrevoked, of({0}), of({1})},
     4,
     of({2}),
     {},
     of({0}),
     {2, 1, is_unrevoked, {}, of({0})}},
    {"who never had what is too much does not have to give it up",
     {1, 0, is_stable, of({0, 1}), {}},
     2,
     of({0}),
     {},
     of({0}),
     {2, 1, is_stable, of({0}), {}}},
    {"what it has yet to give up is not free for itself either (KAFKA-16147)",
     {1, 1, is_unrevoked, of({0}), of({1})},
     3,
     of({0, 1}),
     of({1}),
     of({0}),
     {3, 1, is_unreleased, of({0}), {}}},
};

TEST(Reconcile, goes_step_by_step) {
  for (const auto& row : reconcile_rows) {
    SCOPED_TRACE(row.about);
    PartitionEpochs epochs;
    epochs.update(nullptr, &row.before);
    const MemberAssignment others{.epoch = 9, .assigned = row.of_others};
    epochs.update(nullptr, &others);
    EXPECT_EQ(reconcile(row.before, row.target_epoch, row.target, epochs, row.owned), row.after);
  }
}

TEST(PartitionEpochs, know_what_members_have_and_have_yet_to_give_up) {
  PartitionEpochs epochs;
  const MemberAssignment first{.epoch = 1, .assigned = of({0, 1})};
  const MemberAssignment second{.epoch = 1, .assigned = of({0}), .pending_revocation = of({1})};
  const MemberAssignment third{.epoch = 2, .assigned = of({0})};
  epochs.update(nullptr, &first);
  EXPECT_FALSE(epochs.is_free(only_topic, 1));
  epochs.update(&first, &second);
  EXPECT_FALSE(epochs.is_free(only_topic, 0));
  EXPECT_FALSE(epochs.is_free(only_topic, 1));
  epochs.update(&second, &third);
  EXPECT_FALSE(epochs.is_free(only_topic, 0));
  EXPECT_TRUE(epochs.is_free(only_topic, 1));
  epochs.update(&third, nullptr);
  EXPECT_TRUE(epochs.is_free(only_topic, 0));
}

TEST(PartitionEpochs, leave_to_others_what_they_took_over) {
  PartitionEpochs epochs;
  const MemberAssignment old{.epoch = 1, .assigned = of({0})};
  const MemberAssignment taker{.epoch = 3, .assigned = of({0})};
  epochs.update(nullptr, &old);
  epochs.update(nullptr, &taker);  // What came between was compacted away.
  epochs.update(&old, nullptr);
  EXPECT_FALSE(epochs.is_free(only_topic, 0));
}

TEST(PartitionEpochs, once_lost_what_a_member_kept) {
  GroupRules rules;
  rules.releases_own_partitions_only = false;
  PartitionEpochs epochs(rules);
  const MemberAssignment first{.epoch = 1, .assigned = of({0, 1})};
  const MemberAssignment second{.epoch = 1, .assigned = of({0}), .pending_revocation = of({1})};
  epochs.update(nullptr, &first);
  epochs.update(&first, &second);
  EXPECT_TRUE(epochs.is_free(only_topic, 1));
}

}  // namespace
}  // namespace brokersim::group
