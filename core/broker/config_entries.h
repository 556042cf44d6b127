// Configurations as DescribeConfigs shows them: the value in force, and every place that has one to
// give, in the order in which they are looked at (KIP-226).
//
//   segment.bytes = 2000   topic                  segment.bytes = 2000
//                          this broker, dynamic   log.segment.bytes = 3000
//                          all brokers, dynamic   …
//                          the node's own file    …
//                          Kafka's default        log.segment.bytes = 1073741824
//
// Pure: of an image and a node's configuration.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/describe_configs.h"
#include "core/broker/config.h"
#include "core/controller/image.h"
#include "core/controller/topic_config.h"

namespace brokersim::broker {

using ConfigEntry = api::DescribeConfigsResponse::DescribeConfigsResourceResult;

class ConfigEntries {
 public:
  // The image must outlive this. `config` is what the node was started with.
  ConfigEntries(const controller::Image& image, const NodeConfig& config);

  // Ordered by name; each with its synonyms and documentation.
  std::vector<ConfigEntry> of_topic(const std::string& topic) const;
  // Of a consumer group, which need not exist (KIP-848).
  std::vector<ConfigEntry> of_group(const std::string& group) const;
  std::vector<ConfigEntry> of_broker() const;            // The node itself.
  std::vector<ConfigEntry> of_cluster_defaults() const;  // What is set for all brokers, no more.

 private:
  using Synonyms = std::vector<api::DescribeConfigsResponse::DescribeConfigsSynonym>;

  Synonyms synonyms_in_broker(const std::string& name) const;
  ConfigEntry entry(const std::string& name, Synonyms synonyms) const;
  std::string value_of_node(const std::string& name) const;
  // Null for what only a restart changes.
  static const controller::TopicConfigKey* key_of(std::string_view name);

  const controller::Image& image_;
  const controller::Image::Configs& dynamic_;
  const controller::Image::Configs& cluster_defaults_;
  std::map<std::string, std::string> own_;       // Of the node's configuration.
  std::map<std::string, std::string> defaults_;  // What is there without one.
};

}  // namespace brokersim::broker
