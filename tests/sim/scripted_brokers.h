// Two scripted brokers on simulated machines that share one log per partition and do as each test
// tells them — refuse, fall silent, move leadership —, and a machine for the clients that are
// tested.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "sim/world.h"

namespace brokersim::client {

using api::ErrorCode;

inline const TopicPartition p0{"orders", 0};

inline wire::Record record(std::string_view text) {
  const auto bytes = as_bytes(text);
  return {.value = Bytes(bytes.begin(), bytes.end())};
}
inline std::string text_of(const Delivered& delivered) {
  return std::string(as_text(*delivered.at.record.value));
}

// What both brokers serve.
struct Script {
  std::map<std::int32_t, NodeId> leaders;
  LeaderEpoch epoch{1};
  std::map<std::int32_t, std::vector<wire::Batch>> logs;
  Offset log_start = 0;
  std::deque<ErrorCode> produce_errors;  // Answered in turn, before anything is appended.
  std::int32_t lost_answers = 0;         // That many Produces are stored and never answered.
  bool corrupt_next_fetch = false;
  std::map<NodeId, Duration> fetch_takes;  // 5 ms, if nothing is said.
  NodeId preferred = no_node;              // To read from: the leader says so once.
  ErrorCode of_followers = ErrorCode::not_leader_or_follower;  // What they answer to a Fetch.
  std::int32_t produces = 0;
  std::int32_t metadata_requests = 0;
  bool was_asked_to_create = false;  // By the latest of them.
  // Of what is not about topics; nothing: whoever asks is cut off.
  std::function<broker::Reply(const broker::RequestContext&, const Slice&)> otherwise;

  Offset end(std::int32_t partition) {
    const auto& log = logs[partition];
    return log.empty() ? log_start : log.back().header.next_offset();
  }
};

template <class Request, class Serve>
broker::Reply answered(const broker::RequestContext& context, const Slice& body, Serve serve) {
  const auto version = context.header.api_version;
  const auto request = wire::decode<Request>(body, version);
  EXPECT_TRUE(request.has_value());
  const auto response = serve(*request);
  return {.frame = wire::response_frame(context.header.correlation_id, response, version)};
}

class FakeBroker {
 public:
  FakeBroker(NodeId id, Script& script) : id_(id), script_(script) {}

  broker::Reply answer(Env& env, const broker::RequestContext& context, const Slice& body) {
    switch (context.header.api_key) {
      case api::MetadataRequest::description.key: return reply<api::MetadataRequest>(context, body);
      case api::ProduceRequest::description.key:
        ++script_.produces;
        if (script_.lost_answers > 0) {
          --script_.lost_answers;
          (void)serve(*wire::decode<api::ProduceRequest>(body, context.header.api_version));
          env.sleep(3600s);
          return {.kind = broker::Reply::Kind::close};
        }
        return reply<api::ProduceRequest>(context, body);
      case api::FetchRequest::description.key:
        env.sleep(script_.fetch_takes.contains(id_) ? script_.fetch_takes[id_] : Duration(5ms));
        return reply<api::FetchRequest>(context, body);
      case api::ListOffsetsRequest::description.key:
        return reply<api::ListOffsetsRequest>(context, body);
      case api::CreateTopicsRequest::description.key:
        return reply<api::CreateTopicsRequest>(context, body);
      default:
        if (script_.otherwise) return script_.otherwise(context, body);
        return {.kind = broker::Reply::Kind::close};
    }
  }

 private:
  template <class Request>
  broker::Reply reply(const broker::RequestContext& context, const Slice& body) {
    return answered<Request>(context, body, [this](const Request& asked) { return serve(asked); });
  }

  bool leads(std::int32_t partition) const { return script_.leaders[partition] == id_; }

  api::MetadataResponse serve(const api::MetadataRequest& request) {
    ++script_.metadata_requests;
    script_.was_asked_to_create = request.allow_auto_topic_creation;
    api::MetadataResponse out{.controller_id = NodeId(1)};
    for (int id = 1; id <= 2; ++id) {
      out.brokers.push_back(
          {.node_id = NodeId(id), .host = fmt::format("broker-{}", id), .port = 9092});
    }
    for (const auto& topic : *request.topics) {
      out.topics.push_back({.name = topic.name});
      auto& answer = out.topics.back();
      if (script_.leaders.empty()) answer.error_code = ErrorCode::unknown_topic_or_partition;
      for (const auto& [index, leader] : script_.leaders) {
        answer.partitions.push_back(
            {.partition_index = index, .leader_id = leader, .leader_epoch = script_.epoch});
      }
    }
    return out;
  }

  api::ProduceResponse serve(const api::ProduceRequest& request) {
    api::ProduceResponse out;
    for (const auto& topic : request.topic_data) {
      out.responses.push_back({.name = topic.name});
      for (const auto& data : topic.partition_data) {
        out.responses.back().partition_responses.push_back({.index = data.index});
        auto& answer = out.responses.back().partition_responses.back();
        if (!leads(data.index)) {
          answer.error_code = ErrorCode::not_leader_or_follower;
        } else if (!script_.produce_errors.empty()) {
          answer.error_code = script_.produce_errors.front();
          script_.produce_errors.pop_front();
        } else {
          auto batch = *wire::parse_batch(data.records->slice());
          EXPECT_TRUE(batch.crc_is_valid());
          answer.base_offset = batch.header.base_offset = script_.end(data.index);
          batch.header.leader_epoch = script_.epoch;
          script_.logs[data.index].push_back(batch);
        }
      }
    }
    return out;
  }

