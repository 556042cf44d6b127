// OffsetCommit, TxnOffsetCommit, OffsetFetch and OffsetDelete: how far a group has come.
#include <utility>

#include "core/broker/broker.h"
#include "core/broker/handlers/group_handlers.h"
#include "core/coordination/write_errors.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

using CommitTopic = api::OffsetCommitResponse::OffsetCommitResponseTopic;
using GroupAsked = api::OffsetFetchRequest::OffsetFetchRequestGroup;
using GroupFetched = api::OffsetFetchResponse::OffsetFetchResponseGroup;

bool exists(const Broker& broker, const TopicPartition& partition) {
  return broker.image().find_partition(partition) != nullptr;
}

// Takes out of the request what does not exist, and returns it as it is to be answered.
template <class Response, class Request>
Response refuse_unknown(const Broker& broker, Request& request) {
  Response response;
  for (auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    std::erase_if(topic.partitions, [&](const auto& partition) {
      if (exists(broker, {topic.name, partition.partition_index})) return false;
      answers.partitions.push_back({.partition_index = partition.partition_index,
                                    .error_code = ErrorCode::unknown_topic_or_partition});
      return true;
    });
  }
  std::erase_if(request.topics, [](const auto& topic) { return topic.partitions.empty(); });
  std::erase_if(response.topics, [](const auto& topic) { return topic.partitions.empty(); });
  return response;
}

// Adds the topics of `more`; those of one name come together.
template <class Response>
void merge(Response& response, Response more) {
  for (auto& topic : more.topics) {
    const auto same = std::find_if(response.topics.begin(), response.topics.end(),
                                   [&](const auto& known) { return known.name == topic.name; });
    if (same == response.topics.end()) {
      response.topics.push_back(std::move(topic));
    } else {
      same->partitions.insert(same->partitions.end(), topic.partitions.begin(),
                              topic.partitions.end());
    }
  }
}

template <class Response, class Request>
Response refuse_all(const Request& request, ErrorCode error) {
  Response response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& partition : topic.partitions) {
      answers.partitions.push_back(
          {.partition_index = partition.partition_index, .error_code = error});
    }
  }
  return response;
}

GroupFetched fetch_group(const Broker& broker, const GroupAsked& asked, bool must_be_stable) {
  const auto coordinator = broker.groups().find(asked.group_id);
  if (coordinator) return (*coordinator)->shard().fetch_offsets(asked, must_be_stable);
  GroupFetched refused;
  refused.group_id = asked.group_id;
  refused.error_code = coordinator.error();
  return refused;
}

// Version 1 has no place for an error but at each partition.
void tell_partitions(const GroupAsked& asked, GroupFetched& group) {
  if (group.error_code == ErrorCode::none || !asked.topics) return;
  for (const auto& topic : *asked.topics) {
    auto& answers = group.topics.emplace_back();
    answers.name = topic.name;
    for (const auto index : topic.partition_indexes) {
      answers.partitions.push_back(
          {.partition_index = index, .committed_offset = -1, .error_code = group.error_code});
    }
  }
}

ErrorCode as_told(ErrorCode error, std::int16_t version) {
  constexpr std::int16_t knows_loading = 2;    // Before, COORDINATOR_NOT_AVAILABLE was tried again.
  constexpr std::int16_t knows_abortable = 4;  // KIP-890
  switch (error) {
    case ErrorCode::coordinator_load_in_progress:
      return version < knows_loading ? ErrorCode::coordinator_not_available : error;
    case ErrorCode::transaction_abortable:
      return version < knows_abortable ? ErrorCode::invalid_txn_state : error;
    default: return error;
  }
}

constexpr std::int16_t first_that_adds_offsets = 5;  // TxnOffsetCommit of transaction version 2.

// With what the offsets may be appended: that they are part of the transaction is known, or was
// found out (KAFKA-15449), or they have become it. The error is the transaction's.
Expected<partition::VerificationTicket, ErrorCode> verify(
    Env& env, Broker& broker, GroupCoordinator& coordinator,
    const api::TxnOffsetCommitRequest& request, bool adds) {
  const coordination::ProducerAndEpoch producer{request.producer_id, request.producer_epoch};
  const auto ticket = coordinator.begin_verification(env, producer, adds);
  if (!ticket) return partition::VerificationTicket{};
  const auto& partition = coordinator.partition();
  const auto answers =
      broker.transaction_verifier().ask(env, broker.image(),
                                        {.transactional_id = request.transactional_id,
                                         .producer_id = producer.id,
                                         .producer_epoch = producer.epoch,
                                         .adds = adds,
                                         .partitions = {partition}});
  const auto answer = answers.find(partition);
  const auto error = answer == answers.end() ? ErrorCode::unknown_server_error : answer->second;
  if (error == ErrorCode::none) return *ticket;
  // Who is fenced is told so as a leader tells it, which knows of epochs alone.
  return Unexpected(error == ErrorCode::producer_fenced ? ErrorCode::invalid_producer_epoch
                                                        : coordination::error_of_write(error));
}

}  // namespace

