#include "sim/disk.h"

#include <algorithm>
#include <utility>

#include "sim/random.h"

namespace brokersim::sim {

// An open file. It stays usable after its name is removed, as an inode does.
class DiskFile final : public File {
 public:
  DiskFile(Disk& disk, TreeNodePtr node) : disk_(disk), node_(std::move(node)) {}

  std::uint64_t size() const override { return node_->image.size(); }
  IoResult<std::uint64_t> append(const Rope& bytes) override { return disk_.append(*node_, bytes); }
  IoResult<Done> truncate(std::uint64_t size) override { return disk_.truncate(*node_, size); }
  std::optional<Rope> cached(std::uint64_t at, std::size_t length) const override {
    if (!disk_.is_cached(*node_, at, length)) return std::nullopt;
    return node_->image.read(at, length);
  }
  IoResult<Rope> read(Env& env, std::uint64_t at, std::size_t length) override {
    return disk_.read(env, node_, at, length);
  }
  IoResult<Done> sync(Env& env) override { return disk_.sync(env, node_); }

 private:
  Disk& disk_;
  TreeNodePtr node_;
};

Disk::Disk(std::uint64_t seed, NodeId machine, DiskModel model)
    : seed_(seed), machine_(machine), model_(model) {}
Disk::~Disk() = default;

// ---- Names -------------------------------------------------------------------------------------

IoResult<std::unique_ptr<File>> Disk::open(std::string_view path, OpenMode mode) {
  auto node = tree_.find(path);
  if (node && (mode == OpenMode::create_new || node->is_directory)) {
    return Unexpected(IoError::exists);
  }
  if (!node && mode == OpenMode::existing) return Unexpected(IoError::not_found);
  if (!node) {
    if (is_hit(DiskFault::Kind::full)) return Unexpected(IoError::full);
    TRY(node, tree_.create(path, false));
    tell([&](DiskObserver& o) { o.on_create(*this, path); });
  }
  return std::unique_ptr<File>(std::make_unique<DiskFile>(*this, std::move(node)));
}

IoResult<Done> Disk::make_directory(std::string_view path) {
  const auto node = tree_.find(path);
  if (node && node->is_directory) return Done{};
  if (is_hit(DiskFault::Kind::full)) return Unexpected(IoError::full);
  TRY(const auto made, tree_.create(path, true));
  return Done{};
}

IoResult<Done> Disk::rename(std::string_view from, std::string_view to) {
  TRY(const auto node, tree_.rename(from, to));
  tell([&](DiskObserver& o) { o.on_rename(*this, from, to); });
  return Done{};
}

IoResult<Done> Disk::remove(std::string_view path) {
  TRY(const auto node, tree_.remove(path));
  tell([&](DiskObserver& o) { o.on_remove(*this, path); });
  return Done{};
}

IoResult<std::vector<std::string>> Disk::list(std::string_view directory) const {
  const auto node = tree_.find(directory);
  if (!node || !node->is_directory) return Unexpected(IoError::not_found);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

bool Disk::exists(std::string_view path) const { return tree_.find(path) != nullptr; }

IoResult<DiskSpace> Disk::space() const {
  std::uint64_t used = 0;
  tree_.for_each_file([&](TreeNode& node) { used += node.image.size(); });
  const bool is_full = has(DiskFault::Kind::full);
  const auto usable = is_full ? 0 : model_.capacity - std::min(model_.capacity, used);
  return DiskSpace{.total = model_.capacity, .usable = usable};
}

IoResult<Done> Disk::sync_directory(Env& env, std::string_view directory) {
  const auto node = tree_.find(directory);
  if (!node || !node->is_directory) return Unexpected(IoError::not_found);
  if (node->pending.empty()) return Done{};
  const auto mark = node->mark();
  if (!env.sleep_until(busy(env.now(), sync_latency(*node), 0))) {
    return Unexpected(IoError::cancelled);
  }
  if (is_hit(DiskFault::Kind::sync_fails)) return Unexpected(IoError::failed);
  node->sync_names(mark);
  tell([&](DiskObserver& o) { o.on_sync(*this, node->path); });
  return Done{};
}

// ---- Contents ----------------------------------------------------------------------------------

IoResult<std::uint64_t> Disk::append(TreeNode& node, const Rope& bytes) {
  const bool is_torn_by_it = tears_next();
  if (is_hit(DiskFault::Kind::append_fails)) {
    if (is_torn_by_it) tear(node, bytes);
    return Unexpected(IoError::failed);
  }
  if (is_hit(DiskFault::Kind::full)) return Unexpected(IoError::full);
  if (bytes.size() > model_.capacity - std::min(model_.capacity, used())) {
    return Unexpected(IoError::full);
  }
  const auto position = node.image.append(bytes);
  appended_ += bytes.size();
  ++counters_.appends;
  counters_.bytes_appended += bytes.size();
  tell([&](DiskObserver& o) { o.on_append(*this, node.path, position, bytes); });
  return position;
}

// Whether what is_hit() is about to fail leaves something of the append.
bool Disk::tears_next() const {
  for (const auto& [id, overlay] : overlays_) {
    const auto& fault = overlay.fault;
    if (fault.kind == DiskFault::Kind::append_fails && fault.times != 0) return fault.tears;
  }
  return false;
}

void Disk::tear(TreeNode& node, const Rope& bytes) {
  const auto random = Random(seed_, "disk.tear").with(machine_.value, node.path, node.image.size());
  const auto length = uniform(random.draw("length"), std::size_t{0}, bytes.size());
  const Rope part = bytes.sub(0, length);
  if (part.empty()) return;
  const auto position = node.image.append(part);
  appended_ += part.size();
  tell([&](DiskObserver& o) { o.on_append(*this, node.path, position, part); });
}

IoResult<Done> Disk::truncate(TreeNode& node, std::uint64_t size) {
  REQUIRE(size <= node.image.size(), node.path, size, node.image.size());
  node.image.truncate(size);
  tell([&](DiskObserver& o) { o.on_truncate(*this, node.path, size); });
  return Done{};
}

IoResult<Rope> Disk::read(Env& env, TreeNodePtr node, std::uint64_t at, std::size_t length) {
  if (!is_cached(*node, at, length)) {
    ++counters_.cold_reads;
    const Instant done = busy(env.now(), read_latency(*node), length);
    if (!env.sleep_until(done)) return Unexpected(IoError::cancelled);
    node->image.mark_cached(at, length);
  }
  return node->image.read(at, length);  // As it is by now.
}

bool Disk::is_cached(const TreeNode& node, std::uint64_t at, std::size_t length) const {
  const bool is_empty = length == 0 || at >= node.image.size();
  return is_empty || (!has(DiskFault::Kind::cold) && node.image.is_cached(at, length));
}

IoResult<Done> Disk::sync(Env& env, TreeNodePtr node) {
  if (node->image.is_clean()) return Done{};
  const auto mark = node->image.mark();
  const Instant done = busy(env.now(), sync_latency(*node), node->image.dirty_bytes());
  if (!env.sleep_until(done)) return Unexpected(IoError::cancelled);
  if (is_hit(DiskFault::Kind::sync_fails)) {
    node->image.fail_sync(mark);
    return Unexpected(IoError::failed);
  }
  node->image.sync(mark);
  ++counters_.syncs;
  tell([&](DiskObserver& o) { o.on_sync(*this, node->path); });
  return Done{};
}

// ---- The device --------------------------------------------------------------------------------

// Transfers queue up behind each other; latencies overlap.
Instant Disk::busy(Instant now, Duration latency, std::uint64_t bytes) {
  const auto rate = static_cast<std::uint64_t>(model_.bytes_per_second);
  const auto transfer = Wide{bytes} * 1'000'000'000u / rate;
  device_free_at_ = std::max(device_free_at_, now) + Duration(static_cast<std::int64_t>(transfer));
  return device_free_at_ + latency;
}

namespace {

Duration drawn_latency(Duration typical, const Random& random) {
  auto latency = typical / 2 + tail(random.draw("latency"), typical / 2);
  if (chance(random.draw("rare"), 1, 64)) latency *= 10;
  return latency;
}

}  // namespace

Duration Disk::sync_latency(TreeNode& node) {
  const auto random = Random(seed_, "disk.sync").with(machine_.value, node.path, ++node.syncs);
  return slowed(drawn_latency(model_.sync_latency, random));
}

Duration Disk::read_latency(TreeNode& node) {
  const auto random = Random(seed_, "disk.read").with(machine_.value, node.path, ++node.reads);
  return slowed(drawn_latency(model_.read_latency, random));
}

// Of several faults the factors multiply and what they add adds up: in whatever order they came.
Duration Disk::slowed(Duration latency) {
  Duration added{};
  for (auto& [id, overlay] : overlays_) {
    if (overlay.fault.kind != DiskFault::Kind::slow || overlay.fault.times == 0) continue;
    if (overlay.fault.times > 0) --overlay.fault.times;
    latency *= overlay.fault.factor;
    added += overlay.fault.extra;
    ++overlay.effects;
  }
  return latency + added;
}

bool Disk::has(DiskFault::Kind kind) const {
  return std::any_of(overlays_.begin(), overlays_.end(),
                     [kind](const auto& overlay) { return overlay.second.fault.kind == kind; });
}

bool Disk::is_hit(DiskFault::Kind kind) {
  for (auto& [id, overlay] : overlays_) {
    if (overlay.fault.kind != kind || overlay.fault.times == 0) continue;
    if (overlay.fault.times > 0) --overlay.fault.times;
    ++overlay.effects;
    return true;
  }
  return false;
}

std::uint64_t Disk::add(DiskFault fault) {
  overlays_.emplace(++last_overlay_, Overlay{fault});
  return last_overlay_;
}

void Disk::remove_fault(std::uint64_t id) {
  const auto found = overlays_.find(id);
  if (found == overlays_.end()) return;
  ended_[id] = found->second.effects;
  overlays_.erase(found);
}

std::int64_t Disk::effects(std::uint64_t id) const {
  const auto found = overlays_.find(id);
  if (found != overlays_.end()) return found->second.effects;
  const auto ended = ended_.find(id);
  return ended == ended_.end() ? 0 : ended->second;
}

// ---- Power loss --------------------------------------------------------------------------------

std::uint64_t Disk::power_loss() {
  const auto random =
      Random(seed_, "disk.power_loss").with(machine_.value, ++counters_.power_losses);
  std::uint64_t changed =
      tree_.power_loss([&](std::string_view path) { return random.draw("names", path); });
  counters_.names_lost += changed;
  tree_.for_each_file([&](TreeNode& node) {
    const FileLoss loss = node.image.power_loss(random.draw("file", std::string_view(node.path)));
    counters_.bytes_lost += loss.bytes_lost;
    if (loss.was_torn) ++counters_.torn_writes;
    if (!loss.changed()) return;
    ++counters_.files_cut;
    ++changed;
  });
  device_free_at_ = {};
  appended_ = 0;
  tree_.for_each_file([&](TreeNode& node) { appended_ += node.image.size(); });
  tell([&](DiskObserver& o) { o.on_power_loss(*this); });
  return changed;
}

void Disk::evict() {
  tree_.for_each_file([](TreeNode& node) { node.image.evict(); });
}

// ---- Looking -----------------------------------------------------------------------------------

// Counting all files is dear, so only when what was ever appended would no longer fit.
std::uint64_t Disk::used() {
  if (appended_ > model_.capacity) {
    appended_ = 0;
    tree_.for_each_file([&](TreeNode& node) { appended_ += node.image.size(); });
  }
  return appended_;
}

std::uint64_t Disk::dirty_bytes() const {
  std::uint64_t bytes = 0;
  tree_.for_each_file([&](TreeNode& node) { bytes += node.image.dirty_bytes(); });
  return bytes;
}

bool Disk::has_unwritten() const {
  bool has_any = false;
  tree_.for_each_file([&](TreeNode& node) { has_any = has_any || node.image.has_unwritten(); });
  return has_any;
}

std::vector<std::string> Disk::all_files(std::string_view below) const {
  std::vector<std::string> paths;
  tree_.for_each_file([&](TreeNode& node) { paths.push_back(node.path); }, below);
  return paths;
}

std::uint64_t Disk::size_of(std::string_view path) const {
  const auto node = tree_.find(path);
  return node ? node->image.size() : 0;
}

Rope Disk::content_of(std::string_view path) const {
  const auto node = tree_.find(path);
  return node ? node->image.read(0, static_cast<std::size_t>(node->image.size())) : Rope();
}

std::uint64_t Disk::durable_size(std::string_view path) const {
  const auto node = tree_.find(path);
  return node && tree_.is_name_durable(path) ? node->image.durable_size() : 0;
}

}  // namespace brokersim::sim
