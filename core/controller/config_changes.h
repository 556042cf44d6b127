// Changing configurations: AlterConfigs, which replaces all of a resource's, and
// IncrementalAlterConfigs, which changes some (KIP-133, KIP-226, KIP-339).
//
// A resource is changed as a whole or not at all, and each stands for itself. Where Kafka's own
// controller falls silent or resigns — a resource named twice, an operation that does not exist —
// ours answers INVALID_REQUEST.
#pragma once

#include "core/api/alter_configs.h"
#include "core/api/incremental_alter_configs.h"
#include "core/controller/controller_config.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// With validate_only the response is the same, and the records are for the caller to drop.
Plan<api::AlterConfigsResponse> plan_replacement(const Image& image, const ControllerConfig& config,
                                                 const api::AlterConfigsRequest& request);
Plan<api::IncrementalAlterConfigsResponse> plan_changes(
    const Image& image, const ControllerConfig& config,
    const api::IncrementalAlterConfigsRequest& request);

// Why a broker's configuration, or the default of all brokers, may not become `configs`. What a
// broker does not know is left to others to understand, as in Kafka.
OrRefusal<Done> check_broker_configs(const ControllerConfig& config, const Image::Configs& configs);

}  // namespace brokersim::controller
