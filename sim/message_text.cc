#include "sim/message_text.h"

#include <algorithm>
#include <concepts>
#include <optional>

#include <fmt/format.h>

#include "core/controller/records.h"
#include "core/wire/record_batch.h"

namespace brokersim::sim {
namespace {

std::string leader_of(NodeId leader, LeaderEpoch epoch) {
  if (!leader.is_set()) return fmt::format("nobody leads, epoch {}", epoch);
  return fmt::format("b{} leads, epoch {}", leader, epoch);
}

std::string range(std::int64_t first, std::int64_t last) {
  return first == last ? fmt::format("{}", first) : fmt::format("{}..{}", first, last);
}

std::vector<wire::Batch> batches_in(const std::optional<wire::Records>& records) {
  if (!records) return {};
  auto batches = wire::parse_batches(records->slice());
  return batches ? std::move(*batches) : std::vector<wire::Batch>();
}

std::vector<wire::RecordAt> records_in(const std::optional<wire::Records>& records) {
  std::vector<wire::RecordAt> all;
  for (const auto& batch : batches_in(records)) {
    auto some = wire::records_of(batch);
    if (!some) continue;
    for (auto& record : *some) all.push_back(std::move(record));
  }
  return all;
}

// Replaces; true if it was something else, or nothing.
template <class Key, class Value>
bool changes(std::map<Key, Value>& known, const Key& key, const Value& value) {
  const auto [at, is_new] = known.try_emplace(key, value);
  return is_new || std::exchange(at->second, value) != value;
}

bool is_error(api::ErrorCode code) { return code != api::ErrorCode::none; }

}  // namespace

// Writes one message.
struct MessageText::Writer {
  const MessageText& names;
  Said& said;
  Message& out;

  void write(std::string text, bool has_news = true) {
    out.text = std::move(text);
    out.has_news |= has_news;
  }
  void add(TopicPartition partition, std::string text, bool has_news = true) {
    out.has_news |= has_news;
    out.parts.push_back({std::move(partition), std::move(text), has_news});
  }
  std::string topic(const std::string& name, const Uuid& id) const {
    return topic_named(name, id, names.topic_name_);
  }

  template <wire::Message Body>
  void describe(const Body&) {}  // Its name says enough.

  // ---- Records ----

  void describe(const api::ProduceRequest& request) {
    const std::string acks = request.acks == -1 ? "all" : fmt::format("{}", request.acks);
    for (const auto& topic : request.topic_data) {
      for (const auto& partition : topic.partition_data) {
        add({topic.name, partition.index},
            fmt::format("Produce {} acks={}", ops_of(records_in(partition.records)), acks));
      }
    }
  }
  // "op3", "op3..5", "4 records"
  std::string ops_of(const std::vector<wire::RecordAt>& records) const {
    std::vector<std::int64_t> ops;
    for (const auto& record : records) {
      const auto op = names.ops_.find(wire::record_digest(record.record));
      if (op != names.ops_.end()) ops.push_back(op->second);
    }
    std::sort(ops.begin(), ops.end());
    const bool is_run = !ops.empty() && ops.size() == records.size() &&
                        ops.back() - ops.front() + 1 == std::int64_t(ops.size());
    if (is_run) return "op" + range(ops.front(), ops.back());
    return fmt::format("{} record{}", records.size(), records.size() == 1 ? "" : "s");
  }
  void describe(const api::ProduceResponse& response) {
    for (const auto& topic : response.responses) {
      for (const auto& partition : topic.partition_responses) {
        add({topic.name, partition.index},
            is_error(partition.error_code) ? fmt::format("{}", partition.error_code)
                                           : fmt::format("ack offset {}", partition.base_offset));
      }
    }
  }

  // ---- Fetching ----

