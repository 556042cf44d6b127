// Metadata of one partition, orders-0, that brokers 1 and 2 hold and 2 leads, in epoch 3.
#pragma once

#include "core/controller/image.h"

namespace brokersim::broker {

inline const TopicPartition orders_0{"orders", 0};

inline controller::PartitionRecord partition_of_orders(const Uuid& topic, LeaderEpoch epoch) {
  controller::PartitionRecord partition;
  partition.partition_id = 0;
  partition.topic_id = topic;
  partition.replicas = {NodeId{1}, NodeId{2}};
  partition.isr = partition.replicas;
  partition.leader = NodeId{2};
  partition.leader_epoch = epoch;
  partition.partition_epoch = PartitionEpoch{0};
  return partition;
}

struct OrdersMetadata {
  OrdersMetadata() {
    const Uuid id{1, 2};
    all_of_image.add(*image.apply(controller::TopicRecord{"orders", id}, 0));
    all_of_image.add(*image.apply(partition_of_orders(id, LeaderEpoch{3}), 1));
  }

  controller::Image image;
  controller::Delta all_of_image;
};

}  // namespace brokersim::broker
