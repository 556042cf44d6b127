// Metadata of one partition, orders-0, that brokers 1 and 2 hold and 2 leads, in epoch 3.
#pragma once

#include "core/controller/image.h"

namespace brokersim::broker {

inline const TopicPartition orders_0{"orders", 0};

struct OrdersMetadata {
  OrdersMetadata() {
    const Uuid id{1, 2};
    all_of_image.add(*image.apply(controller::TopicRecord{"orders", id}, 0));
    controller::PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = id;
    partition.replicas = {NodeId{1}, NodeId{2}};
    partition.isr = partition.replicas;
    partition.leader = NodeId{2};
    partition.leader_epoch = LeaderEpoch{3};
    partition.partition_epoch = PartitionEpoch{0};
    all_of_image.add(*image.apply(partition, 1));
  }

  controller::Image image;
  controller::Delta all_of_image;
};

}  // namespace brokersim::broker
