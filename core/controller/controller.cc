#include "core/controller/controller.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/controller/alter_partition.h"
#include "core/controller/config_changes.h"
#include "core/controller/elr_safety.h"
#include "core/controller/explain.h"
#include "core/controller/features.h"
#include "core/controller/partition_growth.h"
#include "core/controller/producer_ids.h"
#include "core/controller/reassignment.h"
#include "core/controller/topic_changes.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;

std::vector<NodeId> without(std::vector<NodeId> nodes, NodeId node) {
  nodes.erase(std::remove(nodes.begin(), nodes.end(), node), nodes.end());
  return nodes;
}

BrokerState state_of(const Broker& broker) {
  if (broker.is_fenced) return BrokerState::fenced;
  return broker.is_in_controlled_shutdown ? BrokerState::controlled_shutdown
                                          : BrokerState::unfenced;
}

// Guarantee L3. Where nobody is in sync, somebody is eligible or was the last to lead (KIP-966).
void assert_sane(const Partition& partition) {
  const auto& [replicas, isr, elr] = std::tie(partition.replicas, partition.isr, partition.elr);
  for (const auto member : isr) ASSERT(contains(replicas, member), member);
  for (const auto member : elr) {
    ASSERT(contains(replicas, member), member);
    ASSERT(!contains(isr, member), member);
  }
  if (isr.empty()) ASSERT(!elr.empty() || !partition.last_known_elr.empty());
  if (partition.has_leader()) ASSERT(contains(isr, partition.leader), partition.leader);
}

RegisterBrokerRecord registration_of(const api::BrokerRegistrationRequest& request) {
  RegisterBrokerRecord record{
      .broker_id = request.broker_id,
      .incarnation_id = request.incarnation_id,
      .rack = request.rack,
      .log_dirs = request.log_dirs,
  };
  for (const auto& l : request.listeners) {
    record.end_points.push_back({l.name, l.host, l.port, l.security_protocol});
  }
  for (const auto& f : request.features) {
    record.features.push_back({f.name, f.min_supported_version, f.max_supported_version});
  }
  return record;
}

// Whether the broker can live with what the cluster has finalized.
bool supports(const api::BrokerRegistrationRequest& request, const std::string& feature,
              std::int16_t level) {
  return std::any_of(request.features.begin(), request.features.end(), [&](const auto& f) {
    return f.name == feature && f.min_supported_version <= level &&
           level <= f.max_supported_version;
  });
}

}  // namespace

Controller::Controller(Image committed, Offset next_offset, Instant now, ControllerConfig config,
                       Rules rules)
    : image_(std::move(committed)),
      index_(image_),
      next_offset_(next_offset),
      config_(std::move(config)),
      rules_(rules),
      sessions_(config_.broker_session_timeout),
      next_balance_(now + config_.leader_imbalance_check_interval),
      next_unclean_election_(now + config_.unclean_leader_election_interval) {
  REQUIRE(next_offset > image_.last_offset(), next_offset, image_.last_offset());
  for (const auto& [id, broker] : image_.brokers()) {
    if (!broker.is_fenced) sessions_.touch(id, broker.epoch, now);
    sessions_.set_active(id, broker.is_active());
    if (broker.is_in_controlled_shutdown) controlled_shutdown_offsets_[id] = next_offset - 1;
  }
}

// ---- Deciding ----------------------------------------------------------------------------------

template <class Request>
Decision<typename Request::Response> Controller::begin() const {
  Decision<typename Request::Response> decision;
  decision.base_offset = next_offset_;
  return decision;
}

void Controller::decide(MetadataRecord record, std::string_view why, Decided& out) {
  auto events = explain(image_, record, why);
  std::move(events.begin(), events.end(), std::back_inserter(out.events));
  const auto delta = index_.apply(record, next_offset_, image_);
  ASSERT(delta.has_value(), to_string(record));
  for (const auto& id : delta->partitions) assert_sane(*image_.find_partition(id));
  for (const auto id : delta->brokers) sessions_.set_active(id, image_.is_active(id));
  ++next_offset_;
  out.records.push_back(std::move(record));
}

