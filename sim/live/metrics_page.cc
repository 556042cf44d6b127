#include "sim/live/metrics_page.h"

#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "core/api/all.h"
#include "sim/live/exposition.h"

namespace brokersim::live {
namespace {

using Type = Exposition::Type;

// Adds the samples of one node.
using Add = std::function<void(Exposition& out, const Labels& node, const ScrapedNode&)>;

struct Family {
  std::string_view name;
  Type type;
  std::string_view help;
  Add add;
};

Labels with(Labels labels, std::string_view name, std::string value) {
  labels.emplace_back(name, std::move(value));
  return labels;
}

std::string text_of(api::ApiKey key) { return std::string(api::name_of(key)); }

// ---- What most families do ---------------------------------------------------------------------

// One number of the counters.
template <class T>
Add counted(T broker::NodeMetrics::*member) {
  return [member](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    out.sample(node, scraped.look.metrics.*member);
  };
}

// One number of a node that is a broker, or a controller.
template <class Value>
Add of_broker(Value value) {
  return [value](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    if (scraped.look.broker) out.sample(node, value(*scraped.look.broker));
  };
}
template <class Value>
Add of_controller(Value value) {
  return [value](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    if (scraped.look.controller) out.sample(node, value(*scraped.look.controller));
  };
}
Add decided(std::uint64_t broker::NodeMetrics::*member) {
  return [member](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    if (scraped.look.controller) out.sample(node, scraped.look.metrics.*member);
  };
}

// How many of a broker's partitions are so.
Add replicas_that(bool (*are_so)(const broker::ReplicaLook&)) {
  return of_broker([are_so](const broker::BrokerLook& look) {
    return std::count_if(look.replicas.begin(), look.replicas.end(), are_so);
  });
}

// One number of each partition.
template <class Value>
Add of_each_replica(Value value) {
  return [value](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    if (!scraped.look.broker) return;
    for (const auto& replica : scraped.look.broker->replicas) {
      out.sample(with(with(node, "topic", replica.partition.topic), "partition",
                      fmt::format("{}", replica.partition.partition)),
                 value(replica));
    }
  };
}

// One number of each topic's traffic; of what is fetched, by whom.
Add produced(std::uint64_t broker::Traffic::*member) {
  return [member](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    for (const auto& [topic, traffic] : scraped.look.metrics.topics) {
      out.sample(with(node, "topic", topic), traffic.produced.*member);
    }
  };
}
Add fetched(std::uint64_t broker::Traffic::*member) {
  return [member](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
    for (const auto& [topic, traffic] : scraped.look.metrics.topics) {
      const auto labels = with(node, "topic", topic);
      out.sample(with(labels, "by", "consumer"), traffic.fetched_by_consumers.*member);
      out.sample(with(labels, "by", "follower"), traffic.fetched_by_followers.*member);
    }
  };
}

// ---- The families ------------------------------------------------------------------------------

void add_requests(std::vector<Family>& all) {
  all.push_back({"brokersim_requests_total", Type::counter, "Requests dealt with.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   for (const auto& [request, count] : scraped.look.metrics.requests) {
                     out.sample(with(with(node, "api", text_of(request.first)), "version",
                                     fmt::format("{}", request.second)),
                                count);
                   }
                 }});
  all.push_back({"brokersim_request_errors_total", Type::counter,
                 "Responses that carry this error, for the whole or for a part of the request.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   for (const auto& [answer, count] : scraped.look.metrics.errors) {
                     out.sample(with(with(node, "api", text_of(answer.first)), "error",
                                     std::string(name_of(answer.second))),
                                count);
                   }
                 }});
  all.push_back({"brokersim_request_duration_seconds", Type::histogram,
                 "From a request read to its response queued, waiting for data included.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   for (const auto& [api, latencies] : scraped.look.metrics.latencies) {
                     out.sample(with(node, "api", text_of(api)), latencies);
                   }
                 }});
  all.push_back({"brokersim_produce_acks_wait_seconds", Type::histogram,
                 "How long Produce requests waited for copies on other brokers.",
                 counted(&broker::NodeMetrics::acks_waits)});
  all.push_back({"brokersim_purgatory_requests", Type::gauge,
                 "Requests that wait: Produce for copies, Fetch for data.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   const auto& metrics = scraped.look.metrics;
                   out.sample(with(node, "api", "Fetch"), metrics.fetches_waiting);
                   out.sample(with(node, "api", "Produce"), metrics.produces_waiting);
                 }});
}

