// Opening a log: what of its files is believed, and what is cut. After a loss of power each file
// holds some prefix of what was not synced, perhaps torn, and names may be missing or be back.
#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "core/log/segment.h"

namespace brokersim::log {

namespace {

// Files that a deletion, a compaction or a checkpoint had not finished with.
bool is_leftover(std::string_view name) {
  return name.ends_with(".deleted") || name.ends_with(".cleaned") || name.ends_with(".tmp");
}

// Of a segment that compaction was putting in place.
std::optional<Offset> base_of_replacement(std::string_view name) {
  constexpr std::string_view ending = ".swap";
  if (!name.ends_with(ending)) return std::nullopt;
  return Segment::base_of(name.substr(0, name.size() - ending.size()));
}

}  // namespace

LogResult<std::unique_ptr<Log>> Log::open(Env& env, TopicPartition partition, std::string directory,
                                          LogConfig config, LogState state) {
  std::unique_ptr<Log> log(new Log(std::move(partition), std::move(directory), config));
  TRY(std::ignore, log->load(env, state));
  return log;
}

LogResult<Done> Log::load(Env& env, const LogState& state) {
  TRY(std::ignore, make_directory(env));
  TRY(FoundFiles found, find_files(env));
  TRY(const std::uint64_t bytes_cut, load_segments(env, state, std::move(found.segments)));
  if (segments_.empty() || segments_.back()->end_offset() < state.start_offset) {
    TRY(std::ignore, start_afresh(env, state.start_offset));
  }
  measure_active(env);
  end_offset_ = segments_.back()->end_offset();
  start_offset_ = std::max(state.start_offset, segments_.front()->base_offset());
  recovery_point_ = std::min(state.recovery_point, end_offset_);
  cleaned_to_ = std::min(state.cleaned_to, end_offset_);
  load_epochs();
  const auto is_believed = [&](Offset offset, const ProducerState& snapshot) {
    // One from before the first segment is of an earlier life of the log: no batch that is left can
    // speak against it.
    if (offset > end_offset_ || offset < segments_.front()->base_offset()) return false;
    const bool needs_check = !state.was_clean && config_.rules.checks_snapshots_after_crash;
    return !needs_check || agrees_with_batches(offset, snapshot);
  };
  TRY(std::ignore, checked(snapshots_.load(env, found.snapshots, is_believed)));
  TRY(std::ignore, load_transactions(env, found.aborted));
  TRY(std::ignore, rebuild_producers(env));
  env.emit(
      LogRecovered{partition_, end_offset_, static_cast<std::int64_t>(bytes_cut), state.was_clean});
  return Done{};
}

LogResult<Done> Log::make_directory(Env& env) {
  if (env.files().exists(directory_)) return Done{};
  TRY(std::ignore, checked(env.files().make_directory(directory_)));
  const auto slash = directory_.rfind('/');
  const auto parent = directory_.substr(0, slash == std::string::npos ? 0 : slash);
  return checked(env.files().sync_directory(env, parent));
}

// Removes what was left over.
LogResult<Log::FoundFiles> Log::find_files(Env& env) {
  TRY(const auto names, checked(env.files().list(directory_)));
  FoundFiles found;
  std::vector<Offset> replacements;
  for (const auto& name : names) {
    if (const auto replacement = base_of_replacement(name)) {
      replacements.push_back(*replacement);
    } else if (is_leftover(name)) {
      TRY(std::ignore, checked(env.files().remove(path_of(name))));
    } else if (const auto base = Segment::base_of(name)) {
      found.segments.push_back(*base);
    } else if (const auto offset = ProducerSnapshots::offset_of(name)) {
      found.snapshots.push_back(*offset);
    } else if (const auto indexed_base = TransactionIndex::base_of(name)) {
      found.aborted.push_back(*indexed_base);
    }
  }
  TRY(std::ignore, finish_replacements(env, found, std::move(replacements)));
  std::sort(found.segments.begin(), found.segments.end());
  std::sort(found.snapshots.begin(), found.snapshots.end());
  return found;
}

// Loads what forms one log and removes what lies behind a cut. Returns how many bytes went.
LogResult<std::uint64_t> Log::load_segments(Env& env, const LogState& state,
                                            std::vector<Offset> bases) {
  // Segments deleted before a loss of power may be back, and not all of them.
  while (bases.size() > 1 && bases[1] <= state.start_offset) {
    TRY(std::ignore, checked(env.files().remove(path_of(Segment::file_name(bases[0])))));
    bases.erase(bases.begin());
  }
  if (!state.was_clean) ++name_changes_;
  constexpr Offset nowhere = std::numeric_limits<Offset>::max();
  ScanStart start{0, no_epoch, state.was_clean ? nowhere : state.recovery_point};
  std::uint64_t bytes_cut = 0;
  bool is_cut = false;
  for (const Offset base : bases) {
    TRY(auto segment, checked(Segment::open(env.files(), directory_, base, OpenMode::existing)));
    segments_.push_back(segment);
    if (was_replaced(base, state)) {
      TRY(std::ignore, remove_segment(env, segments_.size() - 1));
      continue;
    }
    if (is_cut || !may_begin_at(base, state)) {
      is_cut = true;
      bytes_cut += segment->file_size();
      TRY(std::ignore, remove_segment(env, segments_.size() - 1));
      continue;
    }
    start.next_offset = base;
    TRY(const std::uint64_t cut, checked(segment->recover(env, start)));
    is_cut = cut > 0;
    bytes_cut += cut;
    // Else a loss of power undoes the cut, and what was written and synced since in the next
    // segment is lost behind it.
    if (cut > 0) {
      TRY(std::ignore, checked(segment->sync(env)));
    }
    // One that ends at the recovery point may have been cut to that, and not synced, before a stop.
    const bool may_be_cut = !state.was_clean && segment->end_offset() == state.recovery_point;
    if (may_be_cut || segment->end_offset() > state.recovery_point) segment->mark_unsynced();
    if (!segment->batches().empty()) start.leader_epoch = segment->batches().back().leader_epoch;
  }
  // The start before this one may have ended between a cut and its sync.
  if (!state.was_clean && !segments_.empty()) segments_.back()->mark_unsynced();
  return bytes_cut;
}

// Before it all had been synced, and compaction may have been at work. What is compacted had been
// synced, also where nothing is known of the recovery point.
Offset Log::compacted_before(const LogState& state) {
  return std::max(state.recovery_point, state.cleaned_to);
}

// Compaction had put its contents into the segment before, and its name is back.
bool Log::was_replaced(Offset base, const LogState& state) const {
  return segments_.size() > 1 && base < segments_[segments_.size() - 2]->end_offset() &&
         base < compacted_before(state);
}

// Segments follow each other without a gap, except where compaction took the last batches of one. A
// gap elsewhere is the lost end of a file.
bool Log::may_begin_at(Offset base, const LogState& state) const {
  if (segments_.size() == 1) return true;
  const Offset end = segments_[segments_.size() - 2]->end_offset();
  if (base == end) return true;
  return base > end && (state.was_clean || end < compacted_before(state));
}

// From the batches alone: whatever a crash left of the epochs' own file, this is what they are.
void Log::load_epochs() {
  epochs_.clear();
  Offset end = segments_.front()->base_offset();
  for (const auto& segment : segments_) {
    for (const auto& batch : segment->batches()) {
      if (batch.leader_epoch != last_epoch()) epochs_.assign(batch.leader_epoch, end);
      end = batch.last_offset + 1;
    }
  }
  epochs_.truncate_from_start(start_offset_);
}

// How much is committed is not known yet: any marker may still be lost.
LogResult<Done> Log::load_transactions(Env& env, const std::vector<Offset>& files) {
  ProducerState replayed;
  std::map<Offset, TransactionIndex::Entries> aborted;
  for (const auto& segment : segments_) {
    for (const auto& batch : segment->batches()) {
      const auto ended = replayed.apply(batch);
      if (!ended) continue;
      undecided_.emplace(ended->first_offset, ended->marker_offset);
      if (!ended->is_aborted) continue;
      aborted[segment->base_offset()].push_back(entry_of(*ended, replayed));
    }
  }
  return checked(aborted_.load(env, files, std::move(aborted)));
}

// A loss of power may bring back a snapshot of an earlier life of the log, its removal undone while
// what was written since has survived.
bool Log::agrees_with_batches(Offset offset, const ProducerState& snapshot) const {
  ProducerState replayed;
  std::map<Offset, Offset> left;  // First and last offset of each batch.
  bool is_dense = true;
  for (const auto& segment : segments_) {
    for (const auto& batch : segment->batches()) {
      if (batch.last_offset >= offset) break;
      is_dense = is_dense && (left.empty() || left.rbegin()->second + 1 == batch.base_offset);
      left.emplace_hint(left.end(), batch.base_offset, batch.last_offset);
      replayed.apply(batch);
    }
  }
  const Offset begin = segments_.front()->base_offset();
  is_dense = is_dense &&
             (left.empty() ? begin == offset
                           : left.begin()->first == begin && left.rbegin()->second + 1 == offset);
  if (is_dense) return snapshot.agrees_with(replayed, begin);
  return snapshot.agrees_with_compacted(replayed, [&left](Offset at) {
    const auto beyond = left.upper_bound(at);
    return beyond != left.begin() && std::prev(beyond)->second >= at;
  });
}

}  // namespace brokersim::log
