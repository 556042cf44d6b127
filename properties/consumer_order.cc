// BS-O02: what consumers are handed: offsets that rise without skipping a
// record, always the same record at an offset, and only records that somebody sent.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/shown_logs.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class ConsumerOrder final : public Property {
 public:
  std::string_view id() const override { return "BS-O02"; }
  std::string_view name() const override { return "consumer misled"; }
  std::string_view explanation() const override {
    return "Between two resets of its position a consumer is handed the records of a partition "
           "with strictly increasing offsets and without skipping one, but for those of aborted "
           "transactions where it reads committed records only. Every consumer gets the "
           "same record at an offset, and every record was sent by a producer that was not told "
           "that the send had certainly failed. Resets may repeat records; freshness, and order "
           "across partitions, are not promised. Offsets given up in an excused loss may be used "
           "again, and what was skipped across such a cut is not judged.";
  }
  Needs needs() const override { return Need::client; }
  Kinds listens_to() const override {
    return Kinds::of<NodeStarted, SendInvoked, SendEnded, RecordDelivered, PositionReset,
                     FetchAnswered, ReadCommittedAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      check_position(e, *delivered, judge);
      check_content(e, *delivered, judge);
      check_was_sent(e, *delivered, judge);
    } else if (const auto* reset = std::get_if<PositionReset>(&e.body)) {
      positions_[{reset->client, reset->partition}] = {e.node, reset->offset - 1, e.id, e.id};
    } else if (const auto* sent = std::get_if<SendInvoked>(&e.body)) {
      on_sent(*sent);
    } else if (const auto* ended = std::get_if<SendEnded>(&e.body)) {
      const auto send = sends_.find(ended->op);
      if (send == sends_.end() || ended->outcome != Outcome::failed) return;
      Sent& record = records_[send->second];
      ++record.failed;
      record.last_failure = e.id;
      failed_.push_back(send->second);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      shown_.take(e, *fetch, judge.ledger());
    } else if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      committed_readers_.note(*answer);
    } else if (std::holds_alternative<NodeStarted>(e.body)) {
      std::erase_if(positions_, [&e](const auto& one) { return one.second.node == e.node; });
    }
  }

  void finish(Judge& judge) override {
    for (const std::uint64_t digest : failed_) {
      const Sent& record = records_[digest];
      if (record.failed < record.invoked || record.delivered.value == 0) continue;
      report({record.last_failure, record.delivered}, "failed_send_delivered", record.partition,
             fmt::format("A record of {} was delivered, though its producer was told that sending "
                         "it had certainly failed.",
                         record.partition),
             judge);
    }
  }

 private:
  struct Position {
    NodeId node = no_node;
    Offset last = -1;
    EventId event;
    EventId shown;  // The answer in which it got so far, or the reset.
  };
  struct Content {
    std::uint64_t record = 0;
    EventId event;
  };
  struct Sent {
    TopicPartition partition;
    std::int64_t invoked = 0;
    std::int64_t failed = 0;
    EventId last_failure;
    EventId delivered;
  };

  void on_sent(const SendInvoked& sent) {
    Sent& record = records_[sent.record];
    ++record.invoked;
    record.partition = sent.partition;
    sends_[sent.op] = sent.record;
  }

  void check_position(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const auto [at, is_first] =
        positions_.try_emplace({delivered.client, delivered.partition}, Position{});
    Position& position = at->second;
    const auto shown = shown_.of(delivered.client, delivered.partition, delivered.offset);
    const Position before = std::exchange(position, {e.node, delivered.offset, e.id, shown});
    if (is_first) return;
    if (delivered.offset <= before.last) {
      report({before.event, e.id}, "offset_not_increasing", delivered.partition,
             fmt::format("{} was handed offset {} of {} after offset {}.", delivered.client,
                         delivered.offset, delivered.partition, before.last),
             judge);
    } else if (const auto skipped = first_record_in(judge.ledger(), delivered, before, shown)) {
      report({before.event, e.id}, "record_skipped", delivered.partition,
             fmt::format("{} was handed offset {} of {} after offset {}, without the record at {}.",
                         delivered.client, delivered.offset, delivered.partition, before.last,
                         *skipped),
             judge);
    }
  }

  // The first committed data offset from where it was on that should have come before what did.
  // Where the log was cut in between, what lay there was perhaps nothing to be handed out.
  std::optional<Offset> first_record_in(const Ledger& ledger, const RecordDelivered& delivered,
                                        const Position& before, EventId shown) {
    const Offset from = before.last + 1;
    if (from >= delivered.offset) return std::nullopt;
    const Partition* partition = ledger.find(delivered.partition);
    if (partition == nullptr) return std::nullopt;
    if (was_cut_since(*partition, std::min(before.shown, shown))) return std::nullopt;
    const auto& committed = partition->committed;
    auto at = first_reaching(committed, from);
    for (; at != committed.end() && at->batch.base_offset < delivered.offset; ++at) {
      if (is_control(at->batch.role)) continue;
      if (committed_readers_.may_skip(ledger, *partition, at->batch, delivered.client)) continue;
      const Offset end = std::min(delivered.offset, at->batch.last_offset + 1);
      for (Offset offset = std::max(from, at->batch.base_offset); offset < end; ++offset)
        if (!partition->compactions.is_gone(offset)) return offset;
    }
    return std::nullopt;
  }

  void check_content(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    if (delivered.offset < 0) return;
    auto& contents = contents_[delivered.partition];
    const auto at = static_cast<std::size_t>(delivered.offset);
    if (contents.size() <= at) contents.resize(at + 1);
    if (contents[at].event.value == 0) {
      contents[at] = {delivered.record, e.id};
      return;
    }
    if (contents[at].record == delivered.record) return;
    const Partition* partition = judge.ledger().find(delivered.partition);
    if (partition != nullptr && delivered.offset >= partition->lowest_excused_cut) return;
    report({contents[at].event, e.id}, "record_changed", delivered.partition,
           fmt::format("{} was handed another record at offset {} of {} than was delivered there "
                       "before.",
                       delivered.client, delivered.offset, delivered.partition),
           judge);
  }

  void check_was_sent(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const auto at = records_.find(delivered.record);
    if (at != records_.end()) {
      at->second.delivered = e.id;
      return;
    }
    report({e.id, {}}, "never_sent", delivered.partition,
           fmt::format("{} was handed a record at offset {} of {} that nobody sent.",
                       delivered.client, delivered.offset, delivered.partition),
           judge);
  }

  void report(std::array<EventId, 2> facts, std::string kind, const TopicPartition& partition,
              std::string message, Judge& judge) {
    judge.report({std::string(id()), std::move(kind), std::move(message), facts, {}, partition});
  }

  std::map<std::pair<std::string, TopicPartition>, Position> positions_;
  std::map<TopicPartition, std::vector<Content>> contents_;  // By offset.
  std::map<std::uint64_t, Sent> records_;                    // By digest.
  std::map<std::int64_t, std::uint64_t> sends_;              // Digest by op.
  std::vector<std::uint64_t> failed_;
  CommittedReaders committed_readers_;
  ShownLogs shown_;
};

}  // namespace

std::unique_ptr<Property> consumer_order() { return std::make_unique<ConsumerOrder>(); }

}  // namespace brokersim::properties
