#include "core/broker/config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "core/base/trimmed.h"
#include "core/broker/fallback_settings.h"
#include "core/broker/setting_terms.h"
#include "core/controller/topic_config.h"
#include "core/raft/voter_set.h"

namespace brokersim::broker {
namespace {

// As each_setting, of group coordinators.
template <class Config, class F>
void each_group_setting(Config& group, F& f) {
  constexpr Duration ms = 1ms;
  constexpr Duration none{};
  f("group.initial.rebalance.delay.ms", group.initial_rebalance_delay, ms);
  f("group.min.session.timeout.ms", group.min_session_timeout, ms);
  f("group.max.session.timeout.ms", group.max_session_timeout, ms);
  f("group.max.size", group.max_size, none);
  f("group.consumer.session.timeout.ms", group.consumer_session_timeout, ms);
  f("group.consumer.min.session.timeout.ms", group.consumer_min_session_timeout, ms);
  f("group.consumer.max.session.timeout.ms", group.consumer_max_session_timeout, ms);
  f("group.consumer.heartbeat.interval.ms", group.consumer_heartbeat_interval, ms);
  f("group.consumer.min.heartbeat.interval.ms", group.consumer_min_heartbeat_interval, ms);
  f("group.consumer.max.heartbeat.interval.ms", group.consumer_max_heartbeat_interval, ms);
  f("group.consumer.max.size", group.consumer_max_size, none);
  f("group.consumer.assignors", group.consumer_assignors, none);
  f("group.consumer.migration.policy", group.consumer_migration_policy, none);
  f("offsets.retention.minutes", group.offsets_retention, Duration(60s));
  f("offsets.retention.check.interval.ms", group.offsets_retention_check_interval, ms);
  f("offsets.commit.timeout.ms", group.offset_commit_timeout, ms);
  f("offset.metadata.max.bytes", group.offset_metadata_max_bytes, none);
}

// Likewise, of followers.
template <class Config, class F>
void each_replication_setting(Config& c, F& f) {
  constexpr Duration ms = 1ms;
  constexpr Duration none{};
  f("replica.lag.time.max.ms", c.replica_lag_time_max, ms);
  f("replica.fetch.wait.max.ms", c.replica_fetch_wait_max, ms);
  f("replica.fetch.min.bytes", c.replica_fetch_min_bytes, none);
  f("replica.fetch.max.bytes", c.replica_fetch_max_bytes, none);
  f("replica.fetch.response.max.bytes", c.replica_fetch_response_max_bytes, none);
  f("replica.fetch.backoff.ms", c.replica_fetch_backoff, ms);
  f("replica.socket.timeout.ms", c.replica_socket_timeout, ms);
  f("replication.quota.window.num", c.replication_quota_window_num, none);
  f("replication.quota.window.size.seconds", c.replication_quota_window_size, Duration(1s));
}

// Calls f(name, member, unit) for each tunable; the unit is that of the text, 0 for plain numbers.
template <class Config, class F>
void each_setting(Config& c, F&& f) {
  constexpr Duration ms = 1ms;
  constexpr Duration none{};
  f("num.partitions", c.num_partitions, none);
  f("default.replication.factor", c.default_replication_factor, none);
  f("auto.create.topics.enable", c.auto_create_topics_enable, none);
  f("delete.topic.enable", c.delete_topic_enable, none);
  f("socket.request.max.bytes", c.socket_request_max_bytes, none);
  f("fetch.max.bytes", c.fetch_max_bytes, none);
  f("queued.max.request.bytes", c.queued_max_request_bytes, none);
  f("connections.max.idle.ms", c.connections_max_idle, ms);
  f("max.incremental.fetch.session.cache.slots", c.max_incremental_fetch_session_cache_slots, none);
  f("replica.selector.class", c.replica_selector_class, none);
  f("max.connections", c.max_connections, none);
  f("max.connections.per.ip", c.max_connections_per_ip, none);
  f("max.connections.per.ip.overrides", c.max_connections_per_ip_overrides, none);
  f("max.request.partition.size.limit", c.max_request_partition_size_limit, none);
  f("log.retention.check.interval.ms", c.log_retention_check_interval, ms);
  f("log.flush.scheduler.interval.ms", c.log_flush_scheduler_interval_ms, none);
  f("log.cleaner.enable", c.log_cleaner_enable, none);
  f("log.cleaner.backoff.ms", c.log_cleaner_backoff, ms);
  f("log.cleaner.dedupe.buffer.size", c.log_cleaner_dedupe_buffer_size, none);
  f("producer.id.expiration.ms", c.producer_id_expiration, ms);
  f("producer.id.expiration.check.interval.ms", c.producer_id_expiration_check_interval, ms);
  f("transaction.partition.verification.enable", c.transaction_partition_verification_enable, none);
  each_replication_setting(c, f);
  f("replica.high.watermark.checkpoint.interval.ms", c.high_watermark_checkpoint_interval, ms);
  f("log.flush.offset.checkpoint.interval.ms", c.recovery_point_checkpoint_interval, ms);
  each_group_setting(c.group, f);
  f("offsets.topic.num.partitions", c.offsets_topic_num_partitions, none);
  f("offsets.topic.replication.factor", c.offsets_topic_replication_factor, none);
  f("offsets.topic.segment.bytes", c.offsets_topic_segment_bytes, none);
  f("transaction.max.timeout.ms", c.transaction.max_timeout, ms);
  f("transaction.abort.timed.out.transaction.cleanup.interval.ms",
    c.transaction.abort_check_interval, ms);
  f("transactional.id.expiration.ms", c.transaction.id_expiration, ms);
  f("transaction.remove.expired.transaction.cleanup.interval.ms",
    c.transaction.id_expiration_check_interval, ms);
  f("transaction.state.log.num.partitions", c.transaction_state_log_num_partitions, none);
  f("transaction.state.log.replication.factor", c.transaction_state_log_replication_factor, none);
  f("transaction.state.log.min.isr", c.transaction_state_log_min_isr, none);
  f("transaction.state.log.segment.bytes", c.transaction_state_log_segment_bytes, none);
  f("broker.heartbeat.interval.ms", c.broker_heartbeat_interval, ms);
  f("broker.session.timeout.ms", c.broker_session_timeout, ms);
  f("initial.broker.registration.timeout.ms", c.initial_broker_registration_timeout, ms);
  f("leader.imbalance.check.interval.seconds", c.leader_imbalance_check_interval, Duration(1s));
  f("unclean.leader.election.interval.ms", c.unclean_leader_election_interval, ms);
  f("auto.leader.rebalance.enable", c.auto_leader_rebalance_enable, none);
  f("controller.quorum.election.timeout.ms", c.quorum_election_timeout, ms);
  f("controller.quorum.election.backoff.max.ms", c.quorum_election_backoff_max, ms);
  f("controller.quorum.fetch.timeout.ms", c.quorum_fetch_timeout, ms);
  f("controller.quorum.request.timeout.ms", c.quorum_request_timeout, ms);
  f("controller.quorum.retry.backoff.ms", c.quorum_retry_backoff, ms);
  f("controller.quorum.auto.join.enable", c.quorum_auto_join_enable, none);
  f("metadata.max.idle.interval.ms", c.metadata_max_idle_interval, ms);
  f("metadata.log.segment.bytes", c.metadata_log_segment_bytes, none);
  f("metadata.log.segment.ms", c.metadata_log_segment_ms, none);
  f("metadata.log.max.record.bytes.between.snapshots",
    c.metadata_log_max_record_bytes_between_snapshots, none);
  f("metadata.log.max.snapshot.interval.ms", c.metadata_log_max_snapshot_interval, ms);
  f("metadata.max.retention.bytes", c.metadata_max_retention_bytes, none);
  f("metadata.max.retention.ms", c.metadata_max_retention, ms);
  f("controller.quorum.fetch.snapshot.max.bytes", c.quorum_fetch_snapshot_max_bytes, none);
}

// Of each kind of member: takes `text` if it fits, or says what would.
std::string parse(bool& member, std::string_view text, Duration, const SettingTerms&) {
  const auto flag = controller::parse_flag(text);
  if (!flag) return "true or false";
  member = *flag;
  return {};
}

// Of the selectors there are, Kafka's own: the one text that is a class's name.
std::string parse(std::string& member, std::string_view text, Duration, const SettingTerms&) {
  constexpr std::string_view rack_aware =
      "org.apache.kafka.common.replica.RackAwareReplicaSelector";
  if (!text.empty() && text != rack_aware) return fmt::format("empty or {}", rack_aware);
  member = text;
  return {};
}

template <std::integral T>
std::string parse(T& member, std::string_view text, Duration, const SettingTerms& terms) {
  const auto max = std::min<std::int64_t>(std::numeric_limits<T>::max(), terms.max());
  std::int64_t value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (!is_number || value < terms.min || value > max) {
    return fmt::format("a whole number from {} to {}", terms.min, max);
  }
  member = static_cast<T>(value);
  return {};
}

std::string parse(Duration& member, std::string_view text, Duration unit,
                  const SettingTerms& terms) {
  std::int64_t count = 0;
  if (auto wanted = parse(count, text, unit, terms); !wanted.empty()) return wanted;
  if (count > longest_duration / unit) return "a time below 146 years";
  member = count * unit;
  return {};
}

// -1 is none.
template <class T>
std::string parse(std::optional<T>& member, std::string_view text, Duration unit,
                  const SettingTerms& terms) {
  if (text == "-1") {
    member = std::nullopt;
    return {};
  }
  T value{};
  if (auto wanted = parse(value, text, unit, terms); !wanted.empty()) return "-1, or " + wanted;
  member = value;
  return {};
}

// Names with commas between, each once, at least one.
std::string parse(std::vector<group::ServerAssignor>& member, std::string_view text, Duration,
                  const SettingTerms&) {
  std::vector<group::ServerAssignor> assignors;
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto assignor = group::server_assignor_named(trimmed(text.substr(0, comma)));
    const bool is_new =
        assignor && std::find(assignors.begin(), assignors.end(), *assignor) == assignors.end();
    if (!is_new) return "uniform and range, or one of them, with a comma between";
    assignors.push_back(*assignor);
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  member = std::move(assignors);
  return {};
}

std::string show(const std::vector<group::ServerAssignor>& member, Duration) {
  std::string text;
  for (const auto assignor : member) {
    if (!text.empty()) text += ',';
    text += name_of(assignor);
  }
  return text;
}

// "10.0.0.7:100,::1:2": behind the last colon is how many.
std::string parse(std::map<std::string, std::int32_t>& member, std::string_view text, Duration,
                  const SettingTerms& terms) {
  std::map<std::string, std::int32_t> limits;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto one = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto colon = one.rfind(':');
    const bool is_pair = colon != std::string_view::npos && colon > 0;
    std::int32_t limit = 0;
    if (!is_pair || !parse(limit, one.substr(colon + 1), Duration{}, terms).empty()) {
      return "ADDRESS:NUMBER, with commas between";
    }
    limits.insert_or_assign(std::string(one.substr(0, colon)), limit);
  }
  member = std::move(limits);
  return {};
}

std::string show(const std::map<std::string, std::int32_t>& member, Duration) {
  std::string text;
  for (const auto& [address, limit] : member) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", address, limit);
  }
  return text;
}

