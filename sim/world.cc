#include "sim/world.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include "core/base/event_json.h"
#include "sim/sim_env.h"

namespace brokersim::sim {
namespace {

// An assertion has no other way to its world.
World* current_world = nullptr;

std::uint64_t digest_of(const Rope& rope) {
  std::uint64_t digest = rope.size();
  for (const Slice& slice : rope.slices()) {
    digest = XXH3_64bits_withSeed(slice.data(), slice.size(), digest);
  }
  return digest;
}

}  // namespace

// Whatever goes over the network or to a disk is part of the run's hash.
class World::Feed final : public NetworkObserver, public DiskObserver {
 public:
  explicit Feed(Recorder& recorder) : recorder_(recorder) {}

  void on_connect(const ConnectionInfo& connection) override {
    recorder_.feed(Item::connection, connection.id, nodes(connection), 1);
  }
  void on_close(const ConnectionInfo& connection) override {
    recorder_.feed(Item::connection, connection.id, nodes(connection), 0);
  }
  void on_send(const ConnectionInfo& connection, Side from, const Rope& bytes) override {
    recorder_.feed(Item::sent, connection.id, static_cast<std::uint64_t>(from), digest_of(bytes));
  }
  void on_deliver(const ConnectionInfo& connection, Side from, std::size_t bytes,
                  Instant /*arrived*/) override {
    recorder_.feed(Item::delivered, connection.id, static_cast<std::uint64_t>(from), bytes);
  }

  void on_append(const Disk& disk, std::string_view path, std::uint64_t position,
                 const Rope& bytes) override {
    written(disk, path, mix(position) ^ digest_of(bytes));
  }
  void on_truncate(const Disk& disk, std::string_view path, std::uint64_t size) override {
    written(disk, path, size);
  }
  void on_create(const Disk& disk, std::string_view path) override { written(disk, path, 0); }
  void on_rename(const Disk& disk, std::string_view from, std::string_view to) override {
    written(disk, from, key_of(to));
  }
  void on_remove(const Disk& disk, std::string_view path) override { written(disk, path, 0); }
  void on_sync(const Disk& disk, std::string_view path) override {
    recorder_.feed(Item::disk_synced, machine(disk), digest(path), disk.durable_size(path));
  }
  void on_power_loss(const Disk& disk) override {
    const DiskCounters& counters = disk.counters();
    recorder_.feed(Item::disk_lost, machine(disk), counters.bytes_lost, counters.names_lost);
  }

 private:
  static std::uint64_t nodes(const ConnectionInfo& connection) {
    return key_of(connection.client_node.value) << 32 ^ key_of(connection.server_node.value);
  }
  static std::uint64_t machine(const Disk& disk) { return key_of(disk.machine().value); }
  static std::uint64_t digest(std::string_view path) {
    return XXH3_64bits(path.data(), path.size());
  }
  void written(const Disk& disk, std::string_view path, std::uint64_t what) {
    recorder_.feed(Item::disk_written, machine(disk), digest(path), what);
  }

