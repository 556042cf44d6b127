#include "core/broker/producer_ids.h"

#include <utility>

#include "core/api/allocate_producer_ids.h"

namespace brokersim::broker {

namespace {

constexpr std::int16_t allocate_producer_ids_version = 0;
constexpr Duration block_backoff = 50ms;
constexpr std::int64_t prefetch_at_percent = 90;

}  // namespace

std::optional<std::int64_t> ProducerIds::next(Host& host) {
  if (given_ == block_.size && next_block_) {
    block_ = *std::exchange(next_block_, std::nullopt);
    given_ = 0;
  }
  const bool is_nearly_used_up = given_ * 100 >= block_.size * prefetch_at_percent;
  if (is_nearly_used_up && !next_block_) fetch_next_block(host);
  if (given_ == block_.size) return std::nullopt;
  return block_.first + given_++;
}

void ProducerIds::fetch_next_block(Host& host) {
  if (std::exchange(is_fetching_, true)) return;
  fibers_.spawn(host, "producer-ids", [this](Env& env) {
    while (!next_block_ && !env.is_cancelled()) {
      next_block_ = ask(env);
      if (!next_block_) env.sleep(block_backoff);
    }
    is_fetching_ = false;
  });
}

// A block whose answer is lost is nobody's.
std::optional<controller::ProducerIdBlock> ProducerIds::ask(Env& env) {
  const api::AllocateProducerIdsRequest request{.broker_id = config_.node_id,
                                                .broker_epoch = lifecycle_.epoch()};
  const auto answer = controller_.call(env, request, allocate_producer_ids_version,
                                       env.now() + config_.broker_session_timeout);
  if (!answer || answer->error_code != api::ErrorCode::none) return std::nullopt;
  if (answer->producer_id_start < 0 || answer->producer_id_len <= 0) return std::nullopt;
  return controller::ProducerIdBlock{answer->producer_id_start, answer->producer_id_len};
}

}  // namespace brokersim::broker