void Controller::update_partitions(const PartitionIndex::Partitions& partitions,
                                   const Concerns& concerns, Leaving leaving, std::string_view why,
                                   Decided& out) {
  std::vector<PartitionChangeRecord> changes;
  for (const auto& [name, ids] : partitions) {
    const auto& topic = *image_.find_topic(name);
    auto terms = terms_of(name);
    terms.is_active = [&](NodeId replica) {
      return replica != leaving.broker && image_.is_active(replica);
    };
    for (const auto id : ids) {
      ++partitions_looked_at_;
      const auto& partition = topic.partitions.at(id);
      if (!concerns(partition)) continue;
      const PartitionChange wanted{
          .target_isr = without(partition.isr, leaving.broker),
          .election = terms.election(),
          .restarted_uncleanly = leaving.has_lost_records ? leaving.broker : no_node};
      auto change = change_partition(topic.id, id, partition, wanted, terms);
      if (change) changes.push_back(*std::move(change));
    }
  }
  for (auto& change : changes) decide(std::move(change), why, out);
}

void Controller::take_out(Leaving leaving, std::string_view why, Decided& out) {
  const auto concerns = [&](const Partition& p) {
    const bool is_in_elr = contains(p.elr, leaving.broker);
    return contains(p.isr, leaving.broker) || (leaving.has_lost_records && is_in_elr);
  };
  update_partitions(index_.held_by(leaving.broker), concerns, leaving, why, out);
}

void Controller::elect_where_nobody_leads(std::string_view why, Decided& out) {
  update_partitions(
      index_.leaderless(), [](const Partition&) { return true; }, {}, why, out);
}

ElectionTerms Controller::terms_of(std::string_view topic) const {
  ElectionTerms terms{.is_active = [this](NodeId replica) { return image_.is_active(replica); },
                      .may_elect_uncleanly = may_elect_uncleanly(topic)};
  if (!has_eligible_leader_replicas(image_)) return terms;
  const TopicConfigs configs(image_, topic, config_.topic_defaults);
  terms.min_insync_replicas = static_cast<std::int32_t>(configs.number("min.insync.replicas"));
  terms.last_known_leader_must_be_active = rules_.controller.last_known_leader_must_be_active;
  return terms;
}

// With fewer required, there may be enough in sync for others not to be eligible any more. And a
// leader that has not heard of it changes no in-sync set, whose partition epoch it has to know:
// with too few in sync it would go on committing what those that left, and are eligible, do not
// have.
void Controller::review_eligibility(Decided& out) {
  if (!has_eligible_leader_replicas(image_)) {
    // Where somebody is in sync nobody else has all that will be committed from now on.
    const auto is_left_over = [](const Partition& p) {
      return !p.isr.empty() && !(p.elr.empty() && p.last_known_elr.empty());
    };
    return update_partitions(index_.unsettled(), is_left_over, {},
                             "there are no eligible leader replicas any more", out);
  }
  std::vector<PartitionChangeRecord> changes;
  for (const auto& name : topics_of_new_min_isr(image_, out.records)) {
    const auto& topic = *image_.find_topic(name);
    const auto terms = terms_of(name);
    for (const auto& [id, partition] : topic.partitions) {
      ++partitions_looked_at_;
      const PartitionChange wanted{.target_isr = partition.isr, .election = terms.election()};
      auto change = change_partition(topic.id, id, partition, wanted, terms);
      if (!change) change = {.partition_id = id, .topic_id = topic.id, .isr = partition.isr};
      changes.push_back(*std::move(change));
    }
  }
  for (auto& change : changes) decide(std::move(change), "min.insync.replicas changed", out);
}

