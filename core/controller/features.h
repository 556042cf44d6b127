// Features whose level the whole cluster agrees on (KIP-584): which there are here, up to which
// levels, and how a level may be changed.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/update_features.h"
#include "core/controller/controller_config.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// In what form the metadata is written. These nodes have always written it in one: there is no
// other level to go to.
inline constexpr std::string_view metadata_version = "metadata.version";
inline constexpr std::int16_t metadata_level = 25;  // Kafka 4.0's.
// Since level 1 records of transactions may say more than in Kafka 3; since 2 each transaction has
// an epoch of its own (KIP-890).
inline constexpr std::string_view transaction_version = "transaction.version";
// Since level 1 a replica that is out of sync may be eligible to lead (KIP-966).
inline constexpr std::string_view eligible_leader_replicas_version =
    "eligible.leader.replicas.version";
// Since level 1 there are consumer groups (KIP-848).
inline constexpr std::string_view group_version = "group.version";

struct SupportedFeature {
  std::string_view name;
  VersionRange levels;
};

// Of every node of this build, ordered by name.
std::span<const SupportedFeature> supported_features();
const SupportedFeature* find_supported_feature(std::string_view name);  // Null if there is none.

// Of ApiVersions: clients that ask in a version before could not read that a feature's least level
// is 0 (KIP-1022, KAFKA-17492).
inline constexpr std::int16_t first_that_tells_of_level_0 = 4;
// As ApiVersions tells them.
std::vector<SupportedFeature> features_told_in(std::int16_t version_of_api_versions);

// The level the cluster agrees on; 0 if it goes without.
std::int16_t finalized_level(const Image& image, std::string_view feature);
bool has_eligible_leader_replicas(const Image& image);

// What a cluster is formatted with: `kafka-storage format --feature`.
using FeatureLevels = std::map<std::string, std::int16_t, std::less<>>;
// What it is formatted with if nobody says anything (KIP-1022): what Kafka 4.0 has in production.
FeatureLevels default_levels();
// The metadata.version first, as it says how to read the rest (KIP-778). Requires levels that are
// supported. Nothing of level 0 is written down.
std::vector<MetadataRecord> bootstrap_records(const Image& image, const ControllerConfig& config,
                                              const FeatureLevels& levels);

// All of the request or nothing. INVALID_UPDATE_VERSION for a level that a broker does not have,
// that is lower and not asked for as such, or higher and asked for as a lower one. The level of
// metadata.version never goes down.
Plan<api::UpdateFeaturesResponse> plan_feature_updates(const Image& image,
                                                       const ControllerConfig& config,
                                                       const api::UpdateFeaturesRequest& request,
                                                       std::int16_t version);

}  // namespace brokersim::controller
