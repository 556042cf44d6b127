// Opening a log: what of its files is believed, and what is cut. After a loss of power each file
// holds some prefix of what was not synced, perhaps torn, and names may be missing or be back.
//
//   0.log 0.index  │  40.log 40.index  │  80.log 80.index  │  120.log        recovery point 100
//   believed         believed            walked, checked     walked, checked, cut
//
// What is believed had been synced, with its indexes, and they are held against the file where they
// end. What lies behind the last decided transaction, and the active segment, is walked anyway.
#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "core/log/segment.h"

namespace brokersim::log {

namespace {

// Files that a deletion, a compaction or a checkpoint had not finished with.
bool is_leftover(std::string_view name) {
  return name.ends_with(".deleted") || name.ends_with(".cleaned") || name.ends_with(".tmp");
}

// Kafka's cleaner takes the indexes through this name, too.
bool is_index_of_replacement(std::string_view name) {
  constexpr std::string_view ending = ".swap";
  if (!name.ends_with(ending)) return false;
  name.remove_suffix(ending.size());
  return IndexFiles::base_of(name) || TransactionIndex::base_of(name);
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
  TRY(const std::uint64_t bytes_cut, load_segments(env, state, found.segments));
  if (segments_.empty() || segments_.back()->end_offset() < state.start_offset) {
    TRY(std::ignore, start_afresh(env, state.start_offset));
  }
  measure_active(env);
  end_offset_ = segments_.back()->end_offset();
  start_offset_ = std::max(state.start_offset, segments_.front()->base_offset());
  recovery_point_ = std::min(state.recovery_point, end_offset_);
  cleaned_to_ = std::min(state.cleaned_to, end_offset_);
  TRY(std::ignore, remove_orphans(env, found));
  const auto is_believed = [&](Offset offset, const ProducerState& snapshot) {
    // One from before the first segment is of an earlier life of the log: no batch that is left can
    // speak against it.
    if (offset > end_offset_ || offset < segments_.front()->base_offset()) return false;
    const bool needs_check = !state.was_clean && config_.rules.checks_snapshots_after_crash;
    return !needs_check || agrees_with_batches(offset, snapshot);
  };
  TRY(std::ignore, checked(snapshots_.load(env, found.snapshots, is_believed)));
  TRY(std::ignore, load_transactions(env, found.aborted, state.high_watermark));
  TRY(std::ignore, rebuild_producers(env));
  TRY(std::ignore, load_epochs(env));
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
    } else if (is_leftover(name) || is_index_of_replacement(name)) {
      TRY(std::ignore, checked(env.files().remove(path_of(name))));
    } else if (const auto base = Segment::base_of(name)) {
      found.segments.push_back(*base);
    } else if (const auto offset = ProducerSnapshots::offset_of(name)) {
      found.snapshots.push_back(*offset);
    } else if (const auto indexed_base = TransactionIndex::base_of(name)) {
      found.aborted.push_back(*indexed_base);
    } else if (const auto index_base = IndexFiles::base_of(name)) {
      found.indexes.emplace_back(*index_base, name);
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
  std::set<Offset> trusted;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const Offset base = bases[i];
    // One that ends at the recovery point may have got its indexes after what was synced then.
    const bool is_last = i + 1 == bases.size();
    const bool had_been_synced =
        state.was_clean || (!is_last && bases[i + 1] < state.recovery_point);
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
    if (had_been_synced) {
      TRY(const bool is_trusted, checked(segment->trust(env, start)));
      if (is_trusted) {
        trusted.insert(base);
        if (segment->end_offset() > state.recovery_point) segment->mark_unsynced();
        if (segment->size() > 0) start.leader_epoch = segment->last_epoch();
        continue;
      }
      // Not every log is closed with those of its active segment.
      if (!is_last) {
        env.emit(Note{fmt::format("{}: no indexes that fit, they are made anew", segment->path())});
      }
    }
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
  // What followed it is gone.
  const bool lacks_end = !segments_.empty() && segments_.back()->base_offset() != bases.back();
  if (lacks_end && !segments_.back()->is_loaded()) {
    TRY(const std::uint64_t cut,
        checked(segments_.back()->recover(env, {.next_offset = segments_.back()->base_offset(),
                                                .check_from = start.check_from})));
    bytes_cut += cut;
  }
  believed_to_ = state.was_clean || segments_.empty() ? nowhere : segments_.back()->base_offset();
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const Offset base = segments_[i]->base_offset();
    if (!trusted.contains(base)) believed_to_ = std::min(believed_to_, base);
  }
  TRY(std::ignore, renew_indexes(env, state, trusted));
  return bytes_cut;
}

// ---- Indexes -----------------------------------------------------------------------------------

// Those of segments that were walked. The active segment gets its own when it is closed; what lies
// beside it after a crash may be of anything.
LogResult<Done> Log::renew_indexes(Env& env, const LogState& state,
                                   const std::set<Offset>& trusted) {
  if (segments_.empty()) return Done{};
  bool must_sync_names = false;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const auto& segment = segments_[i];
    if (trusted.contains(segment->base_offset())) continue;
    TRY(std::ignore,
        checked(segment->write_indexes(env.files(), config_.roll.index_interval_bytes)));
    ++name_changes_;
    // The next start will believe them for this recovery point.
    if (segments_[i + 1]->base_offset() >= state.recovery_point) continue;
    TRY(std::ignore, checked(segment->sync(env)));
    must_sync_names = true;
  }
  if (must_sync_names) {
    TRY(std::ignore, checked(env.files().sync_directory(env, directory_)));
  }
  if (state.was_clean) return Done{};
  return remove_indexes(env, *segments_.back());
}

