// min.insync.replicas where there are eligible leader replicas: what the controller takes to be
// enough in sync, and with that who stays eligible, has to be what every leader takes it to be
// before it commits. So the cluster as a whole has a value, and no single broker one of its own
// (KIP-966).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/controller/controller_config.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// What makes it so, once eligible leader replicas are turned on.
std::vector<MetadataRecord> elr_safety_records(const Image& image, const ControllerConfig& config);

// The topics for which these records, which `image` holds, change it.
std::set<std::string> topics_of_new_min_isr(const Image& image,
                                            const std::vector<MetadataRecord>& records);

// Whether it stays so where a resource's configuration goes from `present` to `next`.
// INVALID_CONFIG if it does not; nothing is asked of a cluster that goes without ELRs.
OrRefusal<Done> check_elr_safety(const Image& image, const ConfigResource& resource,
                                 const Image::Configs& present, const Image::Configs& next);

}  // namespace brokersim::controller
