#include "core/broker/replicas.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/broker/log_settings.h"

namespace brokersim::broker {

namespace {

// How the names of directories end that are no replica's any more.
constexpr std::string_view discarded = "delete";
constexpr std::string_view stray = "stray";

}  // namespace

partition::PartitionState state_of(const controller::Partition& p) {
  return {.replicas = p.replicas,
          .isr = p.isr,
          .leader = p.leader,
          .leader_epoch = p.leader_epoch,
          .partition_epoch = p.partition_epoch};
}

std::string directory_of(const TopicPartition& partition) { return fmt::format("{}", partition); }

void Replicas::load(Env& env, bool was_clean) {
  was_clean_ = was_clean;
  remove_discarded(env);
  for (auto* file : {&high_watermarks_, &recovery_points_, &log_starts_, &cleaned_}) {
    if (!file->load(env)) news_.fail(env, "a checkpoint cannot be read");
  }
}

std::shared_ptr<Replica> Replicas::find(const TopicPartition& partition) const {
  const auto found = replicas_.find(partition);
  return found == replicas_.end() ? nullptr : found->second;
}

// ---- Metadata ----------------------------------------------------------------------------------

void Replicas::apply(Env& env, const controller::Image& image, const controller::Delta& delta,
                     BrokerEpoch broker_epoch) {
  if (!delta.brokers.empty()) remember_eligible(image);
  std::set<TopicPartition> gone;
  // A start replays how a name went from one topic to the next. What the checkpoints tell is of the
  // one that has it now; if another's directory is still there, open() forgets it.
  for (const auto& topic : delta.removed_topics) {
    for (const auto& [index, was] : topic.partitions) {
      const TopicPartition partition{topic.name, index};
      if (find(partition) || !is_ours(image, partition)) gone.insert(partition);
    }
  }
  for (const auto& partition : delta.partitions) {
    if (!is_ours(image, partition)) gone.insert(partition);
  }
  for (const auto& partition : gone) remove(env, partition);
  (void)forget(env, gone);
  if (!has_opened_) move_strays(env, image);
  for (const auto& partition : delta.partitions) {
    if (is_ours(image, partition)) apply_partition(env, image, partition, broker_epoch);
  }
  // Who is asked to stop meanwhile has not come to all of them.
  has_opened_ = has_opened_ || !env.is_cancelled();
  if (delta.brokers.empty() && delta.configs.empty()) return;
  for (const auto& [partition, replica] : replicas_) {
    if (!delta.configs.empty()) replica->log().configure(log_config(image, partition.topic));
    replica->apply(env, context_of(image, partition, broker_epoch));
  }
}

bool Replicas::is_ours(const controller::Image& image, const TopicPartition& partition) const {
  const auto* state = image.find_partition(partition);
  return state && partition::contains(state->replicas, config_.node_id);
}

void Replicas::apply_partition(Env& env, const controller::Image& image,
                               const TopicPartition& partition, BrokerEpoch broker_epoch) {
  const auto* topic = image.find_topic(partition.topic);
  const auto* state = image.find_partition(partition);
  auto replica = find(partition);
  if (!replica) {
    replica = open(env, partition, topic->id, image);
    if (!replica) return;
    replicas_.emplace(partition, replica);
  }
  if (!replica->apply(env, state_of(*state), context_of(image, partition, broker_epoch))) return;
  ++role_changes_;
  roles_.notify_all(env);
}

ReplicaContext Replicas::context_of(const controller::Image& image, const TopicPartition& partition,
                                    BrokerEpoch broker_epoch) const {
  const controller::TopicConfigs topic(image, partition.topic, topic_defaults_);
  return {.self = config_.node_id,
          .broker_epoch = broker_epoch,
          .min_insync_replicas = static_cast<std::int32_t>(topic.number("min.insync.replicas")),
          .is_eligible = [this](NodeId node, BrokerEpoch epoch) {
            const auto found = eligible_.find(node);
            // KIP-903: an unknown epoch fits any incarnation.
            const bool fits_any =
                epoch == no_broker_epoch || !config_.rules.replication.only_present_lives_join;
            return found != eligible_.end() && (fits_any || epoch == found->second);
          }};
}

void Replicas::remember_eligible(const controller::Image& image) {
  eligible_.clear();
  for (const auto& [id, broker] : image.brokers()) {
    const bool may_join = broker.is_active() || !config_.rules.replication.only_active_join;
    if (may_join) eligible_.emplace(id, broker.epoch);
  }
}

// A directory of another topic id is what is left of a deleted topic of the same name: it goes
// before the new replica is set up (KAFKA-14616).
std::shared_ptr<Replica> Replicas::open(Env& env, const TopicPartition& partition,
                                        const Uuid& topic_id, const controller::Image& image) {
  const auto directory = directory_of(partition);
  const auto metadata_path = fmt::format("{}/{}", directory, log::partition_metadata_file);
  const auto text = log::read_file(env, metadata_path);
  if (text) {
    const auto stored = log::decode_partition_metadata(*text);
    if (stored && *stored != topic_id) discard(env, directory);
  } else if (text.error() != IoError::not_found && text.error() != IoError::cancelled) {
    news_.fail(env, fmt::format("{} cannot be read", metadata_path));
    return nullptr;
  }
  const bool is_new = !env.files().exists(metadata_path);
  // Without that file nothing was ever appended: what is there is of something else.
  if (is_new && env.files().exists(directory)) discard(env, directory);
  if (is_new && !forget(env, {partition})) {
    if (!env.is_cancelled()) news_.fail(env, "a checkpoint cannot be written");
    return nullptr;
  }
  auto opened = log::Log::open(env, partition, directory, log_config(image, partition.topic),
                               {.was_clean = was_clean_,
                                .recovery_point = recovery_points_.of(partition),
                                .start_offset = log_starts_.of(partition),
                                .cleaned_to = cleaned_.of(partition),
                                .high_watermark = high_watermarks_.of(partition)});
  if (!opened) {
    env.emit(Note{fmt::format("log {} is offline: {}", directory, log::name_of(opened.error()))});
    if (opened.error() == log::LogError::storage) {
      news_.fail(env, fmt::format("log {} cannot be opened", directory));
    }
    return nullptr;
  }
  lower_checkpoints(env, partition, **opened);
  if (is_new) {
    const bool is_named =
        log::replace_file(env, metadata_path, log::encode_partition_metadata(topic_id)) &&
        env.files().sync_directory(env, "");
    if (!is_named) {
      if (!env.is_cancelled()) news_.fail(env, fmt::format("{} cannot be written", metadata_path));
      return nullptr;
    }
  }
  return std::make_shared<Replica>(partition, topic_id, *std::move(opened),
                                   high_watermarks_.of(partition), config_, news_);
}

log::LogConfig Replicas::log_config(const controller::Image& image,
                                    const std::string& topic) const {
  const controller::TopicConfigs configs(image, topic, topic_defaults_);
  return log_config_of(configs, config_.rules.log);
}

// A directory is moved away in one step and then removed, so that no crash leaves half of it for
// whoever has the name next.
std::string Replicas::set_aside(Host& host, const std::string& directory, std::string_view as) {
  constexpr std::size_t longest = 200;
  const auto draw = host.random("log.set-aside", static_cast<std::uint64_t>(host.now().ns()));
  auto moved = fmt::format("{}.{:016x}-{}", directory.substr(0, longest), draw, as);
  if (!host.files().rename(directory, moved)) return directory;
  return moved;
}

void Replicas::discard(Host& host, const std::string& directory) {
  (void)host.files().remove(set_aside(host, directory, discarded));
}

// What was discarded when the node ended.
void Replicas::remove_discarded(Env& env) {
  const auto names = env.files().list("");
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    if (name.ends_with(fmt::format("-{}", discarded))) (void)env.files().remove(name);
  }
}

