#include "core/controller/features.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "core/controller/elr_safety.h"

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using AskedLevel = api::UpdateFeaturesRequest::FeatureUpdateKey;

constexpr std::array supported{SupportedFeature{eligible_leader_replicas_version, {0, 1}},
                               SupportedFeature{group_version, {0, 1}},
                               SupportedFeature{metadata_version, {metadata_level, metadata_level}},
                               SupportedFeature{transaction_version, {1, 2}}};

enum class UpgradeType : std::int8_t { upgrade = 1, safe_downgrade = 2, unsafe_downgrade = 3 };

std::int8_t upgrade_type_of(const AskedLevel& asked, std::int16_t version) {
  if (version > 0) return asked.upgrade_type;
  return static_cast<std::int8_t>(asked.allow_downgrade ? UpgradeType::safe_downgrade
                                                        : UpgradeType::upgrade);
}

// Level 0 is to be without the feature, which only metadata.version does not allow.
bool includes(VersionRange levels, std::int16_t level, std::string_view name) {
  return (levels.min <= level && level <= levels.max) || (level == 0 && name != metadata_version);
}

std::optional<std::string> why_unsupported(const Image& image, const AskedLevel& asked) {
  const auto level = asked.max_version_level;
  if (level < 0) return "A feature version cannot be less than 0.";
  const auto* const ours = find_supported_feature(asked.feature);
  if (ours == nullptr) return "The controller does not support this feature.";
  if (!includes(ours->levels, level, ours->name)) {
    return fmt::format("The controller only supports versions {}-{}.", ours->levels.min,
                       ours->levels.max);
  }
  for (const auto& [id, broker] : image.brokers()) {
    const auto theirs = broker.features.find(asked.feature);
    if (theirs == broker.features.end() && level > 0) {
      return fmt::format("Broker {} does not support this feature.", id);
    }
    if (theirs != broker.features.end() && !includes(theirs->second, level, ours->name)) {
      return fmt::format("Broker {} only supports versions {}-{}.", id, theirs->second.min,
                         theirs->second.max);
    }
  }
  return std::nullopt;
}

OrRefusal<Done> check_update(const Image& image, const AskedLevel& asked, std::int16_t version) {
  const auto invalid = [&](std::string_view why) {
    return refuse(ErrorCode::invalid_update_version,
                  fmt::format("Invalid update version {} for feature {}. {}",
                              asked.max_version_level, asked.feature, why));
  };
  const auto type = upgrade_type_of(asked, version);
  if (type < static_cast<std::int8_t>(UpgradeType::upgrade) ||
      type > static_cast<std::int8_t>(UpgradeType::unsafe_downgrade)) {
    return invalid("The controller does not support the given upgrade type.");
  }
  if (const auto why = why_unsupported(image, asked)) return invalid(*why);
  const auto finalized = finalized_level(image, asked.feature);
  const bool is_upgrade = type == static_cast<std::int8_t>(UpgradeType::upgrade);
  if (asked.max_version_level == finalized) return Done{};
  if (asked.max_version_level > finalized) {
    if (!is_upgrade) return invalid("Can't downgrade to a newer version.");
    return Done{};
  }
  if (is_upgrade) {
    return invalid(
        "Can't downgrade the version of this feature without setting the upgrade type to either "
        "safe or unsafe downgrade.");
  }
  if (asked.feature == metadata_version) {
    return invalid("The metadata log may hold what an older version cannot read.");
  }
  return Done{};
}

// The level, and what has to be in order before it may be in force.
void set_level(const Image& image, const ControllerConfig& config, const std::string& feature,
               std::int16_t level, std::vector<MetadataRecord>& records) {
  if (finalized_level(image, feature) == level) return;
  if (feature == eligible_leader_replicas_version && level > 0) {
    for (auto& record : elr_safety_records(image, config)) records.push_back(std::move(record));
  }
  records.emplace_back(FeatureLevelRecord{.name = feature, .feature_level = level});
}

}  // namespace

std::span<const SupportedFeature> supported_features() { return supported; }

const SupportedFeature* find_supported_feature(std::string_view name) {
  const auto* const found =
      std::find_if(supported.begin(), supported.end(),
                   [&](const SupportedFeature& feature) { return feature.name == name; });
  return found == supported.end() ? nullptr : found;
}

std::vector<SupportedFeature> features_told_in(std::int16_t version_of_api_versions) {
  std::vector<SupportedFeature> told;
  std::copy_if(supported.begin(), supported.end(), std::back_inserter(told),
               [&](const SupportedFeature& feature) {
                 return version_of_api_versions >= first_that_tells_of_level_0 ||
                        feature.levels.min > 0;
               });
  return told;
}

std::int16_t finalized_level(const Image& image, std::string_view feature) {
  const auto found = image.features().find(std::string(feature));
  return found == image.features().end() ? std::int16_t{0} : found->second;
}

bool has_eligible_leader_replicas(const Image& image) {
  return finalized_level(image, eligible_leader_replicas_version) > 0;
}

FeatureLevels default_levels() {
  return {{std::string(group_version), 1}, {std::string(transaction_version), 2}};
}

std::vector<MetadataRecord> bootstrap_records(const Image& image, const ControllerConfig& config,
                                              const FeatureLevels& levels) {
  std::vector<MetadataRecord> records;
  set_level(image, config, std::string(metadata_version), metadata_level, records);
  for (const auto& [feature, level] : levels) {
    const auto* known = find_supported_feature(feature);
    REQUIRE(known != nullptr, feature);
    REQUIRE(includes(known->levels, level, feature), feature, level);
    if (feature == metadata_version) continue;
    set_level(image, config, feature, level, records);
  }
  return records;
}

Plan<api::UpdateFeaturesResponse> plan_feature_updates(const Image& image,
                                                       const ControllerConfig& config,
                                                       const api::UpdateFeaturesRequest& request,
                                                       std::int16_t version) {
  Plan<api::UpdateFeaturesResponse> out;
  std::set<std::string> named;
  for (const auto& asked : request.feature_updates) {
    const auto fine =
        named.insert(asked.feature).second
            ? check_update(image, asked, version)
            : OrRefusal<Done>(refuse(ErrorCode::invalid_request, "A feature is named twice."));
    if (!fine) {
      out.response.error_code = fine.error().error;
      out.response.error_message = fmt::format(
          "The update failed for all features since the following feature had an "
          "error: {}",
          fine.error().message);
      out.response.results.clear();
      out.records.clear();
      return out;
    }
    if (version < 2) out.response.results.push_back({.feature = asked.feature});
    set_level(image, config, asked.feature, asked.max_version_level, out.records);
  }
  return out;
}

}  // namespace brokersim::controller
