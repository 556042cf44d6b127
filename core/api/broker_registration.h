// BrokerRegistration (key 62): a broker that starts gets its epoch from the controller (KIP-631).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct BrokerRegistrationResponse {
  MESSAGE(BrokerRegistrationResponse, .key = 62, .versions = {0, 4}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
  END_FIELDS
};

struct BrokerRegistrationRequest {
  using Response = BrokerRegistrationResponse;
  struct Listener {
    FIELDS(Listener)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    FIELD(std::int16_t, security_protocol) = 0;
    END_FIELDS
  };
  struct Feature {
    FIELDS(Feature)
    FIELD(std::string, name);
    FIELD(std::int16_t, min_supported_version) = 0;
    FIELD(std::int16_t, max_supported_version) = 0;
    END_FIELDS
  };

  MESSAGE(BrokerRegistrationRequest, .key = 62, .versions = {0, 4}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(std::string, cluster_id);
  FIELD(Uuid, incarnation_id) = {};
  FIELD(std::vector<Listener>, listeners);
  FIELD(std::vector<Feature>, features);
  FIELD(Nullable<std::string>, rack, null());
  FIELD(bool, is_migrating_zk_broker, since(1)) = false;
  FIELD(std::vector<Uuid>, log_dirs, since(2).may_drop());
  FIELD(BrokerEpoch, previous_broker_epoch, since(3).may_drop()) = no_broker_epoch;
  END_FIELDS
};

}  // namespace brokersim::api
