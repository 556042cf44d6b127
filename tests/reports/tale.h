// Runs written by hand for tests of pictures and pages: events with ids in order, and messages.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "core/base/message.h"
#include "properties/property.h"

namespace brokersim::reports {

inline const TopicPartition orders{"orders", 0};

class Tale {
 public:
  EventId add(Duration at, int node, EventBody body) {
    events.push_back({EventId{events.size() + 1}, Instant{at}, NodeId{node}, {}, std::move(body)});
    return events.back().id;
  }
  Message& tell(Duration sent, int from, int to, std::string api, std::string text) {
    Message message;
    message.number = static_cast<std::int64_t>(messages.size()) + 1;
    message.sent = Instant{sent};
    message.ended = Instant{sent + 200us};
    message.from = NodeId{from};
    message.to = NodeId{to};
    message.api = std::move(api);
    message.has_news = true;
    message.parts = {{orders, std::move(text), true}};
    messages.push_back(std::move(message));
    return messages.back();
  }

  static BatchRef batch(Offset offset, int epoch) {
    return {offset, offset, LeaderEpoch{epoch}, 7};
  }

  std::vector<Event> events;
  std::vector<Message> messages;
};

// broker-1 acknowledges offset 4 at 1 s and is cut off at 2 s; broker-2, which lacks it, is elected
// at 3 s; at 4 s broker-1 hears of it and drops the record.
struct LostRecord : Tale {
  LostRecord() {
    add(0ms, 1, NodeStarted{"broker-1", 0});
    add(0ms, 2, NodeStarted{"broker-2", 0});
    add(0ms, 101, NodeStarted{"controller-1", 0});
    add(0ms, 1000, NodeStarted{"host-01", 0});
    add(100ms, 101, QuorumRoleChanged{LeaderEpoch{1}, "leader", NodeId{101}, "votes"});
    committed(200ms, 1, 0);
    add(201ms, 1, BecameLeader{orders, LeaderEpoch{0}, 4, 4});
    add(202ms, 2, BecameFollower{orders, LeaderEpoch{0}, NodeId{1}, 4});
    add(999ms, 1000, SendInvoked{7, "host-01", orders, 9});
    tell(999ms, 1000, 1, "Produce", "Produce op7 acks=all");
    add(999500us, 1, BatchStored{orders, batch(4, 0)});
    acked = add(1s, 1, ProduceAnswered{"host-01", orders, -1, 0, batch(4, 0)});
    tell(1s, 1, 1000, "Produce", "ack offset 4").answers = 1;
    add(1001ms, 1000, SendEnded{7, "host-01", orders, Outcome::ok, 0, -1, 4});
    add(2s, -1,
        FaultBegan{
            1, "one_way_partition", "leader:orders-0 | controller-1", {NodeId{1}}, {NodeId{101}}});
    add(3s, 101,
        LeaderElected{orders,
                      NodeId{1},
                      NodeId{2},
                      LeaderEpoch{1},
                      "broker-1 sent no heartbeat",
                      true,
                      {NodeId{1}, NodeId{2}},
                      {NodeId{2}}});
    add(3s, 101, BrokerFenced{NodeId{1}, "broker-1 sent no heartbeat"});
    lost = committed(3001ms, 2, 1);
    add(3002ms, 2, BecameLeader{orders, LeaderEpoch{1}, 4, 4});
    add(4s, -1, FaultEnded{1, 3});
    add(4010ms, 1, BecameFollower{orders, LeaderEpoch{1}, NodeId{2}, 5});
    add(4011ms, 1, LogCut{orders, 4, false});
    add(4011ms, 1, LogTruncated{orders, 5, 4, "diverged"});
    violation = {"BS-D01", "lost", "The <record> was lost.", {acked, lost}};
    violation.at = Instant{3001ms};
    violation.partition = orders;
  }
  EventId committed(Duration at, int leader, int epoch) {
    PartitionCommitted body{orders, NodeId{leader}, LeaderEpoch{epoch}};
    body.replicas = {NodeId{1}, NodeId{2}};
    return add(at, -1, body);
  }

  EventId acked;
  EventId lost;
  properties::Violation violation;
};

}  // namespace brokersim::reports