  api::FetchResponse serve(const api::FetchRequest& request) {
    api::FetchResponse out;
    for (const auto& topic : request.topics) {
      out.responses.push_back({.topic = topic.topic});
      for (const auto& asked : topic.partitions) {
        out.responses.back().partitions.push_back(fetch(asked));
      }
    }
    return out;
  }
  api::FetchResponse::PartitionData fetch(const api::FetchRequest::FetchPartition& asked) {
    api::FetchResponse::PartitionData out{.partition_index = asked.partition};
    const Offset end = script_.end(asked.partition);
    out.high_watermark = end;
    if (!leads(asked.partition)) {
      out.error_code = script_.of_followers;
    } else if (asked.fetch_offset < script_.log_start || asked.last_fetched_epoch > script_.epoch) {
      out.error_code = ErrorCode::offset_out_of_range;
    } else if (script_.preferred.is_set()) {
      out.preferred_read_replica = std::exchange(script_.preferred, no_node);
    } else if (asked.fetch_offset > end) {
      out.diverging_epoch = {LeaderEpoch(0), end};
    } else {
      Rope records;
      for (const auto& batch : script_.logs[asked.partition]) {
        if (batch.header.next_offset() > asked.fetch_offset) records.append(batch.bytes());
      }
      if (!records.empty() && std::exchange(script_.corrupt_next_fetch, false)) {
        Bytes flat = records.flat();
        flat.back() ^= 1;
        records = Rope(std::move(flat));
      }
      out.records = api::Records(records);
    }
    return out;
  }

  api::ListOffsetsResponse serve(const api::ListOffsetsRequest& request) {
    api::ListOffsetsResponse out;
    for (const auto& topic : request.topics) {
      out.topics.push_back({.name = topic.name});
      for (const auto& asked : topic.partitions) {
        const bool is_leader = leads(asked.partition_index);
        const Offset end = script_.end(asked.partition_index);
        out.topics.back().partitions.push_back(
            {.partition_index = asked.partition_index,
             .error_code = is_leader ? ErrorCode::none : ErrorCode::not_leader_or_follower,
             .offset = asked.timestamp == earliest_timestamp ? script_.log_start : end});
      }
    }
    return out;
  }

  api::CreateTopicsResponse serve(const api::CreateTopicsRequest& request) {
    api::CreateTopicsResponse out;
    for (const auto& topic : request.topics) {
      const bool exists = !script_.leaders.empty();
      for (std::int32_t i = 0; i < topic.num_partitions; ++i) script_.leaders[i] = NodeId(1);
      out.topics.push_back(
          {.name = topic.name,
           .error_code = exists ? ErrorCode::topic_already_exists : ErrorCode::none});
    }
    return out;
  }

  NodeId id_;
  Script& script_;
};

class ScriptedBrokers : public ::testing::Test {
 protected:
  ScriptedBrokers() {
    script_.leaders = {{0, NodeId(1)}, {1, NodeId(2)}};
    for (int id = 1; id <= 2; ++id) {
      auto& machine = world_.add_machine(fmt::format("broker-{}", id), NodeId(id));
      world_.start(machine, [this, id](Env& env) {
        broker::NodeConfig config{.node_id = NodeId(id),
                                  .listener = {fmt::format("broker-{}", id), 9092}};
        FakeBroker fake(NodeId(id), script_);
        broker::Server server(
            config, [&fake](Env& fiber, const broker::RequestContext& context, const Slice& body) {
              return fake.answer(fiber, context, body);
            });
        (void)server.run(env);
      });
    }
  }

  // Runs `program` on the client's machine until all its fibers have ended, an hour at most.
  void run(const std::function<void(Env&)>& program) {
    ASSERT_TRUE(world_.start(client_, [&](Env& env) {
      env.sleep(10ms);
      program(env);
    }));
    EXPECT_TRUE(world_.run_until([&] { return !client_.is_up(); }, world_.now() + 3600s));
  }

  ClientConfig client_config() const {
    return {.bootstrap_servers = {{"broker-2", 9092}}, .request_timeout = 5s};
  }
  ProducerConfig producing() const { return {.client = client_config(), .linger = 5ms}; }
  ConsumerConfig consuming() const {
    return {.client = client_config(), .auto_offset_reset = OffsetReset::earliest};
  }

  // Sends texts one after another without waiting; their results in order.
  std::vector<SendResult> send_all(Env& env, Producer& producer,
                                   const std::vector<std::string>& texts) {
    std::vector<SendResult> results(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      producer.send(env, p0, record(texts[i]),
                    [&results, i](Host&, const SendResult& result) { results[i] = result; });
    }
    producer.flush(env);
    return results;
  }
  std::vector<std::string> stored() {
    std::vector<std::string> texts;
    for (const auto& batch : script_.logs[0]) {
      const auto records = wire::records_of(batch);
      for (const auto& at : *records) texts.emplace_back(as_text(*at.record.value));
    }
    return texts;
  }

  Script script_;
  sim::World world_{5};
  sim::Machine& client_ = world_.add_machine("client", NodeId(9));
};

}  // namespace brokersim::client
