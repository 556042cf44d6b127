// Levels of features against a small model of what the cluster agreed on (KIP-584): brokers that
// support more or less come and go, levels are raised and lowered. A request changes all or
// nothing, and every broker supports what is agreed on.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/controller/features.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

struct Wish {
  std::string feature;
  std::int16_t level = 0;
  std::int8_t type = 1;  // 1 upgrade, 2 safe downgrade, 3 unsafe downgrade.
};

class AgreedLevels {
 public:
  void step() {
    switch (*rc::gen::inRange(0, 5)) {
      case 0: register_broker(); break;
      case 1: unregister_broker(); break;
      default: update(); break;
    }
  }

  void check() const {
    RC_ASSERT(cluster_.controller.image().features() == agreed_);
    for (const auto& [feature, level] : agreed_) {
      for (const auto& [id, theirs] : brokers_) RC_ASSERT(supports_it(theirs, feature, level));
    }
  }

 private:
  using Supported = std::map<std::string, VersionRange>;

  static bool supports_it(const Supported& theirs, const std::string& feature, std::int16_t level) {
    const auto range = theirs.find(feature);
    return range != theirs.end() && range->second.min <= level && level <= range->second.max;
  }

  static NodeId any_broker() { return NodeId(*rc::gen::inRange(1, 4)); }

  // One that lacks a feature now and then, or its latest level.
  static Supported any_support() {
    Supported support;
    for (const auto& feature : supported_features()) {
      if (*rc::gen::inRange(0, 8) == 7) continue;
      const bool is_older = *rc::gen::inRange(0, 4) == 3;
      const auto most = static_cast<std::int16_t>(feature.levels.max - (is_older ? 1 : 0));
      const auto least = std::min(feature.levels.min, most);
      support[std::string(feature.name)] = {least, most};
    }
    return support;
  }

  // Always of the same incarnation: it tells anew what it supports.
  void register_broker() {
    const NodeId id = any_broker();
    const auto support = any_support();
    api::BrokerRegistrationRequest request;
    request.broker_id = id;
    request.cluster_id = "cluster";
    request.incarnation_id = incarnation(1);
    for (const auto& [name, levels] : support) {
      request.features.push_back({name, levels.min, levels.max});
    }
    const bool is_welcome = std::all_of(agreed_.begin(), agreed_.end(), [&](const auto& agreed) {
      return supports_it(support, agreed.first, agreed.second);
    });
    const auto decision = cluster_.keep(cluster_.controller.register_broker(cluster_.now, request));
    RC_ASSERT(decision.response.error_code ==
              (is_welcome ? ErrorCode::none : ErrorCode::unsupported_version));
    if (is_welcome) brokers_[id] = support;
  }

  void unregister_broker() {
    const NodeId id = any_broker();
    const auto decision = cluster_.keep(cluster_.controller.unregister_broker({.broker_id = id}));
    const bool was_there = brokers_.erase(id) > 0;
    RC_ASSERT((decision.response.error_code == ErrorCode::none) == was_there);
  }

  static Wish any_wish() {
    static const std::vector<std::string> features{"eligible.leader.replicas.version",
                                                   "group.version", "metadata.version",
                                                   "transaction.version", "no.such.feature"};
    Wish wish;
    wish.feature = *rc::gen::elementOf(features);
    const bool is_of_metadata = wish.feature == metadata_version;
    wish.level = is_of_metadata ? *rc::gen::inRange<std::int16_t>(23, 27)
                                : *rc::gen::inRange<std::int16_t>(-1, 4);
    wish.type = *rc::gen::weightedElement<std::int8_t>({{6, 1}, {3, 2}, {3, 3}, {1, 0}, {1, 4}});
    return wish;
  }

  std::int16_t agreed_level(const std::string& feature) const {
    const auto found = agreed_.find(feature);
    return found == agreed_.end() ? std::int16_t{0} : found->second;
  }

  bool may_come_true(const Wish& wish) const {
    const auto* ours = find_supported_feature(wish.feature);
    if (ours == nullptr || wish.type < 1 || wish.type > 3) return false;
    const bool is_of_metadata = wish.feature == metadata_version;
    const auto level_now = agreed_level(wish.feature);
    if (wish.level > level_now && wish.type != 1) return false;
    if (wish.level < level_now && (wish.type == 1 || is_of_metadata)) return false;
    if (wish.level == 0) return !is_of_metadata;
    if (wish.level < ours->levels.min || wish.level > ours->levels.max) return false;
    return std::all_of(brokers_.begin(), brokers_.end(), [&](const auto& broker) {
      return supports_it(broker.second, wish.feature, wish.level);
    });
  }

  void update() {
    const auto version = *rc::gen::inRange<std::int16_t>(0, 3);
    api::UpdateFeaturesRequest request;
    request.validate_only = *rc::gen::inRange(0, 4) == 3;
    std::vector<Wish> wishes;
    std::set<std::string> named;
    const int count = *rc::gen::weightedElement<int>({{4, 1}, {2, 2}, {1, 3}});
    for (int i = 0; i < count; ++i) {
      auto wish = any_wish();
      const bool allows_downgrade = wish.type > 1;
      if (version == 0) wish.type = allows_downgrade ? 2 : 1;
      request.feature_updates.push_back({.feature = wish.feature,
                                         .max_version_level = wish.level,
                                         .allow_downgrade = allows_downgrade,
                                         .upgrade_type = wish.type});
      named.insert(wish.feature);
      wishes.push_back(std::move(wish));
    }
    const bool is_granted = named.size() == wishes.size() &&
                            std::all_of(wishes.begin(), wishes.end(),
                                        [this](const Wish& wish) { return may_come_true(wish); });
    const auto decision = cluster_.keep(cluster_.controller.update_features(request, version));
    RC_ASSERT((decision.response.error_code == ErrorCode::none) == is_granted);
    if (!is_granted || request.validate_only) {
      RC_ASSERT(decision.records.empty());
      return;
    }
    for (const auto& wish : wishes) {
      agreed_.erase(wish.feature);
      if (wish.level > 0) agreed_[wish.feature] = wish.level;
    }
  }

  Cluster cluster_{0};
  std::map<NodeId, Supported> brokers_;
  std::map<std::string, std::int16_t> agreed_;
};

RC_GTEST_PROP(FeatureLevels, are_agreed_on_by_all_brokers_or_left_as_they_are, ()) {
  AgreedLevels levels;
  const int steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    levels.step();
    levels.check();
  }
}

}  // namespace
}  // namespace brokersim::controller
