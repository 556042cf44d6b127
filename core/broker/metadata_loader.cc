#include "core/broker/metadata_loader.h"

#include <fmt/format.h>

#include "core/controller/records.h"

namespace brokersim::broker {

void MetadataLoader::run(Env& env) {
  while (!env.is_cancelled()) {
    if (next_offset_ >= quorum_.high_watermark()) {
      if (quorum_.committed().wait(env) == Wake::cancelled) return;
      continue;
    }
    const auto committed = quorum_.read_committed(env, next_offset_);
    if (!committed) return;
    controller::Delta delta;
    for (const auto& batch : committed->batches) {
      if (!apply(batch, delta, env)) return;
    }
    publish_(env, image_, delta, committed->next_offset - 1);
    next_offset_ = committed->next_offset;
    advanced_.notify_all(env);
  }
}

bool MetadataLoader::apply(const wire::Batch& batch, controller::Delta& delta, Host& host) {
  if (batch.header.is_control()) return true;
  const auto records = wire::records_of(batch);
  if (!records) {
    host.emit(Note{fmt::format("metadata batch at {} is unreadable: {}", batch.header.base_offset,
                               wire::name_of(records.error()))});
    return false;
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
    host.emit(Note{fmt::format("metadata record at {} cannot be applied: {}", offset, why)});
    return false;
  }
  return true;
}

}  // namespace brokersim::broker
