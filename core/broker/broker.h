// The broker role of a node: the replicas it holds and the fibers that keep them in line with the
// cluster's metadata, with their leaders and with the controller.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/broker/config.h"
#include "core/broker/controller_link.h"
#include "core/broker/fetchers.h"
#include "core/broker/fiber_group.h"
#include "core/broker/group_coordinators.h"
#include "core/broker/isr_updates.h"
#include "core/broker/lifecycle.h"
#include "core/broker/log_cleaner.h"
#include "core/broker/log_upkeep.h"
#include "core/broker/marker_sender.h"
#include "core/broker/producer_ids.h"
#include "core/broker/quorum.h"
#include "core/broker/replicas.h"
#include "core/broker/replication_quota.h"
#include "core/broker/transaction_coordinators.h"
#include "core/broker/transaction_verifier.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/fetch/sessions.h"
#include "core/signal.h"

namespace brokersim::broker {

// Committed metadata that a broker has learnt of and not yet acted on.
struct MetadataNews {
  const controller::Image* image = nullptr;  // Whoever reads the log keeps it; as of `offset`.
  controller::Delta delta;
  Offset offset = -1;
};

class Broker {
 public:
  Broker(const NodeConfig& config, const QuorumNode& quorum, Uuid incarnation_id,
         BrokerEpoch previous_epoch);

  // Reads checkpoints, then starts the fibers of the broker.
  void start(Env& env, bool was_clean);
  // Metadata has been committed up to `offset`. A fiber of the broker acts on it, from our own
  // registration on. Whoever reads the log does not wait for that: a controller in the same process
  // may have to read on before there can be a registration. The image is his, and outlives us: it
  // changes with the next call, and not before.
  void learn(Host& host, const controller::Image& image, const controller::Delta& delta,
             Offset offset);
  // Waits until the metadata applied here has this broker unfenced, and with that everything that
  // was committed before; from then on clients may be served. False if cancelled first.
  bool wait_until_serving(Env& env);
  // Controlled shutdown: hands leadership over (KIP-500). Waits for the controller's leave five
  // minutes at most, and not at all if it cannot be asked or the disk has failed.
  void hand_over(Env& env, bool can_ask_controller);
  // Ends the fibers, then makes everything durable, and leaves word that it is. To be called once
  // nobody can ask for anything any more: what came in afterwards would be taken for durable, too.
  // Returns what could not be made so; empty if nothing is wrong.
  std::string close(Env& env);
  // Ends the fibers and nothing else: the disk cannot be written.
  void halt(Env& env);
  bool has_failed() { return replicas_.news().has_failed; }
  // It is to end, though nothing of it is broken: no controller registered it in time. For people;
  // empty if that is not so.
  std::string why_given_up() const;
  std::string why_failed();  // For people; empty if it has not.

  // What is in force, which the metadata may change (KIP-226).
  const NodeConfig& config() const { return config_; }
  const NodeConfig& started_with() const { return started_with_; }
  const controller::Image& image() const { return image_; }
  // What whoever asks for a partition is told that has no replica here.
  api::ErrorCode error_without_replica(const TopicPartition& partition) const {
    return image_.find_partition(partition) ? api::ErrorCode::not_leader_or_follower
                                            : api::ErrorCode::unknown_topic_or_partition;
  }
  const controller::TopicDefaults& topic_defaults() const { return topic_defaults_; }
  Replicas& replicas() { return replicas_; }
  const Replicas& replicas() const { return replicas_; }
  ReplicationQuotas& quotas() { return quotas_; }
  const ReplicationQuotas& quotas() const { return quotas_; }
  fetch::Sessions& fetch_sessions() { return fetch_sessions_; }
  const fetch::Sessions& fetch_sessions() const { return fetch_sessions_; }
  GroupCoordinators& groups() { return groups_; }
  const GroupCoordinators& groups() const { return groups_; }
  TransactionCoordinators& transactions() { return transactions_; }
  TransactionVerifier& transaction_verifier() { return transaction_verifier_; }
  Lifecycle& lifecycle() { return lifecycle_; }
  ProducerIds& producer_ids() { return producer_ids_; }
  const QuorumNode& quorum() const { return quorum_; }
  // For requests that only the controller can answer.
  ControllerLink& controller() { return controller_; }

 private:
  void follow_metadata(Env& env);
  bool may_act_on_news() const;
  void wait_for_leave(Env& env);
  void apply(Env& env, MetadataNews news);

  const NodeConfig& started_with_;
  NodeConfig config_;  // The first of what has it, which all the others refer to.
  const QuorumNode& quorum_;
  const controller::TopicDefaults topic_defaults_;
  controller::Image image_;
  std::optional<MetadataNews> news_;
  Signal learnt_;
  bool is_serving_ = false;  // Once true it stays so, whether fenced again or not.
  Signal began_to_serve_;
  Replicas replicas_;
  Lifecycle lifecycle_;
  IsrUpdates isr_updates_;
  ReplicationQuotas quotas_;
  Fetchers fetchers_;
  fetch::Sessions fetch_sessions_;
  GroupCoordinators groups_;
  LogUpkeep log_upkeep_;
  LogCleaner log_cleaner_;
  bool has_cleaner_ = false;  // Its fiber is started with the first log that needs it.
  ControllerLink controller_;
  ProducerIds producer_ids_;
  TransactionCoordinators transactions_;
  TransactionVerifier transaction_verifier_;
  MarkerSender markers_;
  FiberGroup fibers_;
};

}  // namespace brokersim::broker
