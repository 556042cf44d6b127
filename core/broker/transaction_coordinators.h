// The transaction coordinators of a broker: one for each partition of __transaction_state that it
// leads (KIP-98).
#pragma once

#include "core/broker/coordinators.h"
#include "core/broker/producer_ids.h"

namespace brokersim::broker {

using TransactionCoordinator = Coordinator<transaction::Shard>;

class TransactionCoordinators : public Coordinators<transaction::Shard> {
 public:
  TransactionCoordinators(const NodeConfig& config, Replicas& replicas, FiberGroup& fibers,
                          ProducerIds& producer_ids);

  // The level of transaction.version is the image's besides.
  void apply(Host& host, const controller::Image& image, const controller::Delta& delta);
  std::int16_t transaction_version() const { return transaction_version_; }
  // The same with a fresh producer id at hand, if this broker has any.
  Found find_stocked(Host& host, std::string_view transactional_id);

 private:
  ProducerIds& producer_ids_;
  std::int16_t transaction_version_ = 0;
};

}  // namespace brokersim::broker
