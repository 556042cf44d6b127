// The fields of a plan's parts, by their names in the file and in the order in which they are
// written. Reading and writing both derive from these lists.
#pragma once

#include "scenarios/field_reader.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

template <>
struct Fields<Cluster> {
  static void visit(auto& cluster, auto&& f) {
    f("brokers", cluster.brokers);
    f("controllers", cluster.controllers);
    f("voters", cluster.voters);
    f("racks", cluster.racks);
    f("last_producer_epoch", cluster.last_producer_epoch);
  }
};

template <>
struct Fields<Topic> {
  static void visit(auto& topic, auto&& f) {
    f("name", topic.name);
    f("partitions", topic.partitions);
    f("replication_factor", topic.replication_factor);
    f("configs", topic.configs);
  }
};

template <>
struct Fields<Producer> {
  static void visit(auto& producer, auto&& f) {
    f("name", producer.name);
    f("acks", Acks{producer.acks});
    f("linger", producer.linger);
    f("batch_size", producer.batch_size);
    f("max_in_flight", producer.max_in_flight);
    f("enable_idempotence", producer.enable_idempotence);
    f("partitioner", producer.partitioner);
    f("delivery_timeout", producer.delivery_timeout);
    f("request_timeout", producer.request_timeout);
    f("compression", producer.compression);
    f("transactional_id", producer.transactional_id);
    f("transaction_timeout", producer.transaction_timeout);
    f("transaction_protocol", producer.transaction_protocol);
    f("first_sequence", producer.first_sequence);
  }
};

template <>
struct Fields<Consumer> {
  static void visit(auto& consumer, auto&& f) {
    f("name", consumer.name);
    f("topic", consumer.topic);
    f("partitions", consumer.partitions);
    f("at", consumer.at);
    f("parses", consumer.parses);
    f("rack", consumer.rack);
    f("isolation_level", consumer.isolation_level);
    f("auto_offset_reset", consumer.auto_offset_reset);
    f("group", consumer.group);
    f("instance_id", consumer.instance_id);
    f("protocol", consumer.protocol);
    f("assignor", consumer.assignor);
    f("server_assignor", consumer.server_assignor);
    f("session_timeout", consumer.session_timeout);
    f("max_poll_interval", consumer.max_poll_interval);
    f("enable_auto_commit", consumer.enable_auto_commit);
  }
};

template <>
struct Fields<Task> {
  static void visit(auto& task, auto&& f) {
    f("name", task.name);
    f("group", task.group);
    f("input", task.input);
    f("output", task.output);
    f("guarantee", task.guarantee);
    f("transactional_id", task.transactional_id);
    f("at", task.at);
    f("commit_interval", task.commit_interval);
    f("max_poll_records", task.max_poll_records);
    f("transaction_timeout", task.transaction_timeout);
    f("transaction_protocol", task.transaction_protocol);
    f("delivery_timeout", task.delivery_timeout);
    f("request_timeout", task.request_timeout);
    f("protocol", task.protocol);
    f("assignor", task.assignor);
    f("session_timeout", task.session_timeout);
    f("max_poll_interval", task.max_poll_interval);
  }
};

template <>
struct Fields<Operation> {
  static void visit(auto& operation, auto&& f) {
    f("at", operation.at);
    f("client", operation.client);
    f("do", operation.kind);
    f("topic", operation.topic);
    f("partition", operation.partition);
    f("replicas", operation.replicas);
    f("controller", operation.controller);
    f("broker", operation.broker);
    f("levels", operation.levels);
    f("configs", operation.configs);
    f("away", operation.away);
    f("for", operation.lasting);
    f("before", operation.before);
    f("percent", operation.percent);
    f("partitions", operation.partitions);
    f("input", operation.input);
    f("first_line", operation.first_line);
    f("count", operation.count);
    f("every", operation.every);
    f("key", operation.key);
    f("aborts", operation.aborts);
  }
};

template <>
struct Fields<When> {
  static void visit(auto& when, auto&& f) {
    f("transaction", when.transaction);
    f("group", when.group);
    f("becomes", when.becomes);
    f("nth", when.nth);
    f("after", when.after);
  }
};

template <>
struct Fields<Fault> {
  static void visit(auto& fault, auto&& f) {
    f("at", fault.at);
    f("when", fault.when);
    f("for", fault.lasting);
    f("kind", fault.kind);
    f("targets", fault.targets);
    f("peers", fault.peers);
    f("parameters", fault.parameters);
  }
};

}  // namespace brokersim::scenarios