std::string parse(group::MigrationPolicy& member, std::string_view text, Duration,
                  const SettingTerms&) {
  const auto policy = group::migration_policy_named(text);
  if (!policy) return "bidirectional, disabled, downgrade or upgrade";
  member = *policy;
  return {};
}

std::string show(group::MigrationPolicy member, Duration) { return std::string(name_of(member)); }

template <class T>
std::string show(const T& member, Duration unit) {
  if constexpr (std::is_same_v<T, Duration>) {
    return fmt::format("{}", member / unit);
  } else {
    return fmt::format("{}", member);
  }
}

template <class T>
std::string show(const std::optional<T>& member, Duration unit) {
  return member ? show(*member, unit) : "-1";
}

// What a setting of a better rank has said stands.
void take_topic_default(NodeConfig& config, const controller::TopicConfigKey& key,
                        std::string_view value, int rank) {
  const std::string name(key.name);
  auto& said = config.topic_default_ranks.try_emplace(name, rank).first->second;
  if (said < rank) return;
  said = rank;
  if (value == key.initial) {
    config.topic_defaults.erase(name);
  } else {
    config.topic_defaults.insert_or_assign(name, std::string(value));
  }
}

Expected<Done, std::string> set_topic_default(NodeConfig& config,
                                              const controller::TopicConfigKey& key,
                                              std::string_view value) {
  if (const auto why = controller::why_unfit(key, value)) {
    return Unexpected(fmt::format("{} is '{}': {}", key.broker, value, *why));
  }
  take_topic_default(config, key, value, 0);
  return Done{};
}

