// The keys that name APIs in request headers. Every API that this build describes is here.
#pragma once

#include <cstdint>

namespace brokersim::api {

enum class ApiKey : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  api_versions = 18,
  create_topics = 19,
  delete_topics = 20,
  init_producer_id = 22,
  offset_for_leader_epoch = 23,
  elect_leaders = 43,
  vote = 52,
  begin_quorum_epoch = 53,
  end_quorum_epoch = 54,
  describe_quorum = 55,
  alter_partition = 56,
  fetch_snapshot = 59,
  describe_cluster = 60,
  broker_registration = 62,
  broker_heartbeat = 63,
  allocate_producer_ids = 67,
};

}  // namespace brokersim::api