Answer<api::TxnOffsetCommitResponse> txn_offset_commit(Env& env, Broker& broker,
                                                       const RequestContext& context,
                                                       api::TxnOffsetCommitRequest request) {
  using Response = api::TxnOffsetCommitResponse;
  const auto version = context.header.api_version;
  auto response = refuse_unknown<Response>(broker, request);
  if (request.topics.empty()) return response;
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (!coordinator) {
    merge(response, refuse_all<Response>(request, as_told(coordinator.error(), version)));
    return response;
  }
  const auto ticket =
      verify(env, broker, **coordinator, request, version >= first_that_adds_offsets);
  // It may be another's coordinator by now.
  const auto error = ticket ? (*coordinator)->availability() : ticket.error();
  if (error != ErrorCode::none) {
    merge(response, refuse_all<Response>(request, as_told(error, version)));
    return response;
  }
  auto committed =
      (*coordinator)->ask_verified<Response>(env, *ticket, [&](auto& shard, auto now, auto id) {
        auto pending = shard.commit_pending(now, id, request);
        context.let_go(env, request);
        return pending;
      });
  if (!committed || !*committed) return committed;
  for (auto& topic : (*committed)->topics) {
    for (auto& partition : topic.partitions) {
      partition.error_code = as_told(partition.error_code, version);
    }
  }
  merge(response, **std::move(committed));
  return response;
}

Answer<api::OffsetCommitResponse> offset_commit(Env& env, Broker& broker,
                                                const RequestContext& context,
                                                api::OffsetCommitRequest request) {
  auto response = refuse_unknown<api::OffsetCommitResponse>(broker, request);
  if (request.topics.empty()) return response;
  const auto coordinator = broker.groups().find(request.group_id);
  if (!coordinator) {
    merge(response, refuse_all<api::OffsetCommitResponse>(request, coordinator.error()));
    return response;
  }
  auto committed =
      (*coordinator)->ask<api::OffsetCommitResponse>(env, [&](auto& shard, auto now, auto id) {
        auto committing = shard.commit_offsets(now, id, request, context.header.api_version);
        context.let_go(env, request);
        return committing;
      });
  if (!committed || !*committed) return committed;
  merge(response, **std::move(committed));
  return response;
}

api::OffsetFetchResponse offset_fetch(Env&, Broker& broker, const RequestContext& context,
                                      api::OffsetFetchRequest request) {
  const auto version = context.header.api_version;
  api::OffsetFetchResponse response;
  if (version >= 8) {
    for (const auto& asked : request.groups) {
      response.groups.push_back(fetch_group(broker, asked, request.require_stable));
    }
    return response;
  }
  const GroupAsked asked{.group_id = request.group_id, .topics = std::move(request.topics)};
  auto group = fetch_group(broker, asked, request.require_stable);
  if (version < 2) tell_partitions(asked, group);
  response.error_code = group.error_code;
  response.topics = std::move(group.topics);
  return response;
}

Answer<api::OffsetDeleteResponse> offset_delete(Env& env, Broker& broker, const RequestContext&,
                                                api::OffsetDeleteRequest request) {
  const auto coordinator = broker.groups().find_named(request.group_id);
  if (!coordinator) {
    api::OffsetDeleteResponse refused;
    refused.error_code = coordinator.error();
    return refused;
  }
  auto response = refuse_unknown<api::OffsetDeleteResponse>(broker, request);
  auto deleted =
      (*coordinator)->ask<api::OffsetDeleteResponse>(env, [&](auto& shard, auto now, auto id) {
        return shard.delete_offsets(now, id, request);
      });
  if (!deleted || !*deleted) return deleted;
  response.error_code = (*deleted)->error_code;
  if (response.error_code != ErrorCode::none) response.topics.clear();
  merge(response, **std::move(deleted));
  return response;
}

}  // namespace brokersim::broker::handlers
