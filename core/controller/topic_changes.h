// Creating and deleting topics: what may be asked, and the records that do it (KIP-4, KIP-464).
//
// Pure: plans against an image, changes nothing.
#pragma once

#include <vector>

#include "core/api/create_topics.h"
#include "core/api/delete_topics.h"
#include "core/controller/controller_config.h"
#include "core/controller/image.h"
#include "core/controller/records.h"

namespace brokersim::controller {

template <class Response>
struct TopicPlan {
  std::vector<MetadataRecord> records;
  Response response;
};

// Each topic stands for itself: one that is refused does not keep the others from being created.
// With validate_only the response is the same, and the records are for the caller to drop.
TopicPlan<api::CreateTopicsResponse> plan_creation(const Image& image,
                                                   const ControllerConfig& config,
                                                   const api::CreateTopicsRequest& request,
                                                   std::uint64_t random);

TopicPlan<api::DeleteTopicsResponse> plan_deletion(const Image& image,
                                                   const api::DeleteTopicsRequest& request);

}  // namespace brokersim::controller
