// Snapshots instead of the log (KIP-630): which a node may take of its own log, when a leader sends
// one rather than records, and how a follower takes it over.
#include <utility>

#include "core/raft/raft.h"

namespace brokersim::raft {

using api::ErrorCode;

// ---- Taking one --------------------------------------------------------------------------------

std::string_view Raft::objection_to_snapshot(SnapshotId id) const {
  if (id.end_offset > high_watermark_) return "not all of it is committed";
  if (id.end_offset <= log_.start().end_offset) return "the log begins later";
  // Followers go on behind it by whole batches (KAFKA-17713).
  if (!log_.is_batch_boundary(id.end_offset)) return "it ends inside a batch";
  const EpochEnd end = log_.end_offset_for_epoch(id.epoch);
  const EpochEnd earlier = log_.end_offset_for_epoch(LeaderEpoch(id.epoch.value - 1));
  const bool is_of_epoch = end.epoch == id.epoch && id.end_offset <= end.end_offset &&
                           id.end_offset > earlier.end_offset;
  if (!is_of_epoch) return "its last record is of another epoch";
  const auto latest = log_.latest_snapshot();
  if (latest && id.end_offset <= latest->end_offset) return "there is one that is as late";
  return {};
}

// ---- The leader's side -------------------------------------------------------------------------

// A fetcher that this log cannot serve: it is behind the beginning, it stands there after another
// record than the log does, or it parted from this log before. A fetcher that has nothing yet is
// served sooner by a snapshot than by the log (KIP-630).
std::optional<SnapshotId> Raft::snapshot_for(const FetchRequest& request) const {
  const SnapshotId start = log_.start();
  const bool has_nothing = request.fetch_offset == 0;
  const bool is_behind = request.fetch_offset < start.end_offset;
  const bool stands_elsewhere =
      request.fetch_offset == start.end_offset && request.last_fetched_epoch != start.epoch;
  const bool parted_before = request.last_fetched_epoch < start.epoch;
  const bool needs_one = has_nothing || is_behind || stands_elsewhere || parted_before;
  return needs_one ? log_.latest_snapshot() : std::nullopt;
}

// A fetch of a snapshot keeps its leader in office as any other does.
Answer<FetchSnapshotResponse> Raft::on_fetch_snapshot(Instant now,
                                                      const FetchSnapshotRequest& request) {
  Answer<FetchSnapshotResponse> answer;
  auto& response = answer.response;
  response.current = current();
  response.error = check_fetch_snapshot(request);
  response.snapshot_id = request.snapshot_id;
  if (response.error != ErrorCode::none) return answer;
  response.position = request.position;
  response.size = *log_.snapshot_size(request.snapshot_id);
  if (request.replica_id.is_set()) heard_of(now, request.replica());
  return answer;
}

ErrorCode Raft::check_fetch_snapshot(const FetchSnapshotRequest& request) const {
  if (const auto error = check_leadership(request.epoch); error != ErrorCode::none) return error;
  if (request.replica_id == config_.self) return ErrorCode::invalid_request;
  const auto size = log_.snapshot_size(request.snapshot_id);
  if (!size) return ErrorCode::snapshot_not_found;
  const bool is_in_range = request.position >= 0 && request.position < *size;
  return is_in_range ? ErrorCode::none : ErrorCode::position_out_of_range;
}

// ---- The follower's side -----------------------------------------------------------------------

void Raft::begin_download(SnapshotId id, Output& out) {
  if (id.end_offset < high_watermark_) {
    out.fatal = fmt::format(
        "leader {} of epoch {} sends a snapshot of all below {}, which is less "
        "than the high watermark {}",
        state_.leader_id, epoch(), id.end_offset, high_watermark_);
    return;
  }
  std::get<Follower>(role_).download = SnapshotDownload{id};
}

std::optional<FetchSnapshotRequest> Raft::fetch_snapshot_for(NodeId peer) const {
  const auto* follower = std::get_if<Follower>(&role_);
  if (!follower || peer != state_.leader_id) return std::nullopt;
  if (!follower->download || follower->download->is_complete) return std::nullopt;
  return FetchSnapshotRequest{epoch(), config_.self, follower->download->id,
                              follower->download->position, config_.directory};
}

Output Raft::on_fetch_snapshot_response(Instant now, NodeId from,
                                        const FetchSnapshotRequest& request,
                                        const FetchSnapshotResponse& response) {
  Output out;
  learn(now, response.current, out);
  if (fetch_snapshot_for(from) != request) return out;
  auto& follower = std::get<Follower>(role_);
  const bool is_gone = response.error == ErrorCode::snapshot_not_found ||
                       response.error == ErrorCode::position_out_of_range;
  if (response.error != ErrorCode::none && !is_gone) return out;
  follower.fetch_deadline = now + config_.fetch_timeout;
  follower.has_fetched = true;
  const auto end = response.position + response.length;
  const bool is_next = response.snapshot_id == request.snapshot_id &&
                       response.position == request.position && response.length > 0 &&
                       end <= response.size;
  // The leader may have a later one by now: the next fetch will tell.
  if (is_gone || !is_next) {
    follower.download.reset();
    return out;
  }
  follower.download->position = end;
  follower.download->is_complete = end == response.size;
  out.snapshot_chunk = SnapshotChunk{request.snapshot_id, request.position, end == response.size};
  return out;
}

Output Raft::snapshot_installed() {
  Output out;
  auto& download = std::get<Follower>(role_).download;
  REQUIRE(download.has_value());
  REQUIRE(download->is_complete);
  const SnapshotId id = download->id;
  download.reset();
  ASSERT(log_.start() == id);
  ASSERT(log_.end_offset() == id.end_offset, log_.end_offset(), id.end_offset);
  raise_high_watermark(id.end_offset, out);
  return out;
}

void Raft::snapshot_refused() { std::get<Follower>(role_).download.reset(); }

}  // namespace brokersim::raft
