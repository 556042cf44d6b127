#include "core/broker/format.h"

#include <fmt/format.h>

#include "core/log/checkpoint.h"
#include "core/raft/snapshot_store.h"

namespace brokersim::broker {

bool is_formatted(Host& host) { return host.files().exists(log::meta_properties_file); }

// What says that the directory is formatted comes last.
IoResult<Done> format_directory(Env& env, const Formatting& formatting) {
  if (formatting.initial_voters) {
    const auto directory = fmt::format("{}", metadata_partition());
    if (!env.files().exists(directory)) {
      TRY(std::ignore, env.files().make_directory(directory));
      TRY(std::ignore, env.files().sync_directory(env, ""));
    }
    raft::SnapshotStore snapshots(directory);
    TRY(std::ignore, snapshots.write(env, raft::bootstrap_checkpoint,
                                     {env.wall_clock().ms, {}, formatting.initial_voters}));
  }
  return log::replace_file(env, log::meta_properties_file,
                           log::encode_meta_properties({formatting.cluster_id, formatting.node_id,
                                                        formatting.directory_id}));
}

}  // namespace brokersim::broker
