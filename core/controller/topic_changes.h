// Creating and deleting topics: what may be asked, and the records that do it (KIP-4, KIP-464).
//
// Pure: plans against an image, changes nothing.
#pragma once

#include <cstdint>

#include "core/api/create_topics.h"
#include "core/api/delete_topics.h"
#include "core/controller/controller_config.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// Each topic stands for itself: one that is refused does not keep the others from being created.
// With validate_only the response is the same, and the records are for the caller to drop.
Plan<api::CreateTopicsResponse> plan_creation(const Image& image, const ControllerConfig& config,
                                              const api::CreateTopicsRequest& request,
                                              std::uint64_t random);

// Without delete.topic.enable every topic is refused: TOPIC_DELETION_DISABLED from version 3 on,
// before that INVALID_REQUEST (KIP-322).
Plan<api::DeleteTopicsResponse> plan_deletion(const Image& image, const ControllerConfig& config,
                                              const api::DeleteTopicsRequest& request,
                                              std::int16_t version);

}  // namespace brokersim::controller