bool Controller::may_elect_uncleanly(std::string_view topic) const {
  constexpr std::string_view key = "unclean.leader.election.enable";
  const TopicConfigs configs(image_, topic, config_.topic_defaults);
  if (configs.get(key).source != TopicConfigs::Source::initial) return configs.flag(key);
  return rules_.unclean_leader_election_by_default;
}

// ---- Brokers come and go -----------------------------------------------------------------------

ErrorCode Controller::check_registration(Instant now,
                                         const api::BrokerRegistrationRequest& request) const {
  if (request.cluster_id != image_.cluster_id()) return ErrorCode::inconsistent_cluster_id;
  if (!request.broker_id.is_set()) return ErrorCode::invalid_request;
  // There is no ZooKeeper to migrate from.
  if (request.is_migrating_zk_broker) return ErrorCode::broker_id_not_registered;
  const auto* existing = image_.find_broker(request.broker_id);
  // Who is in controlled shutdown is about to be gone (KAFKA-19047).
  if (existing && existing->incarnation_id != request.incarnation_id &&
      !existing->is_in_controlled_shutdown &&
      sessions_.is_live(existing->id, existing->epoch, now)) {
    return ErrorCode::duplicate_broker_registration;
  }
  for (const auto& [feature, level] : image_.features()) {
    if (!supports(request, feature, level)) return ErrorCode::unsupported_version;
  }
  return ErrorCode::none;
}

Decision<api::BrokerRegistrationResponse> Controller::register_broker(
    Instant now, const api::BrokerRegistrationRequest& request) {
  auto out = begin<api::BrokerRegistrationRequest>();
  out.response.error_code = check_registration(now, request);
  if (out.response.error_code != ErrorCode::none) return out;

  const auto id = request.broker_id;
  auto record = registration_of(request);
  const auto* existing = image_.find_broker(id);
  const auto why = fmt::format("new incarnation of broker-{}", id);
  if (existing && existing->incarnation_id == request.incarnation_id) {
    record.broker_epoch = existing->epoch;
    record.fenced = existing->is_fenced;
    record.in_controlled_shutdown = existing->is_in_controlled_shutdown;
  } else {
    // It may have lost what it had not synced, unless it says how it ended: then it is out of sync
    // at most (KIP-966).
    const bool was_clean = existing && request.previous_broker_epoch == existing->epoch;
    const bool has_lost_records = !was_clean && rules_.controller.unclean_restarts_end_eligibility;
    take_out({.broker = id, .has_lost_records = has_lost_records}, why, out);
    record.broker_epoch = BrokerEpoch{next_offset_};
    sessions_.forget(id);
    controlled_shutdown_offsets_.erase(id);
  }
  out.response.broker_epoch = record.broker_epoch;
  decide(std::move(record), why, out);
  return out;
}

bool Controller::is_current(NodeId id, BrokerEpoch epoch) const {
  const auto* broker = image_.find_broker(id);
  return broker && broker->epoch == epoch;
}

Offset Controller::unfencing_offset(const Broker& broker) const {
  return rules_.controller.unfences_at_registration ? broker.registration_offset : next_offset_ - 1;
}

HeartbeatFacts Controller::facts_of(const Broker& broker,
                                    const api::BrokerHeartbeatRequest& request) const {
  const auto shutdown = controlled_shutdown_offsets_.find(broker.id);
  return {
      .current = state_of(broker),
      .wants_fence = request.want_fence,
      .wants_shut_down = request.want_shut_down,
      .has_leaderships = index_.leads_anything(broker.id),
      .has_caught_up = request.current_metadata_offset >= unfencing_offset(broker),
      .all_know_of_shutdown = shutdown != controlled_shutdown_offsets_.end() &&
                              sessions_.lowest_active_metadata_offset() >= shutdown->second,
  };
}

