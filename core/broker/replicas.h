// The partitions a broker holds. Metadata makes, changes and removes them; requests find them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "core/broker/config.h"
#include "core/broker/offsets_file.h"
#include "core/broker/replica.h"
#include "core/controller/image.h"
#include "core/controller/topic_config.h"
#include "core/env.h"
#include "core/log/checkpoint.h"
#include "core/signal.h"

namespace brokersim::broker {

class Replicas {
 public:
  explicit Replicas(const NodeConfig& config)
      : config_(config), topic_defaults_(topic_defaults_of(config)) {}

  // Reads the checkpoints of the data directory, and removes what is left of discarded replicas;
  // before anything else. Whether the last shutdown was in order decides how much of each log is
  // checked when it is opened.
  void load(Env& env, bool was_clean);
  // Whether the next start may do without checking the logs: this one found them as an orderly
  // shutdown had left them, or has opened them all. Before that a node that is asked to stop has
  // checked none of them.
  bool are_recovered() const {
    return was_clean_ || has_opened_ || !config_.rules.log.vouches_for_opened_logs_only;
  }
  // Brings the replicas in line with `image`, of which `delta` is what changed. Suspends while logs
  // are opened. One call at a time.
  void apply(Env& env, const controller::Image& image, const controller::Delta& delta,
             BrokerEpoch broker_epoch);

  // Null if this broker does not hold it.
  std::shared_ptr<Replica> find(const TopicPartition& partition) const;
  const std::map<TopicPartition, std::shared_ptr<Replica>>& all() const { return replicas_; }

  // Writes the high watermarks: every replica.high.watermark.checkpoint.interval.ms, and at
  // shutdown.
  void checkpoint_high_watermarks(Env& env);
  // Syncs what has rolled, writes recovery points: every log.flush.offset.checkpoint.interval.ms.
  void checkpoint_recovery_points(Env& env);
  // Writes them as they are. False after an error.
  bool write_recovery_points(Env& env);
  // What is on disk of it: more than the log's if it was truncated since. Then a loss of power
  // could make a start believe what was never synced, and it has to be written at once.
  Offset written_recovery_point(const TopicPartition& partition) const {
    return recovery_points_.of(partition);
  }
  // Writes what of it the checkpoints put further than its log has been cut to.
  void lower_checkpoints(Env& env, const TopicPartition& partition, const log::Log& log);
  // Writes up to where logs are compacted: after each time one was. False after an error.
  bool write_cleaned_offsets(Env& env);
  bool has_compacted() const;
  // What deleted and replaced segments were.
  Instant next_file_deletion() const;
  void delete_retired_files(Host& host, Instant now);
  // Writes where logs are to begin that begin later than before, then lets them. False if there is
  // none, or the disk has failed.
  bool raise_log_starts(Env& env);
  // A log that was begun anew further down, behind an unclean election, or cut before the start
  // that was wanted of it: what is on disk, or comes to be there, must not delete its records at
  // the next start. To be called before anything is appended to it.
  void lower_log_start(Env& env, const Replica& replica);
  // Syncs every log completely, with what is known of its producers: part of a shutdown in order.
  // False if it failed for one.
  bool sync_all(Env& env);
  // Every producer.id.expiration.check.interval.ms.
  void expire_producers(Host& host);

  ReplicaNews& news() { return news_; }
  // Roles changed: what is to be fetched from whom is different.
  Signal& roles() { return roles_; }
  std::uint64_t role_changes() const { return role_changes_; }

 private:
  ReplicaContext context_of(const controller::Image& image, const TopicPartition& partition,
                            BrokerEpoch broker_epoch) const;
  void apply_partition(Env& env, const controller::Image& image, const TopicPartition& partition,
                       BrokerEpoch broker_epoch);
  std::shared_ptr<Replica> open(Env& env, const TopicPartition& partition, const Uuid& topic_id,
                                const controller::Image& image);
  void remove(Env& env, const TopicPartition& partition);
  bool forget(Env& env, const std::set<TopicPartition>& partitions);
  bool is_ours(const controller::Image& image, const TopicPartition& partition) const;
  static std::string set_aside(Host& host, const std::string& directory, std::string_view as);
  static void discard(Host& host, const std::string& directory);
  static void remove_discarded(Env& env);
  // Directories of partitions that are not ours: what metadata took from us while we were away.
  void move_strays(Env& env, const controller::Image& image);
  log::LogConfig log_config(const controller::Image& image, const std::string& topic) const;
  bool write(Env& env, OffsetsFile& file, const OffsetsFile::Change& change);
  void remember_eligible(const controller::Image& image);

  const NodeConfig& config_;
  const controller::TopicDefaults topic_defaults_;
  bool was_clean_ = false;
  bool has_opened_ = false;  // All that was here at the start.
  OffsetsFile high_watermarks_{log::high_watermark_file};
  OffsetsFile recovery_points_{log::recovery_point_file};
  OffsetsFile log_starts_{log::start_offset_file};
  OffsetsFile cleaned_{log::cleaner_offset_file};
  std::map<NodeId, BrokerEpoch> eligible_;  // Brokers that may be in an ISR, by the metadata.
  std::map<TopicPartition, std::shared_ptr<Replica>> replicas_;
  ReplicaNews news_;
  Signal roles_;
  std::uint64_t role_changes_ = 0;
};

// The same partition as the leader and follower logic sees it.
partition::PartitionState state_of(const controller::Partition& partition);
std::string directory_of(const TopicPartition& partition);

}  // namespace brokersim::broker
