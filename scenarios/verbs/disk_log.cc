#include "scenarios/verbs/disk_log.h"

#include <fmt/format.h>

namespace brokersim::scenarios::verbs {

DiskLog disk_log(const sim::Disk& disk, const TopicPartition& partition) {
  DiskLog log;
  const std::string folder = fmt::format("{}/", partition);
  for (const auto& path : disk.all_files()) {  // Sorted: segments come by their offsets.
    const auto at = path.rfind(folder);
    const bool is_there = at == 0 || (at != std::string::npos && path[at - 1] == '/');
    if (!is_there || !path.ends_with(".log")) continue;
    Slice rest = disk.content_of(path).joined();
    while (!rest.empty()) {
      const auto batch = wire::parse_batch(rest);
      if (!batch || !batch->crc_is_valid()) break;
      log.batches.push_back(*batch);
      rest = rest.from(batch->size());
    }
    log.torn_bytes += rest.size();
  }
  return log;
}

}  // namespace brokersim::scenarios::verbs
