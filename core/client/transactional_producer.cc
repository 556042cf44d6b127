#include "core/client/transactional_producer.h"

#include <algorithm>
#include <utility>

#include "core/api/add_offsets_to_txn.h"
#include "core/api/add_partitions_to_txn.h"
#include "core/api/api_versions.h"
#include "core/api/end_txn.h"
#include "core/api/init_producer_id.h"
#include "core/api/txn_offset_commit.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

// Of transaction.version and of the protocol that a producer knows (KIP-890).
constexpr std::int16_t epoch_per_transaction = 2;

// The first error that says something, wherever in the response it stands.
template <class Response>
ErrorCode error_in(const Response& response) {
  return response.error_code;
}
ErrorCode error_in(const api::AddPartitionsToTxnResponse& response) {
  for (const auto& topic : response.results_by_topic_v3_and_below) {
    for (const auto& partition : topic.results_by_partition) {
      const auto error = partition.partition_error_code;
      if (error != ErrorCode::none && error != ErrorCode::operation_not_attempted) return error;
    }
  }
  return ErrorCode::none;
}
ErrorCode error_in(const api::TxnOffsetCommitResponse& response) {
  for (const auto& topic : response.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != ErrorCode::none) return partition.error_code;
    }
  }
  return ErrorCode::none;
}

bool names_another_coordinator(ErrorCode error) {
  return error == ErrorCode::not_coordinator || error == ErrorCode::coordinator_not_available;
}

// Somebody else has the transactional id, or it has expired (KAFKA-18019): beginning anew would
// process again what a successor has processed.
bool ends_the_producer(ErrorCode error) {
  switch (error) {
    case ErrorCode::producer_fenced:
    case ErrorCode::invalid_producer_epoch:
    case ErrorCode::invalid_producer_id_mapping:
    case ErrorCode::invalid_txn_state:
    case ErrorCode::transactional_id_authorization_failed:
    case ErrorCode::unsupported_version: return true;
    default: return false;
  }
}

}  // namespace

std::shared_ptr<TransactionalProducer> TransactionalProducer::start(Host& host,
                                                                    ProducerConfig config) {
  REQUIRE(config.transactional_id.has_value());
  config.enable_idempotence = true;
  const std::shared_ptr<TransactionalProducer> self(new TransactionalProducer(std::move(config)));
  self->producer_ = Producer::start(host, self->config_);
  self->coordinator_ = std::make_unique<CoordinatorLink>(self->producer_->cluster(),
                                                         CoordinatorLink::Of::transactional_id,
                                                         *self->config_.transactional_id);
  return self;
}

// ---- Asking ------------------------------------------------------------------------------------

bool TransactionalProducer::back_off(Env& env, std::int32_t failures, Instant deadline) {
  const auto random = env.random("client.transaction", ++backoffs_);
  const auto until = env.now() + config_.client.backoff().after(failures, random);
  return env.sleep_until(std::min(until, deadline)) && env.now() < deadline;
}

template <class Request>
Expected<typename Request::Response, ErrorCode> TransactionalProducer::ask(Env& env,
                                                                           CoordinatorLink& link,
                                                                           const Request& request,
                                                                           std::int16_t version,
                                                                           Instant deadline) {
  for (std::int32_t failures = 1;; ++failures) {
    const auto channel = link.channel(env, deadline);
    if (channel) {
      const auto until = std::min(deadline, env.now() + config_.client.request_timeout);
      auto answer = channel->call(env, request, version, until);
      const auto error = answer ? error_in(*answer) : ErrorCode::network_exception;
      if (answer && !api::is_retriable(error)) return *std::move(answer);
      if (!answer || names_another_coordinator(error)) link.forget();
    }
    if (!back_off(env, failures, deadline)) return Unexpected(ErrorCode::request_timed_out);
  }
}

TransactionalProducer::Result TransactionalProducer::fail(ErrorCode error) {
  if (ends_the_producer(error)) fatal_ = error;
  if (!failed_) failed_ = error;
  return Unexpected(error);
}

// ---- Beginning ---------------------------------------------------------------------------------

