// A snapshot of the metadata log as a file, in Kafka's format (KIP-630): batches as in a log, which
// begin at offset 0 and are all of the snapshot's epoch.
//
//   00000000000000000250-0000000003.checkpoint      all before offset 250, the last of epoch 3
//   SNAPSHOT_HEADER | KRAFT_VERSION, VOTERS | records … | SNAPSHOT_FOOTER
//
// The voters are there if the log names them (KIP-853). A checkpoint at offset 0 stands for
// nothing: it names the voters that a new cluster begins with.
//
// What the records mean is the owner's business. A file that lacks its footer is no snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/expected.h"
#include "core/raft/messages.h"
#include "core/raft/voter_set.h"

namespace brokersim::raft {

struct Snapshot {
  std::int64_t last_contained_log_timestamp = 0;  // Of the last record it stands for, ms.
  std::vector<Bytes> records;
  std::optional<VoterSet> voters = std::nullopt;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// The name of the checkpoint that a node is formatted with.
inline constexpr SnapshotId bootstrap_checkpoint{};

std::string snapshot_file_name(SnapshotId id);
// Nothing if `name` is not that of a snapshot.
std::optional<SnapshotId> snapshot_id_of(std::string_view name);

Rope encode_snapshot(SnapshotId id, const Snapshot& snapshot);
// Checks every byte; the error says what is wrong.
Expected<Snapshot, std::string_view> decode_snapshot(SnapshotId id, const Slice& file);

}  // namespace brokersim::raft
