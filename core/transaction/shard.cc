#include "core/transaction/shard.h"

#include <algorithm>
#include <utility>

namespace brokersim::transaction {

using api::ErrorCode;

// ---- Ids ---------------------------------------------------------------------------------------

Shard::Slot* Shard::find(const std::string& id) {
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : &found->second;
}

const Shard::Slot* Shard::find(const std::string& id) const {
  const auto found = slots_.find(id);
  return found == slots_.end() ? nullptr : &found->second;
}

// ---- Loading -----------------------------------------------------------------------------------

Expected<Done, std::string_view> Shard::replay(Offset, const wire::Record& record) {
  TRY(const auto entry, decode_entry(record, rules_.last_epoch));
  const auto* of_id = std::get_if<TransactionEntry>(&entry);
  if (!of_id) return Done{};
  if (of_id->standing) {
    slots_[of_id->transactional_id].standing = *of_id->standing;
  } else {
    slots_.erase(of_id->transactional_id);
  }
  return Done{};
}

Output Shard::loaded(Now now, Offset) {
  Output out;
  for (const auto& [id, slot] : slots_) {
    if (is_prepared(slot.standing.state)) begin_markers(now, id, out);
  }
  expect_checks(now);
  return out;
}

// ---- Beginning ---------------------------------------------------------------------------------

Output Shard::init_producer(Now now, RequestId request, const api::InitProducerIdRequest& asked) {
  Output out;
  const auto refuse = [&](ErrorCode error) {
    out.answer(request, api::InitProducerIdResponse{
                            .error_code = error, .producer_id = -1, .producer_epoch = -1});
    return std::move(out);
  };
  const auto timeout = Duration(1ms) * asked.transaction_timeout_ms;
  if (timeout <= Duration{} || timeout > config_.max_timeout) {
    return refuse(ErrorCode::invalid_transaction_timeout);
  }
  const auto& id = asked.transactional_id.value();
  const auto* slot = find(id);
  if (slot && slot->pending) return refuse(ErrorCode::concurrent_transactions);
  auto standing = slot ? slot->standing : Standing{};
  InitAsked init{.timeout_ms = asked.transaction_timeout_ms, .expected = std::nullopt};
  if (asked.producer_id >= 0)
    init.expected = ProducerAndEpoch{asked.producer_id, asked.producer_epoch};
  if (!slot) {
    if (!stock_) return refuse(ErrorCode::coordinator_load_in_progress);
    standing.producer_id = *stock_;
  }
  const auto decision = transaction::init_producer(standing, init, stock_, rules_, now.wall);
  if (!decision) return refuse(decision.error());
  if (!*decision) {
    out.answer(request, api::InitProducerIdResponse{.producer_id = standing.producer_id,
                                                    .producer_epoch = standing.epoch});
    return out;
  }
  answer_init(now, request, id, **decision, out);
  return out;
}

// What was fenced is no answer: whoever asked asks again, and gets the epoch after that.
void Shard::answer_init(Now now, RequestId request, const std::string& id, Standing next,
                        Output& out) {
  const bool is_fence = next.state == State::prepare_abort;
  const ProducerAndEpoch given{next.producer_id, next.epoch};
  const bool must_wait = is_fence && rules_.begins_after_abort;
  write(
      now, id, is_fence ? State::prepare_epoch_fence : State::empty, std::move(next),
      [=](Now, ErrorCode error, Output& later) {
        api::InitProducerIdResponse response{.error_code = error_of_write(error),
                                             .producer_id = given.id,
                                             .producer_epoch = given.epoch};
        if (must_wait && error == ErrorCode::none) {
          response.error_code = ErrorCode::concurrent_transactions;
        }
        if (response.error_code != ErrorCode::none) {
          response.producer_id = no_producer_id;
          response.producer_epoch = no_producer_epoch;
        }
        later.answer(request, std::move(response));
      },
      out);
}

// ---- Adding ------------------------------------------------------------------------------------

Output Shard::add_partitions(Now now, RequestId request, const std::string& id,
                             const ProducerAndEpoch& producer,
                             const std::set<TopicPartition>& partitions,
                             std::int16_t transaction_version) {
  Output out;
  const auto* slot = find(id);
  auto error = slot ? check_producer(slot->standing, producer, rules_)
                    : ErrorCode::invalid_producer_id_mapping;
  if (error == ErrorCode::none && slot->pending) error = ErrorCode::concurrent_transactions;
  if (error != ErrorCode::none) {
    out.answer(request, error);
    return out;
  }
  auto decision =
      transaction::add_partitions(slot->standing, partitions, transaction_version, now.wall);
  if (!decision || !*decision) {
    out.answer(request, decision ? ErrorCode::none : decision.error());
    return out;
  }
  if (!rules_.adds_once_committed) out.answer(request, ErrorCode::none);
  write(
      now, id, State::ongoing, **decision,
      [request, is_answered = !rules_.adds_once_committed](Now, ErrorCode written, Output& later) {
        if (!is_answered) later.answer(request, error_of_write(written));
      },
      out);
  return out;
}

std::map<TopicPartition, ErrorCode> Shard::verify(
    const std::string& id, const ProducerAndEpoch& producer,
    const std::set<TopicPartition>& partitions) const {
  std::map<TopicPartition, ErrorCode> answers;
  const auto* slot = find(id);
  auto error = slot ? check_producer(slot->standing, producer, rules_)
                    : ErrorCode::invalid_producer_id_mapping;
  if (error == ErrorCode::none && is_prepared(slot->standing.state)) {
    error = ErrorCode::concurrent_transactions;
  }
  if (error == ErrorCode::none && !rules_.verifies_beside_pending && slot->pending) {
    error = ErrorCode::concurrent_transactions;
  }
  for (const auto& partition : partitions) {
    const bool is_in = error == ErrorCode::none && slot->standing.state == State::ongoing &&
                       slot->standing.partitions.contains(partition);
    answers[partition] =
        error == ErrorCode::none && !is_in ? ErrorCode::transaction_abortable : error;
  }
  return answers;
}

// ---- Ending ------------------------------------------------------------------------------------

Output Shard::end(Now now, RequestId request, const api::EndTxnRequest& asked,
                  std::int16_t transaction_version) {
  Output out;
  const EndAsked wanted{.producer = {asked.producer_id, asked.producer_epoch},
                        .is_commit = asked.committed,
                        .transaction_version = transaction_version};
  const auto refuse = [&](ErrorCode error) {
    out.answer(request, api::EndTxnResponse{.error_code = error});
    return std::move(out);
  };
  const auto* slot = find(asked.transactional_id);
  if (!slot) return refuse(ErrorCode::invalid_producer_id_mapping);
  const auto error = check_end(slot->standing, wanted, rules_);
  if (error != ErrorCode::none) return refuse(error);
  if (slot->pending) return refuse(ErrorCode::concurrent_transactions);
  const auto decision = transaction::end(slot->standing, wanted, stock_, rules_, now.wall);
  if (!decision) return refuse(decision.error());
  // Whoever asks so goes on with what it is told, also where it was its coordinator that ended the
  // transaction, because it took too long.
  const bool wants_epoch = transaction_version >= epoch_per_transaction;
  const auto answered_from = [request, wants_epoch](const Standing& from, ErrorCode written,
                                                    Output& later) {
    api::EndTxnResponse response{.error_code = error_of_write(written)};
    const bool has_rotated = from.next_producer_id != no_producer_id;
    if (response.error_code == ErrorCode::none && wants_epoch) {
      response.producer_id = has_rotated ? from.next_producer_id : from.producer_id;
      response.producer_epoch = has_rotated ? std::int16_t{0} : from.epoch;
    }
    later.answer(request, std::move(response));
  };
  if (!*decision) {
    answered_from(slot->standing, ErrorCode::none, out);
    return out;
  }
  auto next = **decision;
  const auto state = next.state;
  write(
      now, asked.transactional_id, state, next,
      [answered_from, next](Now, ErrorCode written, Output& later) {
        answered_from(next, written, later);
      },
      out);
  return out;
}

// ---- What there is -----------------------------------------------------------------------------

api::DescribeTransactionsResponse::TransactionState Shard::describe(const std::string& id) const {
  api::DescribeTransactionsResponse::TransactionState row;
  row.transactional_id = id;
  const auto* slot = find(id);
  if (!slot || !slot->is_known()) {
    row.error_code = ErrorCode::transactional_id_not_found;
    return row;
  }
  const auto& standing = slot->standing;
  row.transaction_state = name_of(standing.state);
  row.transaction_timeout_ms = standing.timeout_ms;
  row.transaction_start_time_ms = standing.started_at;
  row.producer_id = standing.producer_id;
  row.producer_epoch = standing.epoch;
  for (const auto& partition : standing.partitions) {
    if (row.topics.empty() || row.topics.back().topic != partition.topic) {
      row.topics.push_back({.topic = partition.topic});
    }
    row.topics.back().partitions.push_back(partition.partition);
  }
  return row;
}

std::vector<api::ListTransactionsResponse::TransactionState> Shard::list(
    Now now, const api::ListTransactionsRequest& asked) const {
  std::vector<api::ListTransactionsResponse::TransactionState> rows;
  const auto passes = [](const auto& filter, const auto& value) {
    return filter.empty() || std::find(filter.begin(), filter.end(), value) != filter.end();
  };
  for (const auto& [id, slot] : slots_) {
    const auto& standing = slot.standing;
    // As with Kafka, what has never begun began before any time.
    const bool has_lasted =
        asked.duration_filter < 0 || now.wall.ms - standing.started_at > asked.duration_filter;
    const bool is_wanted = slot.is_known() && has_lasted &&
                           passes(asked.producer_id_filters, standing.producer_id) &&
                           passes(asked.state_filters, std::string(name_of(standing.state)));
    if (!is_wanted) continue;
    rows.push_back({.transactional_id = id,
                    .producer_id = standing.producer_id,
                    .transaction_state = std::string(name_of(standing.state))});
  }
  return rows;
}

}  // namespace brokersim::transaction
