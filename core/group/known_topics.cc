#include "core/group/known_topics.h"

#include <re2/re2.h>

namespace brokersim::group {
namespace {

re2::RE2::Options quietly() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

bool is_topic_regex(const std::string& regex) { return re2::RE2(regex, quietly()).ok(); }

std::set<std::string> topics_matching(const std::string& regex, const KnownTopics& topics) {
  const re2::RE2 expression(regex, quietly());
  std::set<std::string> matching;
  if (!expression.ok()) return matching;
  for (const auto& [name, topic] : topics) {
    if (re2::RE2::FullMatch(name, expression)) matching.insert(name);
  }
  return matching;
}

}  // namespace brokersim::group
