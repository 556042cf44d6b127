// Asks the coordinators of transactions about the partitions that this broker leads (KIP-890):
//
//   client ── Produce ─▶ leader of t-0 ── AddPartitionsToTxn: is t-0 part of it? ─▶ coordinator
//
// Clients of transaction version 2 add no partitions themselves: for them the leader adds its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/api/error_code.h"
#include "core/broker/config.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/wire/channel.h"

namespace brokersim::broker {

struct TransactionQuestion {
  std::string transactional_id;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool adds = false;  // The partitions are to be part of it from now on.
  std::vector<TopicPartition> partitions;
};

class TransactionVerifier {
 public:
  using Answers = std::map<TopicPartition, api::ErrorCode>;

  explicit TransactionVerifier(const NodeConfig& config) : config_(config) {}

  // What the coordinator says of each partition; of all of them COORDINATOR_NOT_AVAILABLE where
  // none is known, and NETWORK_EXCEPTION where it cannot be asked. One attempt: clients try again.
  Answers ask(Env& env, const controller::Image& image, const TransactionQuestion& question);

 private:
  std::shared_ptr<wire::Channel> coordinator_of(const controller::Image& image,
                                                const std::string& transactional_id);

  const NodeConfig& config_;
  // By the broker and the partition of __transaction_state that it leads: a connection's requests
  // are answered in order, and one partition is not to wait for what another cannot replicate.
  std::map<std::pair<NodeId, std::int32_t>, std::shared_ptr<wire::Channel>> channels_;
};

}  // namespace brokersim::broker