LogResult<Done> Log::remove_orphans(Env& env, const FoundFiles& found) {
  std::set<Offset> bases;
  for (const auto& segment : segments_) bases.insert(segment->base_offset());
  for (const auto& [base, name] : found.indexes) {
    const bool has_segment = bases.contains(base);
    const std::string path = path_of(name);
    if (has_segment || !env.files().exists(path)) continue;
    TRY(std::ignore, checked(env.files().remove(path)));
    ++name_changes_;
  }
  return Done{};
}

LogResult<Done> Log::load_batches(Env& env) {
  const auto segments = segments_;
  for (const auto& segment : segments) {
    TRY(std::ignore, load_batches(env, segment));
  }
  return Done{};
}

// What had been synced and is not there any more is as good as unreadable.
LogResult<Done> Log::load_batches(Env& env, const std::shared_ptr<Segment>& segment) {
  if (segment->is_loaded()) return Done{};
  TRY(const bool is_whole, checked(segment->load(env)));
  if (!is_whole) return fail(IoError::failed);
  return Done{};
}

// From here on all is loaded.
Offset Log::loaded_from() const {
  Offset from = end_offset_;
  for (auto at = segments_.rbegin(); at != segments_.rend() && (*at)->is_loaded(); ++at) {
    from = (*at)->base_offset();
  }
  return from;
}

// ---- What fits together ------------------------------------------------------------------------

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

// ---- What it is summed up by -------------------------------------------------------------------

LogResult<std::optional<LeaderEpochs>> Log::stored_epochs(Env& env) {
  const auto text = read_file(env, path_of(leader_epoch_file));
  if (text) return LeaderEpochs::decode(*text);
  if (text.error() != IoError::not_found) return fail(text.error());
  return std::optional<LeaderEpochs>();
}

