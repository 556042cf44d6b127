#include "scenarios/field_writer.h"

#include "scenarios/duration_text.h"

namespace brokersim::scenarios {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string written_key(std::string_view key) {
  const auto other =
      key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return !key.empty() && other == std::string_view::npos ? std::string(key) : in_quotes(key);
}

std::string written(const std::string& value) { return in_quotes(value); }
std::string written(Duration value) { return in_quotes(text_of(value)); }
std::string written(Partitioner value) {
  return in_quotes(value == Partitioner::key ? "key" : "round_robin");
}
std::string written(Operation::Kind value) {
  switch (value) {
    case Operation::Kind::send: break;
    case Operation::Kind::elect: return in_quotes("elect");
    case Operation::Kind::reassign: return in_quotes("reassign");
    case Operation::Kind::configure: return in_quotes("configure");
    case Operation::Kind::make_again: return in_quotes("make_again");
    case Operation::Kind::delete_records: return in_quotes("delete_records");
    case Operation::Kind::create_partitions: return in_quotes("create_partitions");
    case Operation::Kind::leave: return in_quotes("leave");
    case Operation::Kind::join: return in_quotes("join");
    case Operation::Kind::join_as_classic: return in_quotes("join_as_classic");
    case Operation::Kind::join_as_consumer: return in_quotes("join_as_consumer");
    case Operation::Kind::add_voter: return in_quotes("add_voter");
    case Operation::Kind::remove_voter: return in_quotes("remove_voter");
    case Operation::Kind::unregister_broker: return in_quotes("unregister_broker");
    case Operation::Kind::update_features: return in_quotes("update_features");
    case Operation::Kind::process: return in_quotes("process");
    case Operation::Kind::pause: return in_quotes("pause");
  }
  return in_quotes("send");
}
std::string written(client::IsolationLevel value) {
  const bool is_committed = value == client::IsolationLevel::read_committed;
  return in_quotes(is_committed ? "read_committed" : "read_uncommitted");
}
std::string written(client::OffsetReset value) {
  switch (value) {
    case client::OffsetReset::earliest: break;
    case client::OffsetReset::latest: return in_quotes("latest");
    case client::OffsetReset::none: return in_quotes("none");
  }
  return in_quotes("earliest");
}
std::string written(ProcessingGuarantee value) { return in_quotes(name_of(value)); }
std::string written(client::Assignor value) { return in_quotes(client::name_of(value)); }
std::string written(client::GroupProtocol value) {
  return in_quotes(value == client::GroupProtocol::consumer ? "consumer" : "classic");
}
std::string written(wire::Codec value) { return in_quotes(wire::name_of(value)); }
std::string written(Parses value) { return in_quotes(value == Parses::json ? "json" : "nothing"); }
std::string written(const Fault::Parameter& value) {
  const auto* duration = std::get_if<Duration>(&value);
  return duration ? written(*duration) : fmt::format("{}", std::get<std::int64_t>(value));
}
std::string written(const Acks<const std::int16_t>& acks) {
  return acks.value == -1 ? in_quotes("all") : written(acks.value);
}

}  // namespace brokersim::scenarios