Decision<api::BrokerHeartbeatResponse> Controller::heartbeat(
    Instant now, const api::BrokerHeartbeatRequest& request) {
  auto out = begin<api::BrokerHeartbeatRequest>();
  const auto id = request.broker_id;
  if (!is_current(id, request.broker_epoch)) {
    out.response.error_code = ErrorCode::stale_broker_epoch;
    return out;
  }
  sessions_.touch(id, request.broker_epoch, now);
  sessions_.metadata_reached(id, request.current_metadata_offset);

  const auto facts = facts_of(*image_.find_broker(id), request);
  const auto next = next_state(facts);
  if (next != facts.current) move_to(next, *image_.find_broker(id), out);
  out.response.is_caught_up = facts.has_caught_up;
  out.response.is_fenced = next == BrokerState::fenced || next == BrokerState::shutdown_now;
  out.response.should_shut_down = next == BrokerState::shutdown_now;
  return out;
}

void Controller::move_to(BrokerState state, const Broker& broker, Decided& out) {
  const auto id = broker.id;
  switch (state) {
    case BrokerState::fenced:
      fence(id, fmt::format("broker-{} asked to be fenced", id), out);
      break;
    case BrokerState::unfenced: unfence(id, out); break;
    case BrokerState::controlled_shutdown: enter_controlled_shutdown(id, out); break;
    case BrokerState::shutdown_now:
      if (!broker.is_fenced) fence(id, fmt::format("broker-{} shut down", id), out);
      sessions_.forget(id);  // It goes of its own will: its next incarnation need not wait.
      break;
  }
}

void Controller::fence(NodeId id, std::string_view why, Decided& out) {
  take_out({.broker = id}, why, out);
  const auto epoch = image_.find_broker(id)->epoch;
  decide(BrokerRegistrationChangeRecord{.broker_id = id, .broker_epoch = epoch, .fenced = 1}, why,
         out);
}

void Controller::unfence(NodeId id, Decided& out) {
  const auto why = fmt::format("broker-{} unfenced", id);
  const auto epoch = image_.find_broker(id)->epoch;
  decide(BrokerRegistrationChangeRecord{.broker_id = id, .broker_epoch = epoch, .fenced = -1}, why,
         out);
  elect_where_nobody_leads(why, out);
}

void Controller::enter_controlled_shutdown(NodeId id, Decided& out) {
  const auto why = fmt::format("broker-{} is shutting down", id);
  const auto epoch = image_.find_broker(id)->epoch;
  decide(
      BrokerRegistrationChangeRecord{
          .broker_id = id, .broker_epoch = epoch, .in_controlled_shutdown = 1},
      why, out);
  take_out({.broker = id}, why, out);
  controlled_shutdown_offsets_[id] = next_offset_ - 1;
}

// ---- Partitions --------------------------------------------------------------------------------

Decision<api::AlterPartitionResponse> Controller::alter_partition(
    const api::AlterPartitionRequest& request) {
  auto out = begin<api::AlterPartitionRequest>();
  if (!is_current(request.broker_id, request.broker_epoch)) {
    out.response.error_code = ErrorCode::stale_broker_epoch;
    return out;
  }
  for (const auto& asked : request.topics) {
    auto& answered = out.response.topics.emplace_back();
    answered.topic_id = asked.topic_id;
    for (const auto& proposal : asked.partitions) {
      answered.partitions.push_back(alter_one(request.broker_id, asked.topic_id, proposal, out));
    }
  }
  return out;
}

