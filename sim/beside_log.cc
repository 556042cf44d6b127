#include "sim/beside_log.h"

#include <cstdint>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/log/leader_epochs.h"
#include "core/log/producer_state.h"
#include "core/wire/record_batch.h"

namespace brokersim::sim {
namespace {

struct LastBatch {
  std::int32_t sequence = -1;
  Offset offset = -1;
  friend bool operator==(const LastBatch&, const LastBatch&) = default;
};

// What a part of a log says of one producer.
struct Written {
  std::int16_t epoch = -1;
  bool has_whole_epoch = false;   // It began in this part.
  bool has_ended = false;         // A transaction did, in this part.
  std::optional<LastBatch> last;  // Of this epoch.
  std::optional<Offset> open_since;

  void take(const BatchRef& batch);
};

void Written::take(const BatchRef& batch) {
  if (batch.producer_epoch != epoch) last.reset();
  has_whole_epoch = has_whole_epoch || (epoch >= 0 && batch.producer_epoch != epoch);
  epoch = batch.producer_epoch;
  if (is_marker(batch.role)) {
    has_ended = true;
    open_since.reset();
    return;
  }
  if (batch.role == BatchRole::transactional && !open_since) open_since = batch.base_offset;
  // A coordinator's own batches have none.
  if (batch.base_sequence < 0) return;
  const auto delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset);
  last = LastBatch{wire::sequence_after(batch.base_sequence, delta), batch.last_offset};
}

using WrittenBy = std::map<std::int64_t, Written>;

WrittenBy written_in(std::span<const BatchRef> batches) {
  WrittenBy written;
  for (const BatchRef& batch : batches) {
    const bool is_plain = batch.role == BatchRole::data && batch.base_sequence < 0;
    if (batch.producer_id < 0 || batch.role == BatchRole::control || is_plain) continue;
    written[batch.producer_id].take(batch);
  }
  return written;
}

std::optional<LastBatch> last_of(const log::ProducerEntry& entry) {
  if (entry.batches.empty()) return std::nullopt;
  return LastBatch{entry.batches.back().last_sequence, entry.batches.back().last_offset};
}

std::string words_for(const std::optional<LastBatch>& last) {
  return last ? fmt::format("sequence {} at offset {}", last->sequence, last->offset) : "none";
}

// One of whom the snapshot has no batch may have been forgotten before a marker came for it.
std::string difference_in_last(const log::ProducerEntry& told, const Written& written) {
  const auto last = last_of(told);
  const bool is_known = written.last.has_value() || written.has_whole_epoch;
  if (!last || !is_known || last == written.last) return {};
  return fmt::format("has as its last {}, by the batches {}", words_for(last),
                     words_for(written.last));
}

std::string difference_in_open(const log::ProducerEntry& told, const Written& written) {
  const auto text = [](const std::optional<Offset>& since) {
    return since ? fmt::format("a transaction open since {}", *since) : "no transaction open";
  };
  // It may have been open before.
  const bool began_earlier = !written.has_ended && told.open_since &&
                             (!written.open_since || *told.open_since < *written.open_since);
  if (began_earlier || told.open_since == written.open_since) return {};
  return fmt::format("has {}, by the batches {}", text(told.open_since), text(written.open_since));
}

std::string difference_in(const log::ProducerEntry& told, const Written& written) {
  if (told.epoch != written.epoch)
    return fmt::format("is in epoch {}, by the batches in {}", told.epoch, written.epoch);
  auto difference = difference_in_last(told, written);
  return difference.empty() ? difference_in_open(told, written) : difference;
}

}  // namespace

std::string difference_of_epochs(std::string_view text, std::span<const EpochRun> runs,
                                 Offset end) {
  if (!text.ends_with('\n')) return {};  // Its last number may be a part of one.
  const auto epochs = log::LeaderEpochs::decode(text);
  if (!epochs || epochs->empty()) return {};
  const auto latest = *epochs->latest();
  if (latest.start_offset > end)
    return fmt::format("epoch {} begins at offset {}, and the log ends at {}", latest.epoch,
                       latest.start_offset, end);
  const Offset start = epochs->entries().front().start_offset;
  for (const EpochRun& run : runs) {
    for (const Offset at : {run.first, run.last}) {
      const LeaderEpoch told = epochs->epoch_of(at);
      if (at < start || told == run.epoch) continue;
      return fmt::format("offset {} is said to be of epoch {}, its batch is of {}", at, told,
                         run.epoch);
    }
  }
  return {};
}

std::string difference_of_producers(ByteView snapshot, Offset from,
                                    std::span<const BatchRef> batches) {
  const auto state = log::ProducerState::decode(snapshot);
  if (!state) return {};
  const WrittenBy written = written_in(batches);
  for (const auto& [id, told] : state->producers()) {
    const auto found = written.find(id);
    const auto last = last_of(told);
    const bool is_within = last && last->offset >= from;
    const bool has_written = found != written.end();
    if (is_within && (!has_written || found->second.last != last))
      return fmt::format("producer {} has as its last {}, which is not there", id, words_for(last));
    const auto difference = has_written ? difference_in(told, found->second) : std::string();
    if (!difference.empty()) return fmt::format("producer {} {}", id, difference);
  }
  return {};
}

}  // namespace brokersim::sim