Expected<Done, std::string> set_fallback(NodeConfig& config, const FallbackSetting& setting,
                                         std::string_view value) {
  if (const auto why = controller::why_unfit(setting.terms, value)) {
    return Unexpected(fmt::format("{} is '{}': {}", setting.terms.broker, value, *why));
  }
  const auto count = controller::parse_number(value).value_or(0);
  const auto* key = controller::find_topic_config_key(setting.topic_key);
  REQUIRE(key != nullptr, setting.topic_key);
  // Below 0 it is -1 in any unit: for ever.
  const auto ms = count < 0 ? -1 : count * setting.unit_ms;
  take_topic_default(config, *key, fmt::format("{}", ms), setting.rank);
  return Done{};
}

Expected<Done, std::string> set_level(std::int16_t& member, std::string_view feature,
                                      std::string_view value, std::int16_t min, std::int16_t max) {
  std::int16_t level = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), level);
  const bool is_number = error == std::errc{} && end == value.data() + value.size();
  if (!is_number || level < min || level > max) {
    return Unexpected(
        fmt::format("{} is '{}', but must be a level from {} to {}", feature, value, min, max));
  }
  member = level;
  return Done{};
}

Expected<Done, std::string> set_feature(NodeConfig& config,
                                        const controller::SupportedFeature& feature,
                                        std::string_view value) {
  std::int16_t level = 0;
  // A cluster may go without any but one: some form its metadata have.
  const auto min =
      feature.name == controller::metadata_version ? feature.levels.min : std::int16_t{0};
  TRY([[maybe_unused]] const Done done,
      set_level(level, feature.name, value, min, feature.levels.max));
  config.features.insert_or_assign(std::string(feature.name), level);
  return Done{};
}

}  // namespace