api::AlterPartitionResponse::PartitionData Controller::alter_one(
    NodeId requester, const Uuid& topic_id, const PartitionAlteration& proposal, Decided& out) {
  api::AlterPartitionResponse::PartitionData answer{.partition_index = proposal.partition_index};
  const auto refuse = [&](ErrorCode error) {
    answer.error_code = error;
    return answer;
  };
  const auto* topic = image_.find_topic(topic_id);
  if (!topic) return refuse(ErrorCode::unknown_topic_id);
  const TopicPartition id{topic->name, proposal.partition_index};
  const auto* partition = image_.find_partition(id);
  if (!partition) return refuse(ErrorCode::unknown_topic_or_partition);
  const auto error = check_alteration(image_, *partition, requester, proposal, rules_.replication);
  if (error != ErrorCode::none) return refuse(error);

  const auto terms = terms_of(topic->name);
  PartitionChange wanted{
      .target_isr = {},
      .election = terms.election(),
      .leader_recovery_state = static_cast<LeaderRecoveryState>(proposal.leader_recovery_state)};
  for (const auto& member : proposed_isr(proposal)) wanted.target_isr.push_back(member.broker_id);
  auto change = change_partition(topic_id, id.partition, *partition, wanted, terms);
  if (change) {
    decide(*std::move(change), fmt::format("AlterPartition of broker-{}", requester), out);
  }
  const auto* altered = image_.find_partition(id);
  // The change ended a reassignment, and the leader's part in it: metadata tells it the rest.
  if (altered->leader != requester) return refuse(ErrorCode::new_leader_elected);
  answer.leader_id = altered->leader;
  answer.leader_epoch = altered->leader_epoch;
  answer.isr = altered->isr;
  answer.leader_recovery_state = static_cast<std::int8_t>(altered->leader_recovery_state);
  answer.partition_epoch = altered->partition_epoch;
  return answer;
}

ErrorCode Controller::elect_leader(const TopicPartition& id, Election election, Decided& out) {
  const auto* partition = image_.find_partition(id);
  if (!partition) return ErrorCode::unknown_topic_or_partition;
  const bool is_unclean = election == Election::unclean;
  const bool is_needed =
      is_unclean ? !partition->has_leader() : partition->leader != partition->preferred_leader();
  if (!is_needed) return ErrorCode::election_not_needed;
  auto change =
      change_partition(image_.find_topic(id.topic)->id, id.partition, *partition,
                       {.target_isr = partition->isr, .election = election}, terms_of(id.topic));
  if (!change) {
    return is_unclean ? ErrorCode::eligible_leaders_not_available
                      : ErrorCode::preferred_leader_not_available;
  }
  const auto* why = is_unclean ? "ElectLeaders request, unclean" : "ElectLeaders request";
  decide(*std::move(change), why, out);
  return ErrorCode::none;
}

Decision<api::ElectLeadersResponse> Controller::elect_leaders(
    const api::ElectLeadersRequest& request) {
  auto out = begin<api::ElectLeadersRequest>();
  if (request.election_type != 0 && request.election_type != 1) {
    out.response.error_code = ErrorCode::invalid_request;
    return out;
  }
  const auto election = request.election_type == 0 ? Election::preferred : Election::unclean;
  const bool asks_for_all = !request.topic_partitions.has_value();
  const auto asked = asks_for_all ? all_partitions() : *request.topic_partitions;
  for (const auto& topic : asked) {
    api::ElectLeadersResponse::ReplicaElectionResult answered{.topic = topic.topic};
    for (const auto partition : topic.partitions) {
      const auto error = elect_leader({topic.topic, partition}, election, out);
      // Whoever asks for all asks for those that need it.
      if (asks_for_all && error == ErrorCode::election_not_needed) continue;
      answered.partition_result.push_back({.partition_id = partition, .error_code = error});
    }
    if (!answered.partition_result.empty()) {
      out.response.replica_election_results.push_back(std::move(answered));
    }
  }
  return out;
}

std::vector<api::ElectLeadersRequest::TopicPartitions> Controller::all_partitions() const {
  std::vector<api::ElectLeadersRequest::TopicPartitions> all;
  for (const auto& [name, topic] : image_.topics()) {
    auto& entry = all.emplace_back();
    entry.topic = name;
    for (const auto& [id, partition] : topic.partitions) entry.partitions.push_back(id);
  }
  return all;
}