// From the batches, and where they are not loaded from the checkpoint: only the changes within a
// segment, if it says of the first and the last batch what they say. Then it is right in between,
// since logs that agree in an offset's epoch agree in all before (KIP-101). Epochs behind the log's
// end are forgotten.
LogResult<Done> Log::load_epochs(Env& env) {
  const auto has_changes = [](const auto& segment) {
    return !segment->is_loaded() && segment->first_epoch() != segment->last_epoch();
  };
  std::optional<LeaderEpochs> stored;
  if (std::any_of(segments_.begin(), segments_.end(), has_changes)) {
    TRY(stored, stored_epochs(env));
  }
  for (const auto& segment : segments_) {
    const bool is_told = stored && !segment->is_loaded() &&
                         stored->epoch_of(segment->first_offset()) == segment->first_epoch() &&
                         stored->epoch_of(segment->end_offset() - 1) == segment->last_epoch();
    if (!has_changes(segment) || is_told) continue;
    TRY(std::ignore, load_batches(env, segment));
  }
  epochs_.clear();
  Offset end = segments_.front()->base_offset();
  for (const auto& segment : segments_) {
    if (!segment->is_loaded()) {
      if (segment->first_epoch() != last_epoch()) epochs_.assign(segment->first_epoch(), end);
      end = segment->end_offset();
      if (!has_changes(segment)) continue;
      for (const auto& [epoch, start] : stored->entries()) {
        if (epoch > last_epoch() && start < end) epochs_.assign(epoch, start);
      }
      continue;
    }
    for (const auto& batch : segment->batches()) {
      if (batch.leader_epoch != last_epoch()) epochs_.assign(batch.leader_epoch, end);
      end = batch.last_offset + 1;
    }
  }
  epochs_.truncate_from_start(start_offset_);
  return Done{};
}

// Whoever follows `decided_to` is replayed, from the snapshot before it: of what may still be lost,
// all markers have to be known. What lies before says in its files what was aborted; if one cannot
// be believed, all of the log is replayed.
LogResult<Done> Log::load_transactions(Env& env, const std::vector<Offset>& files,
                                       Offset decided_to) {
  const Offset front = segments_.front()->base_offset();
  const auto* snapshot = snapshots_.latest(std::min(decided_to, believed_to_));
  std::map<Offset, TransactionIndex::Entries> aborted;
  Offset from = snapshot == nullptr ? front : snapshot->first;
  for (const Offset base : files) {
    const auto segment = std::find_if(segments_.begin(), segments_.end(), [&](const auto& each) {
      return each->base_offset() == base;
    });
    if (segment == segments_.end() || base >= from) continue;
    TRY(auto entries, checked(aborted_.read(env, base, (*segment)->end_offset())));
    if (!entries) {
      from = front;
      snapshot = nullptr;
      aborted.clear();
      break;
    }
    if (!entries->empty()) aborted[base] = *std::move(entries);
  }
  ProducerState replayed = snapshot == nullptr ? ProducerState() : snapshot->second;
  const auto segments = segments_;
  for (const auto& segment : segments) {
    if (segment->end_offset() <= from) continue;
    TRY(std::ignore, load_batches(env, segment));
    for (std::size_t i = segment->find(from); i < segment->batches().size(); ++i) {
      const auto ended = replayed.apply(segment->batches()[i]);
      if (!ended) continue;
      undecided_.emplace(ended->first_offset, ended->marker_offset);
      if (!ended->is_aborted || segment->base_offset() < from) continue;
      aborted[segment->base_offset()].push_back(entry_of(*ended, replayed));
    }
  }
  return checked(aborted_.load(env, files, std::move(aborted)));
}

// A loss of power may bring back a snapshot of an earlier life of the log, its removal undone while
// what was written since has survived.
bool Log::agrees_with_batches(Offset offset, const ProducerState& snapshot) const {
  const Offset begin = loaded_from();
  const bool is_all_loaded = begin == segments_.front()->base_offset();
  // The removal of one that lies there had been synced, too.
  if (offset <= begin && !is_all_loaded) return true;
  ProducerState replayed;
  std::map<Offset, Offset> left;  // First and last offset of each batch.
  bool is_dense = true;
  for (const auto& segment : segments_) {
    if (segment->base_offset() < begin) continue;
    for (const auto& batch : segment->batches()) {
      if (batch.last_offset >= offset) break;
      is_dense = is_dense && (left.empty() || left.rbegin()->second + 1 == batch.base_offset);
      left.emplace_hint(left.end(), batch.base_offset, batch.last_offset);
      replayed.apply(batch);
    }
  }
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
