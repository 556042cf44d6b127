// A node for tests of the log: files in memory that can lose power, and nothing else. Whatever
// would suspend returns at once, after a hook that may do what another fiber would have done.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/env.h"

namespace brokersim::log {

struct MemoryNode {
  Bytes data;
  Bytes synced;
};

class MemoryFiles final : public Files {
 public:
  using Names = std::map<std::string, std::shared_ptr<MemoryNode>, std::less<>>;

  bool appends_fail = false;
  std::string bad_ending = "?";  // Of the names of files to which appends fail.
  bool syncs_fail = false;
  bool reads_fail = false;         // Of what is not in the page cache.
  bool is_cold = false;            // Nothing is in the page cache.
  bool removes_backwards = false;  // Of a directory, the last file first.
  std::function<void()> during_wait = [] {};
  std::function<void()> during_change = [] {};  // Before a name or a content changes.
  int directory_syncs = 0;

  IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;
  IoResult<Done> make_directory(std::string_view path) override {
    directories_.emplace_back(path);
    return Done{};
  }
  IoResult<Done> rename(std::string_view from, std::string_view to) override {
    during_change();
    const auto node = names_.extract(std::string(from));
    if (node.empty()) return rename_directory(from, to);
    names_[std::string(to)] = node.mapped();
    return Done{};
  }
  IoResult<Done> remove(std::string_view path) override {
    during_change();
    if (names_.erase(std::string(path)) > 0) return Done{};
    if (!exists(path)) return Unexpected(IoError::not_found);
    remove_directory(path);
    return Done{};
  }
  IoResult<std::vector<std::string>> list(std::string_view directory) const override {
    std::vector<std::string> found;
    const std::string prefix = directory.empty() ? "" : std::string(directory) + "/";
    const auto look_at = [&](const std::string& path) {
      const bool is_in_it =
          path.starts_with(prefix) && path.find('/', prefix.size()) == std::string::npos;
      if (is_in_it) found.push_back(path.substr(prefix.size()));
    };
    for (const auto& [path, node] : names_) look_at(path);
    for (const auto& path : directories_) look_at(path);
    return found;
  }
  bool exists(std::string_view path) const override {
    const auto is_it = [&](const std::string& directory) { return directory == path; };
    return names_.contains(path) || std::any_of(directories_.begin(), directories_.end(), is_it);
  }
  IoResult<DiskSpace> space() const override { return DiskSpace{}; }
  IoResult<Done> sync_directory(Env&, std::string_view) override {
    const Names names = names_;
    during_wait();
    durable_names_ = names;
    ++directory_syncs;
    return Done{};
  }

  // Loses what was not synced, but for `keep(unsynced bytes)` of the bytes appended since. Of a
  // file that was also truncated all or nothing is kept.
  void lose_power(const std::function<std::size_t(std::size_t)>& keep, bool keeps_names = true) {
    if (!keeps_names) names_ = durable_names_;
    for (auto& [path, node] : names_) {
      auto& [data, synced] = *node;
      const bool only_appended =
          data.size() >= synced.size() && std::equal(synced.begin(), synced.end(), data.begin());
      if (only_appended) {
        data.resize(synced.size() + keep(data.size() - synced.size()));
      } else if (keep(1) == 0) {
        data = synced;
      }
      synced = data;
    }
    durable_names_ = names_;
  }

  // What a node that ends now leaves behind.
  Names copy() const {
    Names copied;
    for (const auto& [path, node] : names_) copied[path] = std::make_shared<MemoryNode>(*node);
    return copied;
  }
  // What one that loses its power now leaves: what was synced, under the names of now or under
  // those that were synced.
  Names copy_of_synced(bool keeps_names) const {
    Names copied;
    for (const auto& [path, node] : keeps_names ? names_ : durable_names_) {
      copied[path] = std::make_shared<MemoryNode>(MemoryNode{node->synced, node->synced});
    }
    return copied;
  }
  void restore(Names names) {
    names_ = std::move(names);
    for (const auto& [path, node] : names_) {
      const auto parent = path.substr(0, std::min(path.rfind('/'), path.size()));
      if (parent != path && !exists(parent)) directories_.push_back(parent);
    }
  }

  Bytes& data(std::string_view path) { return names_.find(path)->second->data; }
  const Names& names() const { return names_; }