// ---- Topics ------------------------------------------------------------------------------------

template <class Response>
Decision<Response> Controller::carry_out(Plan<Response> plan, std::string_view why) {
  Decision<Response> out;
  out.base_offset = next_offset_;
  out.response = std::move(plan.response);
  for (auto& record : plan.records) decide(std::move(record), why, out);
  return out;
}

template <class Response>
Decision<Response> Controller::carry_out_unless(bool validate_only, Plan<Response> plan,
                                                std::string_view why) {
  if (validate_only) plan.records.clear();
  return carry_out(std::move(plan), why);
}

Decision<api::CreateTopicsResponse> Controller::create_topics(
    const api::CreateTopicsRequest& request, std::uint64_t random) {
  return carry_out_unless(request.validate_only, plan_creation(image_, config_, request, random),
                          "topic created");
}

Decision<api::DeleteTopicsResponse> Controller::delete_topics(
    const api::DeleteTopicsRequest& request, std::int16_t version) {
  return carry_out(plan_deletion(image_, config_, request, version), "topic deleted");
}

Decision<api::CreatePartitionsResponse> Controller::create_partitions(
    const api::CreatePartitionsRequest& request, std::uint64_t random) {
  return carry_out_unless(request.validate_only, plan_growth(image_, request, random),
                          "partitions added");
}

Decision<api::AlterPartitionReassignmentsResponse> Controller::alter_partition_reassignments(
    const api::AlterPartitionReassignmentsRequest& request) {
  return carry_out(plan_reassignments(image_, request,
                                      [this](std::string_view topic) { return terms_of(topic); }),
                   "AlterPartitionReassignments request");
}

Decision<api::ListPartitionReassignmentsResponse> Controller::list_partition_reassignments(
    const api::ListPartitionReassignmentsRequest& request) const {
  auto out = begin<api::ListPartitionReassignmentsRequest>();
  out.response = reassignments_of(image_, request);
  return out;
}

// ---- The cluster as a whole --------------------------------------------------------------------

Decision<api::UnregisterBrokerResponse> Controller::unregister_broker(
    const api::UnregisterBrokerRequest& request) {
  auto out = begin<api::UnregisterBrokerRequest>();
  const auto id = request.broker_id;
  const auto* broker = image_.find_broker(id);
  if (!broker) {
    out.response.error_code = ErrorCode::broker_id_not_registered;
    out.response.error_message = fmt::format("Broker ID {} is not currently registered", id);
    return out;
  }
  const UnregisterBrokerRecord record{.broker_id = id, .broker_epoch = broker->epoch};
  const auto why = fmt::format("broker-{} was unregistered", id);
  take_out({.broker = id, .has_lost_records = true}, why, out);
  decide(record, why, out);
  sessions_.forget(id);
  controlled_shutdown_offsets_.erase(id);
  return out;
}

Decision<api::UpdateFeaturesResponse> Controller::update_features(
    const api::UpdateFeaturesRequest& request, std::int16_t version) {
  auto out = carry_out_unless(request.validate_only,
                              plan_feature_updates(image_, config_, request, version),
                              "UpdateFeatures request");
  review_eligibility(out);
  return out;
}

// ---- Configurations ----------------------------------------------------------------------------

Decision<api::AlterConfigsResponse> Controller::alter_configs(
    const api::AlterConfigsRequest& request) {
  auto out = carry_out_unless(request.validate_only, plan_replacement(image_, config_, request),
                              "AlterConfigs request");
  review_eligibility(out);
  return out;
}

Decision<api::IncrementalAlterConfigsResponse> Controller::incremental_alter_configs(
    const api::IncrementalAlterConfigsRequest& request) {
  auto out = carry_out_unless(request.validate_only, plan_changes(image_, config_, request),
                              "IncrementalAlterConfigs request");
  review_eligibility(out);
  return out;
}

