// Our descriptions against the published definitions of the protocol: names, types, versions, tags,
// defaults, what is nullable and what may be dropped. Skipped where the definitions are not at
// hand.
#include "core/api/all.h"
#include "core/api/consumer_protocol.h"
#include "core/api/quorum_records.h"
#include "tests/core/api/definition_check.h"

namespace brokersim::api {
namespace {

TEST(Definitions, of_requests_and_responses_agree) {
  const auto folder = shared_folder("kafka-messages");
  if (folder.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  auto api = all_apis().begin();
  for_each_request([&]<class Request>() {
    const auto path = folder + "clients/" + std::string(api++->name);
    expect_defined_like<Request>(path + "Request.json");
    expect_defined_like<typename Request::Response>(path + "Response.json");
  });
}

TEST(Definitions, of_the_quorums_own_records_agree) {
  const auto folder = shared_folder("kafka-messages");
  if (folder.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  expect_defined_like<LeaderChangeMessage>(folder + "clients/LeaderChangeMessage.json");
  expect_defined_like<SnapshotHeaderRecord>(folder + "clients/SnapshotHeaderRecord.json");
  expect_defined_like<SnapshotFooterRecord>(folder + "clients/SnapshotFooterRecord.json");
  expect_defined_like<KRaftVersionRecord>(folder + "clients/KRaftVersionRecord.json");
  expect_defined_like<VotersRecord>(folder + "clients/VotersRecord.json");
  expect_defined_like<QuorumStateData>(folder + "raft/QuorumStateData.json");
}

TEST(Definitions, of_what_consumers_tell_each_other_agree) {
  const auto folder = shared_folder("kafka-messages");
  if (folder.empty()) GTEST_SKIP() << "no protocol definitions next to the sources";
  expect_defined_like<ConsumerProtocolSubscription>(folder +
                                                    "clients/ConsumerProtocolSubscription.json");
  expect_defined_like<ConsumerProtocolAssignment>(folder +
                                                  "clients/ConsumerProtocolAssignment.json");
}

}  // namespace
}  // namespace brokersim::api