  void describe(const api::FetchRequest& request) {
    for (const auto& fetched : request.topics) {
      const auto name = topic(fetched.topic, fetched.topic_id);
      for (const auto& partition : fetched.partitions) {
        const TopicPartition key{name, partition.partition};
        const bool has_news = changes(said.fetch_offsets, key, partition.fetch_offset);
        add(key, fmt::format("Fetch @{}", partition.fetch_offset), has_news);
      }
    }
  }
  void describe(const api::FetchResponse& response) {
    if (is_error(response.error_code)) write(fmt::format("{}", response.error_code));
    for (const auto& fetched : response.responses) {
      const auto name = topic(fetched.topic, fetched.topic_id);
      for (const auto& partition : fetched.partitions) {
        add_fetched({name, partition.partition_index}, partition);
      }
    }
  }
  void add_fetched(const TopicPartition& name, const api::FetchResponse::PartitionData& partition) {
    if (is_error(partition.error_code)) {
      add(name, fmt::format("{}", partition.error_code));
      return;
    }
    if (partition.diverging_epoch.end_offset >= 0) {
      add(name, fmt::format("diverges: epoch {} ends @{}", partition.diverging_epoch.epoch,
                            partition.diverging_epoch.end_offset));
      return;
    }
    const bool moves = changes(said.high_watermarks, name, partition.high_watermark);
    const auto batches = batches_in(partition.records);
    const std::string mark = fmt::format("HW {}", partition.high_watermark);
    if (batches.empty()) {
      add(name, mark, moves);
      return;
    }
    const auto first = batches.front().header.base_offset;
    const auto last = batches.back().header.last_offset();
    add(name, fmt::format("records @{}, {}", range(first, last), mark));
    if (name == metadata_partition()) add_metadata(partition.records);
  }
  // What the brokers learn of partitions.
  void add_metadata(const std::optional<wire::Records>& records) {
    for (const auto& [offset, record] : records_in(records)) {
      const auto decoded = controller::decode_record(record.value.value_or(Bytes()));
      if (!decoded) continue;
      if (const auto* whole = std::get_if<controller::PartitionRecord>(&*decoded)) {
        add({topic("", whole->topic_id), whole->partition_id},
            fmt::format("{}, ISR {}", leader_of(whole->leader, whole->leader_epoch),
                        text_of(whole->isr)));
      } else if (const auto* change = std::get_if<controller::PartitionChangeRecord>(&*decoded)) {
        add({topic("", change->topic_id), change->partition_id}, change_text(*change));
      }
    }
  }
  static std::string change_text(const controller::PartitionChangeRecord& change) {
    std::string text;
    if (change.leader != controller::leader_unchanged) {
      text = change.leader.is_set() ? fmt::format("b{} leads", change.leader) : "nobody leads";
    }
    if (change.isr) text += fmt::format("{}ISR {}", text.empty() ? "" : ", ", text_of(*change.isr));
    return text.empty() ? "changed" : text;
  }

  // ---- Where logs and epochs end, who leads ----

  void describe(const api::OffsetForLeaderEpochRequest& request) {
    for (const auto& topic : request.topics) {
      for (const auto& partition : topic.partitions) {
        add({topic.topic, partition.partition},
            fmt::format("where does epoch {} end?", partition.leader_epoch));
      }
    }
  }
  void describe(const api::OffsetForLeaderEpochResponse& response) {
    for (const auto& topic : response.topics) {
      for (const auto& partition : topic.partitions) {
        add({topic.topic, partition.partition},
            is_error(partition.error_code)
                ? fmt::format("{}", partition.error_code)
                : fmt::format("epoch {} ends @{}", partition.leader_epoch, partition.end_offset));
      }
    }
  }
  void describe(const api::ListOffsetsResponse& response) {
    for (const auto& topic : response.topics) {
      for (const auto& partition : topic.partitions) {
        add({topic.name, partition.partition_index}, is_error(partition.error_code)
                                                         ? fmt::format("{}", partition.error_code)
                                                         : fmt::format("@{}", partition.offset));
      }
    }
  }
  void describe(const api::MetadataRequest&) { write("Metadata", false); }
  void describe(const api::MetadataResponse& response) {
    for (const auto& known : response.topics) {
      const auto name = topic(known.name.value_or(""), known.topic_id);
      for (const auto& partition : known.partitions) {
        const TopicPartition key{name, partition.partition_index};
        const std::pair leader{partition.leader_id, partition.leader_epoch};
        add(key, leader_of(partition.leader_id, partition.leader_epoch),
            changes(said.leaders, key, leader));
      }
    }
  }

  // ---- Control plane ----