// Once, when all of the metadata is known: no directory of a topic or of a partition that this
// broker has nothing to do with keeps its name. It is kept, as with Kafka: the metadata may be what
// was lost.
void Replicas::move_strays(Env& env, const controller::Image& image) {
  std::set<std::string> ours;
  for (const auto& [topic_name, topic] : image.topics()) {
    for (const auto& [index, partition] : topic.partitions) {
      if (!partition::contains(partition.replicas, config_.node_id)) continue;
      ours.insert(directory_of({topic_name, index}));
    }
  }
  const auto names = env.files().list("");
  if (!names) return;
  for (const auto& name : *names) {
    const auto path = fmt::format("{}/{}", name, log::partition_metadata_file);
    if (!env.files().exists(path)) continue;
    const bool stays = ours.contains(name) == config_.rules.replication.sets_aside_only_strays;
    if (stays || name.ends_with(fmt::format("-{}", stray))) continue;
    const auto text = log::read_file(env, path);
    const auto topic_id = text ? log::decode_partition_metadata(*text) : std::nullopt;
    if (!topic_id) continue;  // It may be of use to somebody who reads it.
    const auto moved = set_aside(env, name, stray);
    env.emit(
        Note{fmt::format("{} is of no partition of this broker any more, and is {} now; it "
                         "can be removed if nobody misses it",
                         name, moved)});
  }
}

