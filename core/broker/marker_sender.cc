#include "core/broker/marker_sender.h"

#include <utility>

#include <fmt/format.h>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t write_txn_markers_version = 2;
constexpr Duration marker_backoff = 100ms;

api::WriteTxnMarkersRequest::WritableTxnMarker marker_for(const transaction::Unmarked& markers,
                                                          LeaderEpoch coordinator_epoch) {
  api::WriteTxnMarkersRequest::WritableTxnMarker marker{
      .producer_id = markers.producer.id,
      .producer_epoch = markers.producer.epoch,
      .transaction_result = markers.is_commit,
      .coordinator_epoch = coordinator_epoch.value,
      .transaction_version = static_cast<std::int8_t>(markers.transaction_version)};
  for (const auto& partition : markers.partitions) {
    if (marker.topics.empty() || marker.topics.back().name != partition.topic) {
      marker.topics.push_back({.name = partition.topic});
    }
    marker.topics.back().partition_indexes.push_back(partition.partition);
  }
  return marker;
}

using Written = std::map<std::pair<std::int64_t, TopicPartition>, ErrorCode>;

Written written_by(const api::WriteTxnMarkersResponse& response) {
  Written written;
  for (const auto& marker : response.markers) {
    for (const auto& topic : marker.topics) {
      for (const auto& partition : topic.partitions) {
        const TopicPartition id{topic.name, partition.partition_index};
        written[{marker.producer_id, id}] = partition.error_code;
      }
    }
  }
  return written;
}

}  // namespace

void MarkerSender::start_if_needed(Host& host) {
  if (is_running_ || coordinators_.all().empty()) return;
  is_running_ = true;
  fibers_.spawn(host, "markers", [this](Env& fiber) { run(fiber); });
}

void MarkerSender::run(Env& env) {
  while (!env.is_cancelled()) {
    drop_deleted(env);
    for (const auto leader : leaders_with_due()) {
      if (!sending_.insert(leader).second) continue;
      fibers_.spawn(env, fmt::format("markers-{}", leader), [this, leader](Env& fiber) {
        send_to(fiber, leader);
        sending_.erase(leader);
      });
    }
    coordinators_.moved().wait(env);
  }
}

void MarkerSender::send_to(Env& env, NodeId leader) {
  while (!env.is_cancelled()) {
    const auto due = due_to(leader);
    if (due.empty()) return;
    api::WriteTxnMarkersRequest request;
    for (const auto& one : due) {
      request.markers.push_back(marker_for(one.markers, one.coordinator->epoch()));
    }
    const auto channel = channel_to(leader);
    bool is_done = false;
    if (channel) {
      const auto deadline = env.now() + config_.replica_socket_timeout;
      const auto response = channel->call(env, request, write_txn_markers_version, deadline);
      is_done = response && settle(env, due, *response);
    }
    if (!is_done) env.sleep(marker_backoff);
  }
}

// ---- What is due -------------------------------------------------------------------------------

std::vector<MarkerSender::Due> MarkerSender::all_due() const {
  std::vector<Due> due;
  for (const auto& [index, coordinator] : coordinators_.all()) {
    if (coordinator->availability() != ErrorCode::none) continue;
    for (auto& markers : coordinator->shard().unmarked()) {
      due.push_back({coordinator, std::move(markers)});
    }
  }
  return due;
}

std::vector<MarkerSender::Due> MarkerSender::due_to(NodeId leader) const {
  auto due = all_due();
  for (auto& one : due) {
    std::erase_if(one.markers.partitions, [&](const TopicPartition& id) {
      const auto* partition = image_.find_partition(id);
      return !partition || partition->leader != leader;
    });
  }
  std::erase_if(due, [](const Due& one) { return one.markers.partitions.empty(); });
  return due;
}

std::set<NodeId> MarkerSender::leaders_with_due() const {
  std::set<NodeId> leaders;
  for (const auto& one : all_due()) {
    for (const auto& id : one.markers.partitions) {
      const auto* partition = image_.find_partition(id);
      if (partition && partition->leader.is_set()) leaders.insert(partition->leader);
    }
  }
  return leaders;
}

// A coordinator's metadata is no older than the transaction: what it lacks has been deleted.
void MarkerSender::drop_deleted(Env& env) {
  for (const auto& one : all_due()) {
    for (const auto& id : one.markers.partitions) {
      if (image_.find_partition(id)) continue;
      auto& coordinator = *one.coordinator;
      coordinator.carry_out(env, coordinator.shard().marked(coordinator.now(env), one.markers.round,
                                                            id, ErrorCode::none));
    }
  }
}

bool MarkerSender::settle(Env& env, const std::vector<Due>& due,
                          const api::WriteTxnMarkersResponse& response) {
  const auto written = written_by(response);
  bool is_done = true;
  for (const auto& one : due) {
    auto& coordinator = *one.coordinator;
    if (coordinator.availability() != ErrorCode::none) continue;
    for (const auto& id : one.markers.partitions) {
      const auto found = written.find({one.markers.producer.id, id});
      const auto error = found == written.end() ? ErrorCode::unknown_server_error : found->second;
      is_done = is_done && error == ErrorCode::none;
      coordinator.carry_out(
          env, coordinator.shard().marked(coordinator.now(env), one.markers.round, id, error));
    }
  }
  return is_done;
}

std::shared_ptr<wire::Channel> MarkerSender::channel_to(NodeId leader) {
  const auto& brokers = image_.brokers();
  const auto found = brokers.find(leader);
  if (found == brokers.end() || found->second.endpoints.empty()) return nullptr;
  const auto& endpoint = found->second.endpoints.front();
  const Address address{endpoint.host, endpoint.port};
  auto& channel = channels_[leader];
  if (!channel || channel->peer() != address) {
    channel =
        std::make_shared<wire::Channel>(address, fmt::format("broker-{}-markers", config_.node_id));
  }
  return channel;
}

}  // namespace brokersim::broker
