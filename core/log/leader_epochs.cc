#include "core/log/leader_epochs.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/log/text.h"

namespace brokersim::log {

bool LeaderEpochs::assign(LeaderEpoch epoch, Offset start) {
  REQUIRE(epoch.is_set(), epoch);
  REQUIRE(start >= 0, start);
  const EpochEntry entry{epoch, start};
  if (!empty() && entries_.back().epoch == epoch && entries_.back().start_offset <= start) {
    return false;
  }
  std::erase_if(entries_,
                [&](const EpochEntry& e) { return e.epoch >= epoch || e.start_offset >= start; });
  entries_.push_back(entry);
  return true;
}

std::optional<EpochEnd> LeaderEpochs::end_offset_for(LeaderEpoch epoch, Offset log_end) const {
  if (!epoch.is_set() || empty() || epoch > latest_epoch()) return std::nullopt;
  if (epoch == latest_epoch()) return EpochEnd{epoch, log_end};
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), epoch,
                       [](LeaderEpoch asked, const EpochEntry& e) { return asked < e.epoch; });
  const bool is_before_all = next == entries_.begin();
  return EpochEnd{is_before_all ? epoch : std::prev(next)->epoch, next->start_offset};
}

void LeaderEpochs::truncate_from_end(Offset end) {
  std::erase_if(entries_, [&](const EpochEntry& e) { return e.start_offset >= end; });
}

void LeaderEpochs::truncate_from_start(Offset start) {
  const auto beyond = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const EpochEntry& e) { return e.start_offset > start; });
  if (beyond == entries_.begin()) return;
  const auto covering = std::prev(beyond);
  covering->start_offset = start;
  entries_.erase(entries_.begin(), covering);
}

std::optional<EpochEntry> LeaderEpochs::latest() const {
  if (empty()) return std::nullopt;
  return entries_.back();
}

LeaderEpoch LeaderEpochs::latest_epoch() const {
  return empty() ? no_epoch : entries_.back().epoch;
}

LeaderEpoch LeaderEpochs::epoch_of(Offset offset) const {
  const auto beyond = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const EpochEntry& e) { return e.start_offset > offset; });
  return beyond == entries_.begin() ? no_epoch : std::prev(beyond)->epoch;
}

std::string LeaderEpochs::encode() const {
  std::string text = fmt::format("0\n{}\n", entries_.size());
  for (const auto& e : entries_) text += fmt::format("{} {}\n", e.epoch, e.start_offset);
  return text;
}

std::optional<LeaderEpochs> LeaderEpochs::decode(std::string_view text) {
  const auto lines = checkpoint_lines(text);
  if (!lines) return std::nullopt;
  LeaderEpochs epochs;
  for (const auto line : *lines) {
    const auto words = split(line, ' ');
    if (words.size() != 2) return std::nullopt;
    const auto epoch = number<std::int32_t>(words[0]);
    const auto start = number<Offset>(words[1]);
    if (!epoch || !start || *epoch < 0 || *start < 0) return std::nullopt;
    const EpochEntry entry{LeaderEpoch(*epoch), *start};
    if (const auto last = epochs.latest()) {
      if (entry.epoch <= last->epoch || entry.start_offset <= last->start_offset) {
        return std::nullopt;
      }
    }
    epochs.entries_.push_back(entry);
  }
  return epochs;
}

}  // namespace brokersim::log
