#include "core/broker/metadata_loader.h"

#include <utility>

#include <fmt/format.h>

#include "core/controller/image_records.h"
#include "core/controller/records.h"

namespace brokersim::broker {

void MetadataLoader::run(Env& env) {
  schedule_.begin(env.now());
  while (!env.is_cancelled()) {
    const auto snapshot = quorum_.latest_snapshot();
    if (snapshot && (next_offset_ == 0 || next_offset_ < quorum_.start_offset())) {
      if (!load_snapshot(env, *snapshot)) return;
    } else if (next_offset_ < quorum_.high_watermark()) {
      if (!load_batches(env)) return;
    } else if (quorum_.committed().wait(env) == Wake::cancelled) {
      return;
    }
  }
}

bool MetadataLoader::load_snapshot(Env& env, raft::SnapshotId id) {
  const auto snapshot = quorum_.load_snapshot(env, id);
  if (!snapshot) return snapshot.error() == log::LogError::out_of_range;
  controller::Image image(config_.cluster_id);
  for (const Bytes& value : snapshot->records) {
    const auto record = controller::decode_record(value);
    std::string_view why = record ? "" : record.error();
    if (record) {
      const auto applied = image.apply(*record, id.end_offset - 1);
      if (!applied) why = applied.error();
    }
    if (why.empty()) continue;
    return quorum_.fail(
        env, fmt::format("the snapshot at {} cannot be applied: {}", id.end_offset, why));
  }
  const auto delta = controller::difference(image_, image);
  image_ = std::move(image);
  last_batch_.leader_epoch = id.epoch;
  last_batch_.max_timestamp = snapshot->last_contained_log_timestamp;
  schedule_.begin(env.now());
  env.emit(SnapshotLoaded{id.end_offset, id.epoch});
  publish(env, delta, id.end_offset);
  return true;
}

bool MetadataLoader::load_batches(Env& env) {
  const auto committed = quorum_.read_committed(env, next_offset_);
  if (!committed) return may_read_again(env, committed.error());
  controller::Delta delta;
  for (const auto& batch : committed->batches) {
    if (!apply(batch, delta, env)) return false;
    last_batch_ = batch.header;
    schedule_.add(batch.size());
  }
  publish(env, delta, committed->next_offset);
  take_snapshot_if_due(env);
  quorum_.delete_old(env);
  return true;
}

bool MetadataLoader::may_read_again(Host& host, log::LogError error) {
  // The log may have been replaced by a snapshot meanwhile.
  if (error == log::LogError::out_of_range) return true;
  if (error == log::LogError::cancelled) return false;
  return quorum_.fail(host, fmt::format("cannot read the metadata log: {}", log::name_of(error)));
}

bool MetadataLoader::apply(const wire::Batch& batch, controller::Delta& delta, Host& host) {
  if (batch.header.is_control()) return true;
  const auto records = wire::records_of(batch);
  if (!records) {
    return quorum_.fail(
        host, fmt::format("metadata batch at {} is unreadable: {}", batch.header.base_offset,
                          wire::name_of(records.error())));
  }
  for (const auto& [offset, record] : *records) {
    const ByteView value = record.value ? ByteView(*record.value) : ByteView();
    const auto decoded = controller::decode_record(value);
    std::string_view why = decoded ? "" : decoded.error();
    if (decoded) {
      auto applied = image_.apply(*decoded, offset);
      if (applied) {
        delta.add(*std::move(applied));
      } else {
        why = applied.error();
      }
    }
    if (why.empty()) continue;
    return quorum_.fail(host,
                        fmt::format("metadata record at {} cannot be applied: {}", offset, why));
  }
  return true;
}

void MetadataLoader::publish(Env& env, const controller::Delta& delta, Offset next_offset) {
  publish_(env, image_, delta, next_offset - 1);
  next_offset_ = next_offset;
  advanced_.notify_all(env);
}

// Whole batches were applied, so that it ends between two of them (KAFKA-17713).
void MetadataLoader::take_snapshot_if_due(Env& env) {
  const auto why = schedule_.due(env.now());
  if (why.empty()) return;
  raft::Snapshot snapshot{last_batch_.max_timestamp, {}};
  for (const auto& record : controller::records_of(image_)) {
    snapshot.records.push_back(controller::encode_record(record));
  }
  schedule_.begin(env.now());
  const bool is_end = config_.rules.quorum.names_snapshots_by_their_end;
  const Offset end_offset = is_end ? next_offset_ : next_offset_ - 1;
  quorum_.take_snapshot(env, {end_offset, last_batch_.leader_epoch}, snapshot, why);
}

}  // namespace brokersim::broker
