#include "core/broker/transaction_coordinators.h"

#include <string>

#include "core/controller/features.h"

namespace brokersim::broker {

TransactionCoordinators::TransactionCoordinators(const NodeConfig& config, Replicas& replicas,
                                                 FiberGroup& fibers, ProducerIds& producer_ids)
    : Coordinators(
          config, replicas, fibers, transaction::state_topic, "transactions",
          [&config] { return transaction::Shard(config.transaction, config.rules.transactions); }),
      producer_ids_(producer_ids) {}

void TransactionCoordinators::apply(Host& host, const controller::Image& image,
                                    const controller::Delta& delta) {
  Coordinators::apply(host, image, delta);
  const auto level = image.features().find(std::string(controller::transaction_version));
  transaction_version_ = level == image.features().end() ? std::int16_t{0} : level->second;
  for (const auto& [index, coordinator] : all()) {
    coordinator->shard().use_transaction_version(transaction_version_);
  }
  moved().notify_all(host);
}

auto TransactionCoordinators::find_stocked(Host& host, std::string_view transactional_id) -> Found {
  auto found = find(transactional_id);
  if (!found) return found;
  auto& shard = (*found)->shard();
  if (!shard.lacks_producer_id()) return found;
  if (const auto id = producer_ids_.next(host)) shard.stock_producer_id(*id);
  return found;
}

}  // namespace brokersim::broker
