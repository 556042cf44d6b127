// Arbitrary bytes on a broker's connection, in pieces: whatever they are, the broker lives on and
// answers the next client. The whole broker takes part, in the simulated world, and so do the taps
// that read along.
//
//   input   0: bytes as they are, 1: frames around bodies | pieces
#include <fuzzer/FuzzedDataProvider.h>

#include "core/client/admin.h"
#include "core/wire/channel.h"
#include "scenarios/cluster.h"
#include "tests/fuzz/fuzz.h"

namespace brokersim {
namespace {

constexpr std::size_t longest_piece = 2000;

// A frame with a header, of an API that there may be.
Bytes drawn_frame(FuzzedDataProvider& input) {
  const std::int16_t key = input.ConsumeIntegral<std::uint8_t>();
  const std::int16_t version = input.ConsumeIntegral<std::uint8_t>();
  auto frame = wire::begin_request(
      {.api_key = key, .api_version = version, .correlation_id = 1, .client_id = "fuzz"},
      api::is_flexible(key, version));
  const auto body =
      input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, longest_piece));
  frame.bytes.insert(frame.bytes.end(), body.begin(), body.end());
  return wire::end_frame(std::move(frame)).flat();
}

Bytes drawn_piece(FuzzedDataProvider& input, bool is_framed) {
  if (is_framed) return drawn_frame(input);
  return input.ConsumeBytes<std::uint8_t>(
      input.ConsumeIntegralInRange<std::size_t>(1, longest_piece));
}

// Writes all pieces, reading what comes back, until nothing more is to be said or the broker ends
// the connection.
void talk(Env& env, const Address& broker, FuzzedDataProvider& input) {
  const bool is_framed = input.ConsumeBool();
  const auto stream = env.connect(broker, env.now() + 1s);
  ASSERT(stream.has_value());
  Bytes answer(4096);
  while (input.remaining_bytes() > 0) {
    const auto piece = drawn_piece(input, is_framed);
    if (!(*stream)->write(env, Rope(piece), env.now() + 1s)) return;
    const auto read = (*stream)->read(env, answer, env.now() + 20ms);
    if (!read && read.error() != IoError::timed_out) return;
    if (read && *read == 0) return;
  }
}

// A cluster that has one topic, for some inputs: to begin takes far longer than to talk. That it
// has heard the inputs before is no matter, or else is what was to be found.
class Subject {
 public:
  Subject() : cluster_(plan(), *scenarios::node_configs(plan())) {
    cluster_.start_nodes();
    run("maker", [this](Env& env) {
      client::Admin admin({.bootstrap_servers = cluster_.brokers(), .client_id = "maker"});
      const auto made = admin.create_topics(
          env, {{.name = "t", .partitions = 1, .replication_factor = 1}}, env.now() + 60s);
      ASSERT(made.has_value());
    });
  }

  bool is_worn() const { return inputs_ == 200; }

  void hear(FuzzedDataProvider& input) {
    run(fmt::format("fuzz-{}", ++inputs_), [&](Env& env) {
      const auto& broker = cluster_.brokers().front();
      talk(env, broker, input);
      wire::Channel channel(broker, "next");
      ASSERT(channel.call(env, api::MetadataRequest{}, 9, env.now() + 10s).has_value());
    });
  }

 private:
  static scenarios::Plan plan() {
    scenarios::Plan plan;
    plan.cluster.brokers = 1;
    plan.cluster.controllers = 1;
    return plan;
  }

  void run(const std::string& client, const std::function<void(Env&)>& program) {
    bool is_done = false;
    cluster_.start_client(client, [&](Env& env) {
      program(env);
      is_done = true;
    });
    auto& world = cluster_.world();
    ASSERT(world.run_until([&] { return is_done; }, world.now() + 120s));
  }

  scenarios::SimulatedCluster cluster_;
  int inputs_ = 0;
};

}  // namespace

void fuzz(ByteView bytes) {
  static std::unique_ptr<Subject> subject;
  if (subject && subject->is_worn()) subject.reset();  // One world at a time.
  if (!subject) subject = std::make_unique<Subject>();
  FuzzedDataProvider input(bytes.data(), bytes.size());
  subject->hear(input);
}

}  // namespace brokersim
