// The in-sync set with one pending change, and what each answer of the controller does to it.
#include "core/partition/isr.h"

#include <gtest/gtest.h>

#include "tests/core/partition/nodes.h"

namespace brokersim::partition {
namespace {

using api::ErrorCode;
using Nodes = std::vector<NodeId>;

TEST(IsrTest, a_joining_replica_counts_at_once_in_the_maximal_set_only) {
  Isr isr({n1, n2});
  isr.propose_expansion(n3);
  EXPECT_EQ(isr.committed(), (Nodes{n1, n2}));
  EXPECT_EQ(isr.maximal(), (Nodes{n1, n2, n3}));
  EXPECT_EQ(isr.proposed(), (Nodes{n1, n2, n3}));
}

TEST(IsrTest, a_leaving_replica_counts_until_the_controller_has_let_it_go) {
  Isr isr({n1, n2, n3});
  isr.propose_shrinking({n2});
  EXPECT_EQ(isr.maximal(), (Nodes{n1, n2, n3}));
  EXPECT_EQ(isr.proposed(), (Nodes{n1, n3}));
  isr.commit({n1, n3});
  EXPECT_EQ(isr.maximal(), (Nodes{n1, n3}));
  EXPECT_FALSE(isr.is_pending());
}

TEST(IsrTest, reverting_restores_the_committed_set) {
  Isr isr({n1});
  isr.propose_expansion(n2);
  isr.revert();
  EXPECT_EQ(isr.maximal(), (Nodes{n1}));
  EXPECT_FALSE(isr.is_pending());
}

TEST(IsrTest, the_controllers_set_wins_over_the_proposed_one) {
  Isr isr({n1, n2});
  isr.propose_expansion(n3);
  isr.commit({n1});
  EXPECT_EQ(isr.committed(), (Nodes{n1}));
  EXPECT_EQ(isr.maximal(), (Nodes{n1}));
}

TEST(IsrTest, errors_revert_wait_or_retry_as_the_protocol_lists_them) {
  using Verdict = AlterPartitionVerdict;
  const std::vector<std::pair<ErrorCode, Verdict>> table = {
      {ErrorCode::none, Verdict::committed},
      {ErrorCode::operation_not_attempted, Verdict::refused},
      {ErrorCode::ineligible_replica, Verdict::refused},
      {ErrorCode::unknown_topic_or_partition, Verdict::await_metadata},
      {ErrorCode::unknown_topic_id, Verdict::await_metadata},
      {ErrorCode::fenced_leader_epoch, Verdict::await_metadata},
      {ErrorCode::invalid_update_version, Verdict::await_metadata},
      {ErrorCode::invalid_request, Verdict::await_metadata},
      {ErrorCode::new_leader_elected, Verdict::await_metadata},
      {ErrorCode::not_controller, Verdict::retry},
      {ErrorCode::request_timed_out, Verdict::retry},
      {ErrorCode::stale_broker_epoch, Verdict::retry},
      {ErrorCode::unknown_server_error, Verdict::retry},
  };
  for (const auto& [error, verdict] : table) {
    EXPECT_EQ(verdict_of(error), verdict) << static_cast<int>(error);
  }
}

}  // namespace
}  // namespace brokersim::partition