void Replicas::remove(Env& env, const TopicPartition& partition) {
  const auto found = replicas_.find(partition);
  if (found == replicas_.end()) return;
  const auto replica = found->second;
  replicas_.erase(found);
  replica->retire(env);
  discard(env, replica->log().directory());
  ++role_changes_;
  roles_.notify_all(env);
}

// ---- Checkpoints -------------------------------------------------------------------------------

bool Replicas::forget(Env& env, const std::set<TopicPartition>& partitions) {
  return high_watermarks_.forget(env, partitions) && recovery_points_.forget(env, partitions) &&
         log_starts_.forget(env, partitions) && cleaned_.forget(env, partitions);
}

// Partitions that are not opened yet keep what is told of them.
void Replicas::checkpoint_high_watermarks(Env& env) {
  (void)write(env, high_watermarks_, [&](log::PartitionOffsets& offsets) {
    const bool tells_all = config_.rules.replication.checkpoints_without_leader;
    for (const auto& [partition, replica] : replicas_) {
      offsets[partition] = replica->high_watermark();
      if (!tells_all && !replica->state().leader.is_set()) offsets.erase(partition);
    }
  });
}

void Replicas::checkpoint_recovery_points(Env& env) {
  for (const auto& [partition, replica] : std::map(replicas_)) {
    if (replica->is_retired()) continue;
    auto& log = replica->log();
    if (log.needs_flush()) (void)log.sync(env, log.active_base());
    if (!replica->is_retired()) (void)log.flush_epochs(env);
    replica->note_failure(env);
  }
  (void)write_recovery_points(env);
}

// One fiber does it: whoever wants a later start meanwhile is served by the next round.
bool Replicas::raise_log_starts(Env& env) {
  const auto rises = [](const auto& entry) { return entry.second->wants_later_start(); };
  if (std::none_of(replicas_.begin(), replicas_.end(), rises)) return false;
  std::vector<std::pair<std::shared_ptr<Replica>, Offset>> rising;
  const bool is_written = write(env, log_starts_, [&](log::PartitionOffsets& offsets) {
    for (const auto& [partition, replica] : replicas_) {
      offsets[partition] = replica->wanted_start();
      if (replica->wants_later_start()) rising.emplace_back(replica, replica->wanted_start());
    }
  });
  if (!is_written) return false;
  for (const auto& [replica, start] : rising) replica->raise_start(env, start);
  // While that was written a log may have been cut, and not begin so late.
  for (const auto& [replica, start] : rising) lower_log_start(env, *replica);
  return true;
}

void Replicas::lower_log_start(Env& env, const Replica& replica) {
  const auto& partition = replica.partition();
  if (replica.is_retired() || replica.wanted_start() >= log_starts_.most(partition)) return;
  (void)write(env, log_starts_, [&](log::PartitionOffsets& offsets) {
    if (!replica.is_retired()) offsets[partition] = replica.wanted_start();
  });
}

bool Replicas::sync_all(Env& env) {
  bool is_durable = true;
  for (const auto& [partition, replica] : std::map(replicas_)) {
    auto& log = replica->log();
    (void)log.snapshot_producers(env);
    (void)log.index_active(env);
    is_durable = log.sync(env).has_value() && is_durable;
    is_durable = log.flush_epochs(env).has_value() && is_durable;
  }
  return is_durable;
}

void Replicas::expire_producers(Host& host) {
  const WallTime now = host.wall_clock();
  for (const auto& [partition, replica] : replicas_) {
    replica->log().expire_producers(now, config_.producer_id_expiration);
    replica->expire_verifications(now, config_.producer_id_expiration);
  }
}

}  // namespace brokersim::broker
