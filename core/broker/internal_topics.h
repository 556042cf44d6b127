// Topics that the brokers make for themselves, when somebody first needs them.
#pragma once

#include <string_view>

#include "core/api/create_topics.h"
#include "core/broker/broker.h"
#include "core/broker/server.h"

namespace brokersim::broker {

bool is_internal_topic(std::string_view name);
// Whether a client's records are taken there: of an internal topic only those of Kafka's own tools,
// which say who they are by their client id.
bool may_produce_to(std::string_view topic, const RequestContext& client);
// What to create a topic that does not exist yet with: an internal one as the configuration says,
// any other with the cluster's defaults.
api::CreateTopicsRequest::CreatableTopic creation_of(const NodeConfig& config,
                                                     std::string_view name);
// Has the controller create the topic; NONE also if it exists already. The metadata applied here
// may not have it yet.
api::ErrorCode auto_create(Env& env, Broker& broker, const RequestContext& client,
                           std::string_view name);
// The same for an internal topic that somebody needs: he comes again until it is there. What will
// keep it from ever being there is noted.
void make_internal_topic(Env& env, Broker& broker, const RequestContext& client,
                         std::string_view name);

}  // namespace brokersim::broker