// What the cluster has agreed on may change while we live: we go by what it was when we began.
TransactionalProducer::Result TransactionalProducer::learn_transaction_version(Env& env,
                                                                               Instant deadline) {
  const api::ApiVersionsRequest request{.client_software_name = "brokersim",
                                        .client_software_version = "1"};
  TRY(const auto answer, ask(env, *coordinator_, request, api_versions_version, deadline));
  if (answer.error_code != ErrorCode::none) return Unexpected(answer.error_code);
  const auto& features = answer.finalized_features;
  const auto level = std::find_if(features.begin(), features.end(), [](const auto& feature) {
    return feature.name == "transaction.version";
  });
  has_epoch_per_transaction_ = config_.rules.transactions.has_epoch_per_transaction &&
                               config_.transaction_protocol >= epoch_per_transaction &&
                               level != features.end() &&
                               level->max_version_level >= epoch_per_transaction;
  producer_->speak(has_epoch_per_transaction_ ? produce_version_with_epochs : produce_version,
                   has_epoch_per_transaction_);
  return Done{};
}

// With the id and epoch that we have, if any: who has taken them from us is not fenced (KIP-360).
TransactionalProducer::Result TransactionalProducer::ask_for_epoch(Env& env, Instant deadline) {
  const api::InitProducerIdRequest request{.transactional_id = config_.transactional_id,
                                           .transaction_timeout_ms = static_cast<std::int32_t>(
                                               milliseconds(config_.transaction_timeout)),
                                           .producer_id = producer_id_,
                                           .producer_epoch = epoch_};
  TRY(const auto answer, ask(env, *coordinator_, request, init_producer_id_version, deadline));
  if (answer.error_code != ErrorCode::none) return fail(answer.error_code);
  producer_id_ = answer.producer_id;
  epoch_ = answer.producer_epoch;
  producer_->set_producer(producer_id_, epoch_);
  return Done{};
}

TransactionalProducer::Result TransactionalProducer::init(Env& env, Instant deadline) {
  TRY([[maybe_unused]] const Done learnt, learn_transaction_version(env, deadline));
  return ask_for_epoch(env, deadline);
}

void TransactionalProducer::begin() {
  REQUIRE(epoch_ >= 0, epoch_);
  REQUIRE(!is_open_);
  is_open_ = true;
  failed_ = fatal_;
}

// ---- Within a transaction ----------------------------------------------------------------------

TransactionalProducer::Result TransactionalProducer::add(Env& env, const TopicPartition& partition,
                                                         Instant deadline) {
  if (failed_) return Unexpected(*failed_);
  if (partitions_.contains(partition)) return Done{};
  if (has_epoch_per_transaction_) return Done{};  // Its leader adds it with the first batch.
  // Answered or not, the coordinator may know it.
  may_be_begun_ = true;
  const api::AddPartitionsToTxnRequest request{
      .v3_and_below_transactional_id = *config_.transactional_id,
      .v3_and_below_producer_id = producer_id_,
      .v3_and_below_producer_epoch = epoch_,
      .v3_and_below_topics = {{.name = partition.topic, .partitions = {partition.partition}}}};
  auto answer = ask(env, *coordinator_, request, add_partitions_to_txn_version, deadline);
  const auto error = answer ? error_in(*answer) : answer.error();
  if (error != ErrorCode::none) return fail(error);
  is_begun_ = true;
  partitions_.insert(partition);
  return Done{};
}

void TransactionalProducer::send(Env& env, const TopicPartition& partition,
                                 const wire::Record& record, OnSent on_sent) {
  REQUIRE(is_open_);
  const auto added = add(env, partition, env.now() + config_.max_block);
  if (!added) {
    if (on_sent) on_sent(env, {.outcome = Outcome::failed, .error = added.error()});
    return;
  }
  const auto note = [self = shared_from_this(), on_sent = std::move(on_sent)](
                        Host& host, const SendResult& result) {
    if (result.outcome != Outcome::ok && !self->failed_) self->failed_ = result.error;
    if (on_sent) on_sent(host, result);
  };
  producer_->send(env, partition, record, note);
}

// Where each transaction has its own epoch, the group's coordinator does it (KIP-890).
TransactionalProducer::Result TransactionalProducer::add_offsets(Env& env,
                                                                 const std::string& group_id,
                                                                 Instant deadline) {
  if (has_epoch_per_transaction_) return Done{};
  const api::AddOffsetsToTxnRequest request{.transactional_id = *config_.transactional_id,
                                            .producer_id = producer_id_,
                                            .producer_epoch = epoch_,
                                            .group_id = group_id};
  const auto added = ask(env, *coordinator_, request, add_offsets_to_txn_version, deadline);
  const auto error = added ? added->error_code : added.error();
  if (error != ErrorCode::none) return fail(error);
  is_begun_ = true;
  return Done{};
}

