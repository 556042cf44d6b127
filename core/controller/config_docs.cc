#include "core/controller/config_docs.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/controller/topic_config.h"

namespace brokersim::controller {

namespace {

using ConfigDoc = std::pair<std::string_view, std::string_view>;

constexpr std::array docs{
    // Topics.
    ConfigDoc{"cleanup.policy", "Whether old segments are deleted, compacted, or both."},
    ConfigDoc{"compression.gzip.level", "The level of what is compressed here with gzip."},
    ConfigDoc{"compression.lz4.level", "The level of what is compressed here with lz4."},
    ConfigDoc{"compression.type", "How batches are stored: a codec, or as the producer sent them."},
    ConfigDoc{"compression.zstd.level", "The level of what is compressed here with zstd."},
    ConfigDoc{"delete.retention.ms", "How long a tombstone stays after it was compacted."},
    ConfigDoc{"file.delete.delay.ms", "How long a deleted segment's files stay on disk."},
    ConfigDoc{"flush.messages", "After how many records the log is synced."},
    ConfigDoc{"flush.ms", "After what time the log is synced."},
    ConfigDoc{"follower.replication.throttled.replicas",
              "Replicas whose fetching is throttled: partition:broker, or * for all."},
    ConfigDoc{"index.interval.bytes", "How many bytes of log one index entry covers."},
    ConfigDoc{"leader.replication.throttled.replicas",
              "Replicas that are throttled when leaders serve them: partition:broker, or *."},
    ConfigDoc{"max.compaction.lag.ms", "The longest time a record stays uncompacted."},
    ConfigDoc{"max.message.bytes", "The largest batch that is accepted."},
    ConfigDoc{"message.timestamp.after.max.ms",
              "How far a record's timestamp may lie after the broker's time."},
    ConfigDoc{"message.timestamp.before.max.ms",
              "How far a record's timestamp may lie before the broker's time."},
    ConfigDoc{"message.timestamp.type", "Whether timestamps are the producer's or the append's."},
    ConfigDoc{"min.cleanable.dirty.ratio", "From which share of uncompacted log on it is cleaned."},
    ConfigDoc{"min.compaction.lag.ms", "The shortest time a record stays uncompacted."},
    ConfigDoc{"min.insync.replicas", "How many replicas in sync acks=all needs."},
    ConfigDoc{"preallocate", "Whether a segment's file is made in its full size."},
    ConfigDoc{"retention.bytes", "The size beyond which a partition's old segments go; -1: none."},
    ConfigDoc{"retention.ms", "The age beyond which segments go; -1: none."},
    ConfigDoc{"segment.bytes", "The size of a segment file."},
    ConfigDoc{"segment.index.bytes", "The size of a segment's index."},
    ConfigDoc{"segment.jitter.ms", "How much segment.ms is varied, so that not all roll at once."},
    ConfigDoc{"segment.ms", "The age at which a segment is rolled, full or not."},
    ConfigDoc{"unclean.leader.election.enable",
              "Whether a replica out of sync may lead if no other can, losing records."},
    // Brokers.
    ConfigDoc{"advertised.listeners", "Where clients reach this broker."},
    ConfigDoc{"auto.create.topics.enable", "Whether asking for a topic's metadata creates it."},
    ConfigDoc{"auto.leader.rebalance.enable", "Whether leadership returns to preferred replicas."},
    ConfigDoc{"broker.heartbeat.interval.ms", "How often a broker shows signs of life."},
    ConfigDoc{"broker.id", "The id of this broker."},
    ConfigDoc{"broker.rack", "Where this broker stands."},
    ConfigDoc{"broker.session.timeout.ms", "After what silence a broker is fenced."},
    ConfigDoc{"connections.max.idle.ms", "After what idle time a connection is closed."},
    ConfigDoc{"controller.quorum.election.backoff.max.ms", "The longest wait between elections."},
    ConfigDoc{"controller.quorum.election.timeout.ms", "How long a candidate waits for votes."},
    ConfigDoc{"controller.quorum.fetch.timeout.ms",
              "How long a follower goes without the leader before it stands for election."},
    ConfigDoc{"controller.quorum.request.timeout.ms", "How long quorum requests wait."},
    ConfigDoc{"controller.quorum.retry.backoff.ms", "The pause before such a request is repeated."},
    ConfigDoc{"controller.quorum.voters", "The members of the controller quorum."},
    ConfigDoc{"default.replication.factor", "The replicas of topics that do not say how many."},
    ConfigDoc{"delete.topic.enable", "Whether topics can be deleted."},
    ConfigDoc{"fetch.max.bytes", "The most that one Fetch is answered with."},
    ConfigDoc{"leader.imbalance.check.interval.seconds", "How often preferred leaders are sought."},
    ConfigDoc{"log.dirs", "Where data lies."},
    ConfigDoc{"log.flush.offset.checkpoint.interval.ms", "How often recovery points are written."},
    ConfigDoc{"metadata.max.idle.interval.ms", "How long the metadata log may stand still."},
    ConfigDoc{"node.id", "The id of this node."},
    ConfigDoc{"num.partitions", "The partitions of topics that do not say how many."},
    ConfigDoc{"process.roles", "Whether this node is a broker, a controller, or both."},
    ConfigDoc{"replica.fetch.backoff.ms", "The pause after a failed fetch."},
    ConfigDoc{"replica.fetch.max.bytes", "The most that is fetched of a partition at once."},
    ConfigDoc{"replica.fetch.response.max.bytes", "The most that is fetched at once."},
    ConfigDoc{"replica.fetch.wait.max.ms", "How long a follower's fetch waits for news."},
    ConfigDoc{"replica.high.watermark.checkpoint.interval.ms",
              "How often high watermarks are written to disk."},
    ConfigDoc{"replica.lag.time.max.ms", "How long a replica may lag before it is out of sync."},
    ConfigDoc{"replica.socket.timeout.ms", "How long a replica waits for its leader's answer."},
    ConfigDoc{"socket.request.max.bytes", "The largest request that is read."},
};

}  // namespace

std::string_view documentation_of(std::string_view name) {
  // What a broker has for all topics is for what the topic's own is for.
  const auto* const topic_key = find_topic_config_key_of_broker(name);
  const auto wanted = topic_key ? topic_key->name : name;
  const auto* const found = std::find_if(docs.begin(), docs.end(),
                                         [&](const ConfigDoc& doc) { return doc.first == wanted; });
  return found == docs.end() ? std::string_view() : found->second;
}

}  // namespace brokersim::controller