Expected<Done, std::string> set(NodeConfig& config, std::string_view name, std::string_view value) {
  if (name == raft::kraft_version_feature) {
    const raft::KRaftVersions versions;
    return set_level(config.kraft_version, name, value, versions.min, versions.max);
  }
  if (const auto* feature = controller::find_supported_feature(name)) {
    return set_feature(config, *feature, value);
  }
  if (const auto* key = controller::find_topic_config_key_of_broker(name)) {
    return set_topic_default(config, *key, value);
  }
  if (const auto* fallback = find_fallback_setting(name)) {
    return set_fallback(config, *fallback, value);
  }
  bool found = false;
  std::string wanted;
  each_setting(config, [&](std::string_view known, auto& member, Duration unit) {
    if (known != name) return;
    found = true;
    const auto* terms = find_setting_terms(name);
    REQUIRE(terms != nullptr, name);
    wanted = parse(member, value, unit, *terms);
  });
  if (!found) return Unexpected(fmt::format("there is no setting '{}'", name));
  if (!wanted.empty()) {
    return Unexpected(fmt::format("{} is '{}', but must be {}", name, value, wanted));
  }
  // What is looked at so often is to be synced so often, if nothing else says how often.
  if (name == "log.flush.scheduler.interval.ms") {
    take_topic_default(config, *controller::find_topic_config_key("flush.ms"), value, 1);
  }
  return Done{};
}

