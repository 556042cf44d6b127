#include "core/fetch/session.h"

#include <algorithm>
#include <utility>

namespace brokersim::fetch {

using api::ErrorCode;

bool is_about_session(ErrorCode error) {
  return error == ErrorCode::fetch_session_id_not_found ||
         error == ErrorCode::invalid_fetch_session_epoch ||
         error == ErrorCode::fetch_session_topic_id_error;
}

void Session::prepare(api::FetchRequest& request) {
  request.session_id = id_;
  request.session_epoch = epoch_;
  if (!is_full()) return leave_out_what_is_known(request);
  sent_.clear();
  for (const auto& topic : request.topics) {
    for (const Partition& partition : topic.partitions) {
      sent_.emplace(Name{topic.topic, topic.topic_id, partition.partition}, Sent{partition});
    }
  }
}

void Session::leave_out_what_is_known(api::FetchRequest& request) {
  for (auto& [name, sent] : sent_) sent.is_wanted = false;
  for (auto& topic : request.topics) {
    Name name{topic.topic, topic.topic_id};
    std::erase_if(topic.partitions, [&](const Partition& wanted) {
      name.partition = wanted.partition;
      const auto [known, is_new] = sent_.try_emplace(name, Sent{wanted});
      Sent& sent = known->second;
      if (is_new || std::exchange(sent.is_wanted, true)) return false;
      const bool is_same = sent.partition == wanted;
      if (!is_same) sent.partition = wanted;
      return is_same;
    });
  }
  std::erase_if(request.topics, [](const auto& topic) { return topic.partitions.empty(); });
  forget_what_is_unwanted(request);
}

void Session::forget_what_is_unwanted(api::FetchRequest& request) {
  auto& forgotten = request.forgotten_topics_data;
  std::erase_if(sent_, [&](const auto& known) {
    const auto& [name, sent] = known;
    if (sent.is_wanted) return false;
    if (forgotten.empty() || forgotten.back().topic != name.topic ||
        forgotten.back().topic_id != name.topic_id) {
      forgotten.push_back({.topic = name.topic, .topic_id = name.topic_id});
    }
    forgotten.back().partitions.push_back(name.partition);
    return true;
  });
}

bool Session::answers_all(const std::set<Name>& answered) const {
  return std::equal(sent_.begin(), sent_.end(), answered.begin(), answered.end(),
                    [](const auto& sent, const Name& name) { return sent.first == name; });
}

bool Session::accept(const api::FetchResponse& response) {
  const bool was_full = is_full();
  if (response.error_code != ErrorCode::none) {
    if (response.error_code == ErrorCode::fetch_session_id_not_found) id_ = 0;
    epoch_ = initial_epoch;
    return false;
  }
  std::set<Name> answered;
  for (const auto& topic : response.responses) {
    for (const auto& data : topic.partitions) {
      answered.insert({topic.topic, topic.topic_id, data.partition_index});
    }
  }
  const auto was_sent = [&](const Name& name) { return sent_.contains(name); };
  if (was_full ? !answers_all(answered)
               : !std::all_of(answered.begin(), answered.end(), was_sent)) {
    epoch_ = initial_epoch;
    return false;
  }
  id_ = response.session_id;
  epoch_ = id_ == 0 ? initial_epoch : epoch_after(epoch_);
  return true;
}

}  // namespace brokersim::fetch