  void describe(const api::AlterPartitionRequest& request) {
    for (const auto& changed : request.topics) {
      const auto name = topic("", changed.topic_id);
      for (const auto& partition : changed.partitions) {
        std::vector<NodeId> isr = partition.new_isr;
        for (const auto& member : partition.new_isr_with_epochs) isr.push_back(member.broker_id);
        add({name, partition.partition_index}, fmt::format("AlterPartition ISR {}", text_of(isr)));
      }
    }
  }
  void describe(const api::AlterPartitionResponse& response) {
    if (is_error(response.error_code)) write(fmt::format("{}", response.error_code));
    for (const auto& changed : response.topics) {
      const auto name = topic("", changed.topic_id);
      for (const auto& partition : changed.partitions) {
        add({name, partition.partition_index},
            is_error(partition.error_code) ? fmt::format("{}", partition.error_code)
                                           : fmt::format("ISR is {}", text_of(partition.isr)));
      }
    }
  }
  void describe(const api::ElectLeadersRequest& request) {
    const std::string text =
        request.election_type == 0 ? "elect the preferred leader" : "elect anybody";
    if (!request.topic_partitions) write(text);
    if (!request.topic_partitions) return;
    for (const auto& topic : *request.topic_partitions) {
      for (const auto partition : topic.partitions) add({topic.topic, partition}, text);
    }
  }
  void describe(const api::ElectLeadersResponse& response) {
    for (const auto& topic : response.replica_election_results) {
      for (const auto& partition : topic.partition_result) {
        add({topic.topic, partition.partition_id},
            is_error(partition.error_code) ? fmt::format("{}", partition.error_code) : "elected");
      }
    }
  }
  // What is forwarded is described as it is.
  void describe(const api::EnvelopeRequest& envelope) {
    const auto inner = api::parse_request(Slice::copy_of(envelope.request_data));
    if (!inner) return;
    names.describe_request(inner->header.api_key, inner->header.api_version, inner->body, said,
                           out);
    if (out.text.empty()) write(std::string(api::name_of(api::ApiKey{inner->header.api_key})));
  }
  void describe(const api::EnvelopeResponse& envelope) {
    if (is_error(envelope.error_code)) write(fmt::format("{}", envelope.error_code));
  }
  void describe(const api::CreateTopicsRequest& request) {
    std::string names_of_topics;
    for (const auto& topic : request.topics) names_of_topics += " " + topic.name;
    write("CreateTopics" + names_of_topics);
  }
  void describe(const api::BrokerRegistrationRequest& request) {
    write(fmt::format("register b{}", request.broker_id));
  }
  void describe(const api::BrokerRegistrationResponse& response) {
    write(is_error(response.error_code) ? fmt::format("{}", response.error_code)
                                        : fmt::format("broker epoch {}", response.broker_epoch));
  }
  void describe(const api::BrokerHeartbeatRequest& request) {
    write(request.want_shut_down ? "wants to shut down"
                                 : (request.want_fence ? "heartbeat, fenced" : "heartbeat"),
          request.want_shut_down);
  }
  void describe(const api::BrokerHeartbeatResponse& response) {
    if (is_error(response.error_code)) {
      write(fmt::format("{}", response.error_code));
    } else if (response.should_shut_down) {
      write("may shut down");
    } else {
      write(response.is_fenced ? "is fenced" : "alive", false);
    }
  }

  // ---- Quorum ----

  void describe(const api::VoteRequest& request) {
    for (const auto& topic : request.topics) {
      for (const auto& partition : topic.partitions) {
        write(fmt::format("{} epoch {}", partition.pre_vote ? "PreVote" : "Vote",
                          partition.candidate_epoch));
      }
    }
  }
  void describe(const api::VoteResponse& response) {
    for (const auto& topic : response.topics) {
      for (const auto& partition : topic.partitions) {
        write(partition.vote_granted ? "yes" : fmt::format("no, epoch {}", partition.leader_epoch));
      }
    }
  }
  void describe(const api::BeginQuorumEpochRequest& request) {
    for (const auto& topic : request.topics) {
      for (const auto& partition : topic.partitions) {
        write(fmt::format("leads quorum epoch {}", partition.leader_epoch), false);
      }
    }
  }
  void describe(const api::EndQuorumEpochRequest& request) {
    for (const auto& topic : request.topics) {
      for (const auto& partition : topic.partitions) {
        write(fmt::format("resigns quorum epoch {}", partition.leader_epoch));
      }
    }
  }
};

namespace {

// Decodes the body as what it is and has it described.
template <class Writer>
struct AsRequest {
  std::int16_t key;
  std::int16_t version;
  const Slice& body;
  Writer& writer;
  template <class Request>
  void operator()() const {
    if (Request::description.key != key) return;
    if (const auto request = wire::decode<Request>(body, version)) writer.describe(*request);
  }
};

template <class Writer>
struct AsResponse {
  std::int16_t key;
  std::int16_t version;
  const Slice& frame;
  Writer& writer;
  template <class Request>
  void operator()() const {
    using Response = typename Request::Response;
    if (Request::description.key != key) return;
    const auto parsed = wire::parse_response_to<Response>(frame, version);
    if (!parsed) return;
    if (const auto response = wire::decode<Response>(parsed->body, version)) {
      writer.describe(*response);
    }
  }
};

}  // namespace

void MessageText::describe_request(std::int16_t key, std::int16_t version, const Slice& body,
                                   Said& said, Message& message) const {
  Writer writer{*this, said, message};
  api::for_each_request(AsRequest<Writer>{key, version, body, writer});
}

void MessageText::describe_response(std::int16_t key, std::int16_t version, const Slice& frame,
                                    Said& said, Message& message) const {
  Writer writer{*this, said, message};
  api::for_each_request(AsResponse<Writer>{key, version, frame, writer});
}

}  // namespace brokersim::sim
