#include "core/controller/features.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using AskedLevel = api::UpdateFeaturesRequest::FeatureUpdateKey;

constexpr std::string_view metadata_version = "metadata.version";

// The metadata has the form of one level, as these nodes have always written it: no other could be
// gone to.
constexpr std::array supported{SupportedFeature{metadata_version, {25, 25}},
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
  const auto* const ours =
      std::find_if(supported.begin(), supported.end(),
                   [&](const SupportedFeature& feature) { return feature.name == asked.feature; });
  if (ours == supported.end()) return "The controller does not support this feature.";
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
  const auto found = image.features().find(asked.feature);
  const auto present = found == image.features().end() ? std::int16_t{0} : found->second;
  if (asked.max_version_level >= present) return Done{};
  if (type == static_cast<std::int8_t>(UpgradeType::upgrade)) {
    return invalid(
        "Can't downgrade the version of this feature without setting the upgrade type to either "
        "safe or unsafe downgrade.");
  }
  if (asked.feature == metadata_version) {
    return invalid("The metadata log may hold what an older version cannot read.");
  }
  return Done{};
}

}  // namespace

std::span<const SupportedFeature> supported_features() { return supported; }

Plan<api::UpdateFeaturesResponse> plan_feature_updates(const Image& image,
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
    const auto present = image.features().find(asked.feature);
    const auto level = present == image.features().end() ? std::int16_t{0} : present->second;
    if (level == asked.max_version_level) continue;
    out.records.push_back(
        FeatureLevelRecord{.name = asked.feature, .feature_level = asked.max_version_level});
  }
  return out;
}

}  // namespace brokersim::controller