 private:
  // File by file: who ends meanwhile leaves some.
  void remove_directory(std::string_view path) {
    std::vector<std::string> inside;
    for (const auto& [name, node] : names_) {
      if (name.starts_with(std::string(path) + "/")) inside.push_back(name);
    }
    if (removes_backwards) std::reverse(inside.begin(), inside.end());
    for (const auto& name : inside) {
      during_change();
      names_.erase(name);
    }
    during_change();
    std::erase_if(directories_, [&](const std::string& each) {
      return each == path || each.starts_with(std::string(path) + "/");
    });
  }

  IoResult<Done> rename_directory(std::string_view from, std::string_view to) {
    const auto directory = std::find(directories_.begin(), directories_.end(), from);
    if (directory == directories_.end()) return Unexpected(IoError::not_found);
    *directory = to;
    const std::string prefix = std::string(from) + "/";
    for (const auto& [path, node] : Names(names_)) {
      if (!path.starts_with(prefix)) continue;
      names_.erase(path);
      names_[*directory + "/" + path.substr(prefix.size())] = node;
    }
    return Done{};
  }

  Names names_;
  Names durable_names_;
  std::vector<std::string> directories_;
};

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryFiles& files, std::string_view path, std::shared_ptr<MemoryNode> node)
      : files_(files), path_(path), node_(std::move(node)) {}

  std::uint64_t size() const override { return node_->data.size(); }
  IoResult<std::uint64_t> append(const Rope& bytes) override {
    if (files_.appends_fail || path_.ends_with(files_.bad_ending)) {
      return Unexpected(IoError::failed);
    }
    files_.during_change();
    const std::uint64_t at = size();
    const Bytes flat = bytes.flat();
    node_->data.insert(node_->data.end(), flat.begin(), flat.end());
    return at;
  }
  IoResult<Done> truncate(std::uint64_t size) override {
    node_->data.resize(size);
    return Done{};
  }
  std::optional<Rope> cached(std::uint64_t at, std::size_t length) const override {
    if (files_.is_cold) return std::nullopt;
    return range(at, length);
  }
  IoResult<Rope> read(Env&, std::uint64_t at, std::size_t length) override {
    Rope bytes = range(at, length);
    files_.during_wait();
    if (files_.reads_fail) return Unexpected(IoError::failed);
    return bytes;
  }
  IoResult<Done> sync(Env&) override {
    const Bytes data = node_->data;
    files_.during_wait();
    if (files_.syncs_fail) return Unexpected(IoError::failed);
    node_->synced = data;
    return Done{};
  }

 private:
  Rope range(std::uint64_t at, std::size_t length) const {
    const ByteView all(node_->data);
    const auto from = all.subspan(std::min<std::size_t>(at, all.size()));
    return Rope(Slice::copy_of(from.first(std::min(length, from.size()))));
  }

  MemoryFiles& files_;
  std::string path_;
  std::shared_ptr<MemoryNode> node_;
};

inline IoResult<std::unique_ptr<File>> MemoryFiles::open(std::string_view path, OpenMode mode) {
  const bool is_there = names_.contains(path);
  if (!is_there && mode == OpenMode::existing) return Unexpected(IoError::not_found);
  if (is_there && mode == OpenMode::create_new) return Unexpected(IoError::exists);
  if (!is_there) names_[std::string(path)] = std::make_shared<MemoryNode>();
  return std::unique_ptr<File>(new MemoryFile(*this, path, names_.find(path)->second));
}

class MemoryEnv final : public Env {
 public:
  MemoryFiles disk;
  std::vector<EventBody> events;
  Instant time{};

  NodeId node() const override { return NodeId(1); }
  Instant now() override { return time; }
  WallTime wall_clock() override { return {}; }
  std::uint64_t random(std::string_view, std::uint64_t key) override { return key; }
  void charge(Duration) override {}
  Files& files() override { return disk; }
  EventId emit(EventBody body, EventCauses) override {
    events.push_back(std::move(body));
    return {events.size()};
  }
  FiberId spawn(std::string_view, std::function<void(Env&)>) override { return {}; }
  void unpark(FiberId) override {}
  void cancel(FiberId) override {}
  IoResult<std::unique_ptr<Listener>> listen(std::uint16_t) override {
    return Unexpected(IoError::refused);
  }
  FiberId self() const override { return {1}; }
  bool is_cancelled() const override { return false; }
  Wake park(Instant) override { return Wake::notified; }
  bool sleep_until(Instant) override { return true; }
  IoResult<std::unique_ptr<Stream>> connect(const Address&, Instant) override {
    return Unexpected(IoError::refused);
  }
};

}  // namespace brokersim::log