TransactionalProducer::Result TransactionalProducer::send_offsets(Env& env,
                                                                  const Positions& positions,
                                                                  const GroupMember& member,
                                                                  Instant deadline) {
  REQUIRE(is_open_);
  if (failed_) return Unexpected(*failed_);
  may_be_begun_ = true;
  TRY([[maybe_unused]] const Done added, add_offsets(env, member.group_id, deadline));
  api::TxnOffsetCommitRequest request{.transactional_id = *config_.transactional_id,
                                      .group_id = member.group_id,
                                      .producer_id = producer_id_,
                                      .producer_epoch = epoch_,
                                      .generation_id = member.generation,
                                      .member_id = member.member_id,
                                      .group_instance_id = member.instance_id};
  for (const auto& [partition, position] : positions) {  // Ordered: topics come together.
    if (request.topics.empty() || request.topics.back().name != partition.topic) {
      request.topics.emplace_back().name = partition.topic;
    }
    request.topics.back().partitions.push_back({.partition_index = partition.partition,
                                                .committed_offset = position.offset,
                                                .committed_leader_epoch = position.epoch});
  }
  auto& link = groups_[member.group_id];
  if (!link) {
    link = std::make_unique<CoordinatorLink>(producer_->cluster(), CoordinatorLink::Of::group,
                                             member.group_id);
  }
  const auto version = has_epoch_per_transaction_ ? txn_offset_commit_version_with_epochs
                                                  : txn_offset_commit_version;
  const auto answer = ask(env, *link, request, version, deadline);
  const auto committed = answer ? error_in(*answer) : answer.error();
  if (committed != ErrorCode::none) return fail(committed);
  return Done{};
}

// ---- Ending ------------------------------------------------------------------------------------

TransactionalProducer::Result TransactionalProducer::end(Env& env, bool is_commit,
                                                         Instant deadline) {
  // Of what never left there is nothing to end.
  if (may_be_begun_ || (has_epoch_per_transaction_ && producer_->has_numbered())) {
    const api::EndTxnRequest request{.transactional_id = *config_.transactional_id,
                                     .producer_id = producer_id_,
                                     .producer_epoch = epoch_,
                                     .committed = is_commit};
    const auto version = has_epoch_per_transaction_ ? end_txn_version_with_epochs : end_txn_version;
    const auto answer = ask(env, *coordinator_, request, version, deadline);
    if (!answer) return Unexpected(answer.error());
    const auto error = answer->error_code;
    // Of what never arrived there is nothing to give up, either.
    const bool was_begun = is_begun_ || has_epoch_per_transaction_;
    const bool is_unknown = error == ErrorCode::invalid_txn_state && !is_commit && !was_begun;
    if (error != ErrorCode::none && !is_unknown) return fail(error);
    if (has_epoch_per_transaction_) {
      producer_id_ = answer->producer_id;
      epoch_ = answer->producer_epoch;
      producer_->set_producer(producer_id_, epoch_);
    }
  }
  is_open_ = false;
  may_be_begun_ = is_begun_ = false;
  partitions_.clear();
  failed_ = fatal_;
  return Done{};
}

TransactionalProducer::Result TransactionalProducer::commit(Env& env, Instant deadline) {
  REQUIRE(is_open_);
  // What has failed is not waited for: the transaction may be over by then.
  const bool is_settled = producer_->flush(env, [this] { return failed_.has_value(); });
  if (failed_) return Unexpected(*failed_);
  // Cancelled: whoever has not heard of all its records must not say that they count.
  if (!is_settled) return Unexpected(ErrorCode::request_timed_out);
  return end(env, true, deadline);
}

TransactionalProducer::Result TransactionalProducer::abort(Env& env, Instant deadline) {
  REQUIRE(is_open_);
  producer_->drop(env);
  if (fatal_) return Unexpected(*fatal_);
  TRY([[maybe_unused]] const Done ended, end(env, false, deadline));
  // What was given up has left a gap, which only another epoch closes.
  if (producer_->has_gap()) return ask_for_epoch(env, deadline);
  return Done{};
}

void TransactionalProducer::close(Env& env) {
  if (is_open_) producer_->drop(env);
  producer_->close(env);
}

}  // namespace brokersim::client