// ---- Producer ids ------------------------------------------------------------------------------

Decision<api::AllocateProducerIdsResponse> Controller::allocate_producer_ids(
    const api::AllocateProducerIdsRequest& request) {
  auto out = begin<api::AllocateProducerIdsRequest>();
  if (!is_current(request.broker_id, request.broker_epoch)) {
    out.response.error_code = ErrorCode::stale_broker_epoch;
    return out;
  }
  const auto block = next_producer_ids(image_.next_producer_id());
  if (!block) {
    out.response.error_code = ErrorCode::unknown_server_error;
    return out;
  }
  out.response.producer_id_start = block->first;
  out.response.producer_id_len = block->size;
  decide(ProducerIdsRecord{.broker_id = request.broker_id,
                           .broker_epoch = request.broker_epoch,
                           .next_producer_id = block->end()},
         "producer ids allocated", out);
  return out;
}

Decided Controller::bootstrap(const FeatureLevels& levels) {
  Decided out{.base_offset = next_offset_};
  for (auto& record : bootstrap_records(image_, config_, levels)) {
    decide(std::move(record), "the cluster's first records", out);
  }
  return out;
}

void Controller::go_on_at(Offset next_offset) {
  REQUIRE(next_offset >= next_offset_, next_offset, next_offset_);
  next_offset_ = next_offset;
}

// ---- Time passes -------------------------------------------------------------------------------

Decided Controller::no_op() {
  Decided out{.base_offset = next_offset_};
  decide(NoOpRecord{}, "", out);
  return out;
}

Decided Controller::tick(Instant now) {
  Decided out{.base_offset = next_offset_};
  while (const auto expired = sessions_.expired(now)) {
    const Duration silent = now - sessions_.last_contact(*expired);
    sessions_.forget(*expired);
    const auto* broker = image_.find_broker(*expired);
    if (!broker || broker->is_fenced) continue;
    out.events.emplace_back(SessionExpired{*expired, silent / 1ms});
    fence(*expired, fmt::format("broker-{} sent no heartbeat", *expired), out);
    return out;
  }
  if (now >= next_balance_) {
    const bool is_balanced = !config_.auto_leader_rebalance_enable || balance_leaders(out);
    // What is left is next in turn, after whoever waits for a decision.
    next_balance_ = is_balanced ? now + config_.leader_imbalance_check_interval : now;
  }
  // KAFKA-12670: it may have been permitted since their leaders went.
  if (now >= next_unclean_election_) {
    next_unclean_election_ = now + config_.unclean_leader_election_interval;
    elect_where_nobody_leads("unclean elections are permitted", out);
  }
  return out;
}

Instant Controller::next_tick() const {
  return std::min({sessions_.next_expiry(), next_balance_, next_unclean_election_});
}

std::vector<PartitionChangeRecord> Controller::changes_to_preferred(std::size_t most) {
  std::vector<PartitionChangeRecord> changes;
  for (const auto& [name, ids] : index_.unsettled()) {
    const auto& topic = *image_.find_topic(name);
    const auto terms = terms_of(name);
    for (const auto id : ids) {
      ++partitions_looked_at_;
      const auto& partition = topic.partitions.at(id);
      const PartitionChange wanted{.target_isr = partition.isr, .election = Election::preferred};
      auto change = change_partition(topic.id, id, partition, wanted, terms);
      if (change) changes.push_back(*std::move(change));
      if (changes.size() == most) return changes;
    }
  }
  return changes;
}

bool Controller::balance_leaders(Decided& out) {
  const auto most = config_.max_elections_per_rebalance;
  auto changes = changes_to_preferred(most + 1);  // One more, if there is, is left for later.
  const auto count = std::min(changes.size(), most);
  for (std::size_t i = 0; i < count; ++i) {
    decide(std::move(changes[i]), "leaders rebalanced", out);
  }
  return count == changes.size();
}

}  // namespace brokersim::controller