  Recorder& recorder_;
};

World::World(std::uint64_t seed, WorldModel model)
    : seed_(seed),
      model_(model),
      recorder_(model.checkpoint_log2),
      scheduler_(seed, recorder_, model.costs),
      network_(seed, scheduler_, model.network),
      feed_(std::make_unique<Feed>(recorder_)) {
  REQUIRE(current_world == nullptr);
  current_world = this;
  set_assertion_context(add_context);
  network_.observe(*feed_);
}

World::~World() {
  set_assertion_context(nullptr);
  current_world = nullptr;
}

void World::add_context(std::string& report) {
  if (current_world != nullptr) report += current_world->describe();
}

std::string World::describe() const {
  std::string out = fmt::format("  seed {}, virtual time {} ns, fiber {}\n", seed_,
                                scheduler_.now(), scheduler_.running_name());
  for (const Event& event : recorder_.last_events()) out += "  " + to_json(event) + "\n";
  return out;
}

// ---- Machines ----------------------------------------------------------------------------------

Machine& World::add_machine(const std::string& name, NodeId node) {
  REQUIRE(find(name) == nullptr, name);
  REQUIRE(find(node) == nullptr, node);
  const HostId host = network_.add_host(name, node);
  machines_.push_back(
      std::make_unique<Machine>(name, node, host, seed_, model_.disk, model_.at_start));
  machines_.back()->disk().observe(*feed_);
  return *machines_.back();
}

Machine* World::find(std::string_view name) {
  for (const auto& machine : machines_) {
    if (machine->name() == name) return machine.get();
  }
  return nullptr;
}

Machine* World::find(NodeId node) {
  for (const auto& machine : machines_) {
    if (machine->node() == node) return machine.get();
  }
  return nullptr;
}

bool World::start(Machine& machine, Machine::Program program) {
  if (machine.is_up()) return false;
  // Nobody goes on with a page cache that holds what the device refused.
  if (machine.disk().has_unwritten()) power_off(machine);
  if (machine.state_ == Machine::State::off) network_.boot(machine.host());
  machine.program_ = std::move(program);
  machine.state_ = Machine::State::running;
  machine.was_asked_to_end_ = false;
  const std::int32_t incarnation = machine.starts_++;
  emit(NodeStarted{machine.name(), incarnation}, machine.node());

  const Random random = Random(seed_, "node").with(machine.node().value, incarnation);
  machine.envs_.push_back(
      std::make_unique<SimEnv>(SimEnv::Parts{scheduler_, recorder_, network_, machine}, random));
  SimEnv& env = *machine.envs_.back();
  machine.process_ = scheduler_.start_process(machine.node(), random.key(), [this, &machine] {
    end(machine, Machine::State::down, NodeStopped::How::shutdown);
  });
  env.set_process(machine.process_);
  machine.main_ = env.spawn("main", machine.program_);
  arm_crash(machine);
  return true;
}

bool World::restart(Machine& machine) {
  if (machine.is_up() || !machine.program_) return false;
  return start(machine, machine.program_);
}

bool World::stop(Machine& machine) {
  if (machine.state_ != Machine::State::running) return false;
  machine.was_asked_to_end_ = true;
  scheduler_.cancel(machine.main_);
  return true;
}

bool World::crash(Machine& machine) {
  if (!machine.is_up()) return false;
  end(machine, Machine::State::down, NodeStopped::How::crash);
  return true;
}

bool World::power_off(Machine& machine) {
  if (machine.state_ == Machine::State::off) return false;
  if (machine.is_up()) {
    end(machine, Machine::State::off, NodeStopped::How::power_loss);
    return true;
  }
  machine.state_ = Machine::State::off;
  lose_power(machine);
  return true;
}

// What is told of comes first: what the loss does to logs nobody has done.
void World::lose_power(Machine& machine) {
  emit(NodeStopped{NodeStopped::How::power_loss}, machine.node());
  network_.power_off(machine.host());
  machine.disk().power_loss();
}

// Killing comes last: it does not return to a fiber of the machine itself.
void World::end(Machine& machine, Machine::State state, NodeStopped::How how) {
  machine.state_ = state;
  machine.past_suspensions_ += scheduler_.suspensions(machine.process_);
  if (how == NodeStopped::How::power_loss) {
    lose_power(machine);
  } else {
    emit(NodeStopped{how}, machine.node());
    network_.crash(machine.host());
  }
  scheduler_.kill(machine.process_);
}

bool World::pause(Machine& machine) {
  if (machine.state_ != Machine::State::running) return false;
  machine.state_ = Machine::State::paused;
  scheduler_.pause(machine.process_);
  emit(NodePaused{}, machine.node());
  return true;
}

bool World::resume(Machine& machine) {
  if (machine.state_ != Machine::State::paused) return false;
  machine.state_ = Machine::State::running;
  scheduler_.resume(machine.process_);
  emit(NodeResumed{}, machine.node());
  return true;
}

void World::crash_at_suspension(Machine& machine, std::uint64_t nth) {
  machine.crash_at_ = nth;
  if (machine.is_up()) arm_crash(machine);
}

void World::arm_crash(Machine& machine) {
  if (machine.crash_at_ <= machine.past_suspensions_) return;
  scheduler_.at_suspension(machine.process_, machine.crash_at_ - machine.past_suspensions_,
                           [this, &machine] { crash(machine); });
}

std::uint64_t World::suspensions(const Machine& machine) const {
  const std::uint64_t present = machine.is_up() ? scheduler_.suspensions(machine.process_) : 0;
  return machine.past_suspensions_ + present;
}

}  // namespace brokersim::sim