void add_connections(std::vector<Family>& all) {
  all.push_back({"brokersim_network_received_bytes_total", Type::counter,
                 "Bytes of requests, their lengths included.",
                 counted(&broker::NodeMetrics::bytes_received)});
  all.push_back({"brokersim_network_sent_bytes_total", Type::counter,
                 "Bytes of responses, their lengths included.",
                 counted(&broker::NodeMetrics::bytes_sent)});
  all.push_back({"brokersim_connections", Type::gauge, "Connections that are open.",
                 counted(&broker::NodeMetrics::connections_open)});
  all.push_back({"brokersim_connections_accepted_total", Type::counter,
                 "Connections that came, those refused at once included.",
                 counted(&broker::NodeMetrics::connections_accepted)});
  all.push_back({"brokersim_connections_closed_total", Type::counter,
                 "Connections that ended, or were not taken, by reason.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   const auto& closed = scraped.look.metrics.connections_closed;
                   for (const auto reason : all_close_reasons) {
                     const auto count = closed.find(reason);
                     out.sample(with(node, "reason", std::string(name_of(reason))),
                                count == closed.end() ? 0 : count->second);
                   }
                 }});
}

void add_topics(std::vector<Family>& all) {
  all.push_back({"brokersim_topic_produced_records_total", Type::counter,
                 "Records appended for producers.", produced(&broker::Traffic::records)});
  all.push_back({"brokersim_topic_produced_bytes_total", Type::counter,
                 "Bytes of batches appended for producers.", produced(&broker::Traffic::bytes)});
  all.push_back({"brokersim_topic_fetched_records_total", Type::counter,
                 "Records of batches sent in answer to Fetch.",
                 fetched(&broker::Traffic::records)});
  all.push_back({"brokersim_topic_fetched_bytes_total", Type::counter,
                 "Bytes of batches sent in answer to Fetch.", fetched(&broker::Traffic::bytes)});
}

void add_partitions(std::vector<Family>& all) {
  all.push_back({"brokersim_partitions", Type::gauge, "Partitions the broker holds.",
                 of_broker([](const broker::BrokerLook& look) { return look.replicas.size(); })});
  all.push_back({"brokersim_leader_partitions", Type::gauge, "Partitions the broker leads.",
                 replicas_that([](const auto& replica) { return replica.is_leader; })});
  all.push_back({"brokersim_under_replicated_partitions", Type::gauge,
                 "Partitions the broker leads with fewer replicas in sync than assigned.",
                 replicas_that([](const auto& replica) { return replica.is_under_replicated(); })});
  all.push_back(
      {"brokersim_under_min_isr_partitions", Type::gauge,
       "Partitions the broker leads with fewer replicas in sync than min.insync.replicas.",
       replicas_that([](const auto& replica) { return replica.is_under_min_in_sync(); })});
  all.push_back(
      {"brokersim_throttled_replication_bytes_total", Type::counter,
       "Bytes of partitions with throttled replication: given as leader, taken as follower.",
       [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
         if (!scraped.look.broker) return;
         const auto& look = *scraped.look.broker;
         out.sample(with(node, "as", "leader"), look.throttled_bytes_out);
         out.sample(with(node, "as", "follower"), look.throttled_bytes_in);
       }});
  all.push_back({"brokersim_log_start_offset", Type::gauge, "Where the partition's log begins.",
                 of_each_replica([](const auto& replica) { return replica.start_offset; })});
  all.push_back({"brokersim_log_end_offset", Type::gauge, "Where the partition's log ends.",
                 of_each_replica([](const auto& replica) { return replica.end_offset; })});
  all.push_back({"brokersim_high_watermark", Type::gauge,
                 "Up to where the partition is committed, as far as the broker knows.",
                 of_each_replica([](const auto& replica) { return replica.high_watermark; })});
  all.push_back({"brokersim_log_size_bytes", Type::gauge, "Bytes of the partition's segments.",
                 of_each_replica([](const auto& replica) { return replica.size; })});
}

