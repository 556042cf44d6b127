// DescribeGroups, ConsumerGroupDescribe, ListGroups and DeleteGroups: what administrators ask.
#include <algorithm>
#include <utility>

#include "core/base/ignoring_case.h"
#include "core/broker/broker.h"
#include "core/broker/handlers/group_handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

// No filter lets everything pass; "stable" is "Stable".
bool passes(const std::vector<std::string>& filter, const std::string& value) {
  return filter.empty() || std::any_of(filter.begin(), filter.end(), [&](const auto& wanted) {
           return equals_ignoring_case(wanted, value);
         });
}

}  // namespace

api::DescribeGroupsResponse describe_groups(Env&, Broker& broker, const RequestContext&,
                                            api::DescribeGroupsRequest request) {
  api::DescribeGroupsResponse response;
  for (const auto& name : request.groups) {
    const auto coordinator = broker.groups().find(name);
    if (coordinator) {
      response.groups.push_back((*coordinator)->shard().describe(name));
    } else {
      response.groups.push_back({.error_code = coordinator.error(), .group_id = name});
    }
  }
  return response;
}

api::ConsumerGroupDescribeResponse consumer_group_describe(
    Env&, Broker& broker, const RequestContext&, api::ConsumerGroupDescribeRequest request) {
  api::ConsumerGroupDescribeResponse response;
  for (const auto& name : request.group_ids) {
    if (!broker.groups().has_consumer_groups()) {
      response.groups.push_back({.error_code = ErrorCode::unsupported_version, .group_id = name});
      continue;
    }
    const auto coordinator = broker.groups().find(name);
    if (coordinator) {
      response.groups.push_back((*coordinator)->shard().describe_consumers(name));
    } else {
      response.groups.push_back({.error_code = coordinator.error(), .group_id = name});
    }
  }
  return response;
}

api::ListGroupsResponse list_groups(Env&, Broker& broker, const RequestContext&,
                                    api::ListGroupsRequest request) {
  api::ListGroupsResponse response;
  for (const auto& [partition, coordinator] : broker.groups().all()) {
    const auto availability = coordinator->availability();
    if (availability == ErrorCode::coordinator_load_in_progress) {
      response.error_code = availability;
      response.groups.clear();
      return response;
    }
    if (availability != ErrorCode::none) continue;
    for (auto& row : coordinator->shard().list()) {
      const bool is_wanted = passes(request.states_filter, row.group_state) &&
                             passes(request.types_filter, row.group_type);
      if (is_wanted) response.groups.push_back(std::move(row));
    }
  }
  return response;
}

Answer<api::DeleteGroupsResponse> delete_groups(Env& env, Broker& broker, const RequestContext&,
                                                api::DeleteGroupsRequest request) {
  api::DeleteGroupsResponse response;
  for (const auto& name : request.groups_names) {
    const auto coordinator = broker.groups().find(name);
    if (!coordinator) {
      response.results.push_back({.group_id = name, .error_code = coordinator.error()});
      continue;
    }
    auto one =
        (*coordinator)->ask<api::DeleteGroupsResponse>(env, [&](auto& shard, auto now, auto id) {
          return shard.delete_group(now, id, name);
        });
    if (!one || !*one) return one;
    response.results.push_back((*one)->results.front());
  }
  return response;
}

}  // namespace brokersim::broker::handlers