namespace {

// What the coordinator tells members of consumer groups is within what it says it would.
Expected<Done, std::string> check_consumer_groups(const group::GroupConfig& config) {
  struct Bounds {
    std::string_view what;
    Duration least, value, most;
  };
  const Bounds all[] = {
      {"session.timeout.ms", config.consumer_min_session_timeout, config.consumer_session_timeout,
       config.consumer_max_session_timeout},
      {"heartbeat.interval.ms", config.consumer_min_heartbeat_interval,
       config.consumer_heartbeat_interval, config.consumer_max_heartbeat_interval}};
  for (const auto& [what, least, value, most] : all) {
    if (least <= value && value <= most && least > Duration{}) continue;
    return Unexpected(fmt::format(
        "group.consumer.{0} is {1}, but must be from group.consumer.min.{0}, which is {2} and at "
        "least 1, to group.consumer.max.{0}, which is {3}",
        what, value / 1ms, least / 1ms, most / 1ms));
  }
  if (config.consumer_heartbeat_interval < config.consumer_session_timeout) return Done{};
  return Unexpected(
      fmt::format("group.consumer.heartbeat.interval.ms is {}, but must be below "
                  "group.consumer.session.timeout.ms, which is {}",
                  config.consumer_heartbeat_interval / 1ms, config.consumer_session_timeout / 1ms));
}

}  // namespace

Expected<Done, std::string> check(const NodeConfig& config) {
  // A session has to outlive a heartbeat that is lost, or brokers are fenced without end.
  if (config.broker_session_timeout < 2 * config.broker_heartbeat_interval) {
    return Unexpected(fmt::format(
        "broker.session.timeout.ms is {}, but must be at least twice broker.heartbeat.interval.ms, "
        "which is {}",
        config.broker_session_timeout / 1ms, config.broker_heartbeat_interval / 1ms));
  }
  // Else it is given up while it waits, or its replica taken for one that lags.
  const std::pair<std::string_view, Duration> longer[] = {
      {"replica.socket.timeout.ms", config.replica_socket_timeout},
      {"replica.lag.time.max.ms", config.replica_lag_time_max}};
  for (const auto& [name, value] : longer) {
    if (config.replica_fetch_wait_max <= value) continue;
    return Unexpected(
        fmt::format("replica.fetch.wait.max.ms is {}, but must be at most {}, which is {}",
                    config.replica_fetch_wait_max / 1ms, name, value / 1ms));
  }
  return check_consumer_groups(config.group);
}

void limit_copies(NodeConfig& config, std::int32_t brokers) {
  const auto most = static_cast<std::int16_t>(std::max(brokers, 1));
  for (auto* copies :
       {&config.offsets_topic_replication_factor, &config.transaction_state_log_replication_factor,
        &config.transaction_state_log_min_isr}) {
    *copies = std::min(*copies, most);
  }
}

std::map<std::string, std::string> settings_of(const NodeConfig& config) {
  std::map<std::string, std::string> result;
  each_setting(config, [&](std::string_view name, const auto& member, Duration unit) {
    result.emplace(name, show(member, unit));
  });
  for (const auto& key : controller::topic_config_keys()) {
    if (key.broker.empty()) continue;
    const auto set = config.topic_defaults.find(key.name);
    result.emplace(key.broker, set == config.topic_defaults.end() ? key.initial : set->second);
  }
  return result;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const auto& [name, value] : settings_of({})) names.push_back(name);
  for (const auto& feature : controller::supported_features()) names.emplace_back(feature.name);
  for (const auto& fallback : FallbackTable::rows) names.emplace_back(fallback.terms.broker);
  names.emplace_back(raft::kraft_version_feature);
  std::sort(names.begin(), names.end());
  return names;
}

bool has_effect(std::string_view name) {
  const auto* const key = controller::find_topic_config_key_of_broker(name);
  return key == nullptr || controller::has_effect(*key);
}

controller::TopicDefaults topic_defaults_of(const NodeConfig& config) {
  return {.node = config.node_id, .configs = config.topic_defaults};
}

}  // namespace brokersim::broker
