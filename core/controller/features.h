// Features whose level the whole cluster agrees on (KIP-584): which there are here, up to which
// levels, and how a level may be changed.
#pragma once

#include <span>
#include <string_view>

#include "core/api/update_features.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// Since level 1 records of transactions may say more than in Kafka 3; since 2 each transaction has
// an epoch of its own (KIP-890).
inline constexpr std::string_view transaction_version = "transaction.version";

struct SupportedFeature {
  std::string_view name;
  VersionRange levels;
};

// Of every node of this build, ordered by name.
std::span<const SupportedFeature> supported_features();

// All of the request or nothing. INVALID_UPDATE_VERSION for a level that a broker does not have, or
// that is lower and not asked for as such. The level of metadata.version never goes down.
Plan<api::UpdateFeaturesResponse> plan_feature_updates(const Image& image,
                                                       const api::UpdateFeaturesRequest& request,
                                                       std::int16_t version);

}  // namespace brokersim::controller
