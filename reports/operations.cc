#include "reports/operations.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "reports/elections_csv.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

std::string milliseconds_text(Instant at) {
  const std::int64_t us = at.ns() / 1'000;
  return fmt::format("{}.{:03}", us / 1'000, us % 1'000);
}

std::string_view outcome_text(const ClientOperation& operation) {
  return operation.ended ? name_of(operation.outcome) : "unknown";
}

bool is_about(const ClientOperation& operation, const Focus& focus) {
  return focus.partition == operation.partition && focus.offset >= 0 &&
         focus.offset == operation.offset;
}

Duration distance(const ClientOperation& operation, const std::vector<Instant>& facts) {
  Duration least = Duration::max();
  for (const Instant fact : facts) {
    const Instant end = operation.ended.value_or(operation.begun);
    if (fact >= operation.begun && fact <= end) return {};
    least = std::min(least, fact < operation.begun ? operation.begun - fact : fact - end);
  }
  return least;
}

}  // namespace

std::vector<ClientOperation> operations_of(const std::vector<Event>& events) {
  std::vector<ClientOperation> all;
  std::map<std::int64_t, std::size_t> sends;  // By number: the latest.
  for (const Event& e : events) {
    if (const auto* begun = std::get_if<SendInvoked>(&e.body)) {
      sends[begun->op] = all.size();
      all.push_back({.op = begun->op,
                     .client = begun->client,
                     .partition = begun->partition,
                     .begun = e.at,
                     .event = e.id});
    } else if (const auto* ended = std::get_if<SendEnded>(&e.body)) {
      const auto at = sends.find(ended->op);
      if (at == sends.end()) continue;
      ClientOperation& send = all[at->second];
      send.ended = e.at;
      send.outcome = ended->outcome;
      send.error = ended->error;
      send.acks = ended->acks;
      send.offset = ended->offset;
      send.event = e.id;
    } else if (const auto* read = std::get_if<RecordDelivered>(&e.body)) {
      all.push_back({.kind = ClientOperation::Kind::read,
                     .client = read->client,
                     .partition = read->partition,
                     .begun = e.at,
                     .ended = e.at,
                     .outcome = Outcome::ok,
                     .offset = read->offset,
                     .event = e.id});
    }
  }
  return all;
}

std::vector<ClientOperation> operations_around(const std::vector<ClientOperation>& all,
                                               const Focus& focus,
                                               const std::vector<Instant>& facts,
                                               std::size_t at_most) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < all.size(); ++i) order.push_back(i);
  const auto rank = [&](std::size_t i) {
    return std::tuple(!is_about(all[i], focus), focus.partition != all[i].partition,
                      distance(all[i], facts));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  order.resize(std::min(order.size(), at_most));
  std::sort(order.begin(), order.end());
  std::vector<ClientOperation> chosen;
  for (const std::size_t i : order) chosen.push_back(all[i]);
  return chosen;
}

Markup operations_table(const std::vector<ClientOperation>& operations, const Focus& focus) {
  Table rows;
  rows.columns = {{"operation"}, {"client"},  {"begun, ms", true}, {"ended, ms", true},
                  {"what"},      {"outcome"}, {"offset", true}};
  for (const auto& each : operations) {
    const bool is_send = each.kind == ClientOperation::Kind::send;
    const bool is_ok = each.ended && each.outcome == Outcome::ok;
    const Tone tone =
        is_ok ? Tone::good : (each.outcome == Outcome::failed ? Tone::bad : Tone::neutral);
    std::string what = fmt::format("{} {}", is_send ? "send to" : "read", each.partition);
    if (is_send && each.ended) what += fmt::format(" acks={}", acks_text(each.acks));
    Row row;
    row.is_marked = is_about(each, focus);
    row.cells = {Markup::text(is_send ? fmt::format("op{}", each.op) : "read"),
                 Markup::text(each.client),
                 Markup::text(milliseconds_text(each.begun)),
                 Markup::text(each.ended ? milliseconds_text(*each.ended) : "never"),
                 Markup::text(what),
                 verdict_pill(tone, outcome_text(each)),
                 Markup::text(each.offset >= 0 ? fmt::format("{}", each.offset) : "")};
    rows.rows.push_back(std::move(row));
  }
  return table(rows);
}

std::string operations_csv(const std::vector<ClientOperation>& operations) {
  std::string csv =
      "operation,kind,client,topic,partition,begun_ms,ended_ms,outcome,error,acks,offset\r\n";
  for (const auto& each : operations) {
    const bool is_send = each.kind == ClientOperation::Kind::send;
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\r\n",
                       is_send ? fmt::format("op{}", each.op) : "", is_send ? "send" : "read",
                       csv_field(each.client), csv_field(each.partition.topic),
                       each.partition.partition, milliseconds_text(each.begun),
                       each.ended ? milliseconds_text(*each.ended) : "", outcome_text(each),
                       each.ended ? fmt::format("{}", each.error) : "",
                       is_send && each.ended ? acks_text(each.acks) : "",
                       each.offset >= 0 ? fmt::format("{}", each.offset) : "");
  }
  return csv;
}

}  // namespace brokersim::reports
