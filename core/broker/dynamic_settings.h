// The settings of a broker that change while it runs (KIP-226): what the metadata says of them for
// this broker, or for all, counts before what the node was started with. Defaults of topics are no
// part of this: they are looked up wherever a topic's configuration is (TopicConfigs).
//
// Pure: of an image and the configuration that the node was started with.
#pragma once

#include "core/broker/config.h"
#include "core/controller/image.h"

namespace brokersim::broker {

// Whether something changed that may be one of them.
bool changes_settings(const controller::Delta& delta);

// Makes `config`, which was `started` at first, what is in force now that the metadata are `image`.
void take_dynamic_settings(NodeConfig& config, const NodeConfig& started,
                           const controller::Image& image);

}  // namespace brokersim::broker
