// Groups as an administrator sees them through librdkafka's C functions, which are all that C++ has
// for it, too.
#pragma once

#include <librdkafka/rdkafka.h>
#include <string.h>

enum { admin_patience_ms = 30000 };

// NULL if there is no answer.
static inline rd_kafka_event_t* administered(rd_kafka_queue_t* queue) {
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, admin_patience_ms);
  rd_kafka_queue_destroy(queue);
  return event;
}

// As the list of groups says; not in it is "Unknown".
static inline const char* listed_state(rd_kafka_t* client, const char* group) {
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_ListConsumerGroups(client, NULL, queue);
  rd_kafka_event_t* event = administered(queue);
  if (!event) return "without an answer";
  rd_kafka_consumer_group_state_t state = RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN;
  size_t count = 0;
  const rd_kafka_ConsumerGroupListing_t** groups = rd_kafka_ListConsumerGroups_result_valid(
      rd_kafka_event_ListConsumerGroups_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(rd_kafka_ConsumerGroupListing_group_id(groups[i]), group) == 0) {
      state = rd_kafka_ConsumerGroupListing_state(groups[i]);
    }
  }
  rd_kafka_event_destroy(event);
  return rd_kafka_consumer_group_state_name(state);
}

struct described_group {
  const char* state;
  size_t members;
  int partitions;  // That they are assigned.
};

static inline rd_kafka_resp_err_t describe_group(rd_kafka_t* client, const char* group,
                                                 struct described_group* described) {
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DescribeConsumerGroups(client, &group, 1, NULL, queue);
  rd_kafka_event_t* event = administered(queue);
  if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** groups =
      rd_kafka_DescribeConsumerGroups_result_groups(
          rd_kafka_event_DescribeConsumerGroups_result(event), &count);
  rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  if (count == 1) {
    error = rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(groups[0]));
    described->state =
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(groups[0]));
    described->members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    described->partitions = 0;
    for (size_t i = 0; i < described->members; ++i) {
      described->partitions += rd_kafka_MemberAssignment_partitions(
                                   rd_kafka_MemberDescription_assignment(
                                       rd_kafka_ConsumerGroupDescription_member(groups[0], i)))
                                   ->cnt;
    }
  }
  rd_kafka_event_destroy(event);
  return error;
}

static inline rd_kafka_resp_err_t delete_group(rd_kafka_t* client, const char* group) {
  rd_kafka_DeleteGroup_t* doomed = rd_kafka_DeleteGroup_new(group);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_DeleteGroups(client, &doomed, 1, NULL, queue);
  rd_kafka_DeleteGroup_destroy(doomed);
  rd_kafka_event_t* event = administered(queue);
  if (!event) return RD_KAFKA_RESP_ERR__TIMED_OUT;
  size_t count = 0;
  const rd_kafka_group_result_t** results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
  const rd_kafka_error_t* error = count ? rd_kafka_group_result_error(results[0]) : NULL;
  const rd_kafka_resp_err_t code = count ? rd_kafka_error_code(error) : rd_kafka_event_error(event);
  rd_kafka_event_destroy(event);
  return code;
}