void add_metadata(std::vector<Family>& all) {
  const auto of_node = [](auto value) -> Add {
    return [value](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
      out.sample(node, value(scraped.look));
    };
  };
  all.push_back({"brokersim_broker_fenced", Type::gauge,
                 "1 while the broker may not lead, by the metadata it has applied.",
                 of_broker([](const auto& look) { return look.is_fenced ? 1 : 0; })});
  all.push_back({"brokersim_metadata_lag_records", Type::gauge,
                 "Committed metadata records that the node knows of and has not read.",
                 of_node([](const broker::NodeLook& look) {
                   return look.metadata_high_watermark - 1 - look.loaded_metadata_offset;
                 })});
  all.push_back({"brokersim_metadata_applied_offset", Type::gauge,
                 "The last metadata record that the broker has acted on; -1: none.",
                 of_broker([](const auto& look) { return look.applied_metadata_offset; })});
  all.push_back({"brokersim_quorum_leader", Type::gauge,
                 "Id of the quorum's leader as far as the node knows; -1: none.",
                 of_node([](const auto& look) { return look.quorum_leader.value; })});
  all.push_back({"brokersim_quorum_epoch", Type::gauge, "Epoch of the quorum.",
                 of_node([](const auto& look) { return look.quorum_epoch.value; })});
  all.push_back({"brokersim_quorum_high_watermark", Type::gauge,
                 "Up to where the metadata log is committed, as far as the node knows.",
                 of_node([](const auto& look) { return look.metadata_high_watermark; })});
  all.push_back({"brokersim_quorum_log_end_offset", Type::gauge,
                 "Where the node's metadata log ends.",
                 of_node([](const auto& look) { return look.metadata_end_offset; })});
}

void add_controllers(std::vector<Family>& all) {
  using Look = broker::ControllerLook;
  using broker::NodeMetrics;
  const auto add = [&](std::string_view name, Type type, std::string_view help, Add samples) {
    all.push_back({name, type, help, std::move(samples)});
  };
  add("brokersim_controller_active", Type::gauge, "1 on the active controller.",
      of_controller([](const Look& look) { return look.is_active ? 1 : 0; }));
  add("brokersim_controller_topics", Type::gauge, "Topics of the cluster.",
      of_controller([](const Look& look) { return look.topics; }));
  add("brokersim_controller_partitions", Type::gauge, "Partitions of the cluster.",
      of_controller([](const Look& look) { return look.partitions; }));
  add("brokersim_controller_offline_partitions", Type::gauge, "Partitions that nobody leads.",
      of_controller([](const Look& look) { return look.offline_partitions; }));
  add("brokersim_controller_active_brokers", Type::gauge, "Brokers that are not fenced.",
      of_controller([](const Look& look) { return look.active_brokers; }));
  add("brokersim_controller_fenced_brokers", Type::gauge, "Brokers that are registered and fenced.",
      of_controller([](const Look& look) { return look.fenced_brokers; }));
  add("brokersim_controller_elections_total", Type::counter,
      "Leaders of partitions that this controller chose.", decided(&NodeMetrics::elections));
  add("brokersim_controller_unclean_elections_total", Type::counter,
      "Of those, leaders that were not in sync.", decided(&NodeMetrics::unclean_elections));
  add("brokersim_controller_isr_shrinks_total", Type::counter,
      "Sets of in-sync replicas that became smaller.", decided(&NodeMetrics::isr_shrinks));
  add("brokersim_controller_isr_expansions_total", Type::counter,
      "Sets of in-sync replicas that became larger.", decided(&NodeMetrics::isr_expansions));
  add("brokersim_controller_fencings_total", Type::counter, "Brokers that this controller fenced.",
      decided(&NodeMetrics::fencings));
}

void add_process(std::vector<Family>& all) {
  all.push_back({"brokersim_fibers", Type::gauge,
                 "Fibers of the node: its own, and one of each connection.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   out.sample(node, scraped.fibers);
                 }});
  all.push_back({"brokersim_fsync_duration_seconds", Type::histogram,
                 "How long the node's disk took to make files and directories durable.",
                 [](Exposition& out, const Labels& node, const ScrapedNode& scraped) {
                   out.sample(node, scraped.syncs);
                 }});
}

std::vector<Family> all_families() {
  std::vector<Family> all;
  add_requests(all);
  add_connections(all);
  add_topics(all);
  add_partitions(all);
  add_metadata(all);
  add_controllers(all);
  add_process(all);
  return all;
}

// A node of both roles counts as a broker.
Labels labels_of(const ScrapedNode& node) {
  return {{node.look.broker ? "broker" : "controller", fmt::format("{}", node.id)}};
}

}  // namespace

std::string metrics_page(const std::vector<ScrapedNode>& nodes, std::uint64_t lines_dropped) {
  Exposition out;
  for (const auto& family : all_families()) {
    out.family(family.name, family.type, family.help);
    for (const auto& node : nodes) family.add(out, labels_of(node), node);
  }
  out.family("brokersim_log_lines_dropped_total", Type::counter,
             "Lines of the process's log that were dropped because nobody reads them.");
  out.sample({}, lines_dropped);
  return out.text();
}

}  // namespace brokersim::live
