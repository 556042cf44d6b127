#include "sim/file_tree.h"

#include <algorithm>
#include <utility>

#include "sim/random.h"

namespace brokersim::sim {
namespace {

using Names = std::map<std::string, TreeNodePtr>;

// "a/b/c" -> "a/b" and "c".
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string joined(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

void carry_out(Names& names, const NameChange& change) {
  if (!change.old_name.empty()) names.erase(change.old_name);
  if (change.node) {
    names[change.name] = change.node;
  } else {
    names.erase(change.name);
  }
}

// After a rename, or when a name came back.
void set_paths(TreeNode& node, std::string path) {
  node.path = std::move(path);
  for (const auto& [name, child] : node.names) set_paths(*child, joined(node.path, name));
}

void visit_files(const TreeNode& directory, const std::function<void(TreeNode&)>& visit) {
  for (const auto& [name, child] : directory.names) {
    if (child->is_directory) {
      visit_files(*child, visit);
    } else {
      visit(*child);
    }
  }
}

}  // namespace

void TreeNode::change(NameChange change) {
  carry_out(names, change);
  pending.push_back(std::move(change));
}

void TreeNode::sync_names(std::uint64_t mark) {
  for (; synced_changes < mark; ++synced_changes) {
    carry_out(durable_names, pending.front());
    pending.pop_front();
  }
}

FileTree::FileTree() : root_(std::make_shared<TreeNode>(true)) {}

TreeNodePtr FileTree::find(std::string_view path) const {
  TreeNodePtr node = root_;
  while (node && !path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto found = node->names.find(std::string(path.substr(0, slash)));
    node = found == node->names.end() ? nullptr : found->second;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return node;
}

IoResult<TreeNodePtr> FileTree::create(std::string_view path, bool directory) {
  const auto [parent_path, name] = split(path);
  REQUIRE(!name.empty(), path);
  const auto parent = find(parent_path);
  if (!parent || !parent->is_directory) return Unexpected(IoError::not_found);
  if (parent->names.contains(std::string(name))) return Unexpected(IoError::exists);
  auto node = std::make_shared<TreeNode>(directory);
  node->path = std::string(path);
  parent->change({.name = std::string(name), .node = node, .old_name = {}});
  return node;
}

IoResult<TreeNodePtr> FileTree::rename(std::string_view from, std::string_view to) {
  const auto [from_parent, from_name] = split(from);
  const auto [to_parent, to_name] = split(to);
  REQUIRE(from_parent == to_parent, from, to);
  auto node = find(from);
  if (!node) return Unexpected(IoError::not_found);
  if (from == to) return node;
  if (const auto target = find(to); target && target->is_directory) {
    if (!node->is_directory || !target->names.empty()) return Unexpected(IoError::exists);
  }
  find(from_parent)
      ->change({.name = std::string(to_name), .node = node, .old_name = std::string(from_name)});
  set_paths(*node, std::string(to));
  return node;
}

IoResult<TreeNodePtr> FileTree::remove(std::string_view path) {
  REQUIRE(!path.empty());
  auto node = find(path);
  if (!node) return Unexpected(IoError::not_found);
  const auto [parent_path, name] = split(path);
  find(parent_path)->change({.name = std::string(name), .node = nullptr, .old_name = {}});
  return node;
}

// Each name on the way is durable and no pending change takes it away.
bool FileTree::is_name_durable(std::string_view path) const {
  TreeNodePtr node = root_;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string name(path.substr(0, slash));
    const auto live = node->names.find(name);
    const auto durable = node->durable_names.find(name);
    if (live == node->names.end() || durable == node->durable_names.end()) return false;
    if (live->second != durable->second) return false;
    for (const auto& change : node->pending) {
      if (change.name == name || change.old_name == name) return false;
    }
    node = live->second;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return true;
}

void FileTree::for_each_file(const std::function<void(TreeNode&)>& visit,
                             std::string_view below) const {
  const auto top = find(below);
  if (!top) return;
  if (top->is_directory) {
    visit_files(*top, visit);
  } else {
    visit(*top);
  }
}

namespace {

using Draw = std::function<std::uint64_t(std::string_view path)>;

std::uint64_t lose_names(TreeNode& directory, const Draw& draw) {
  const auto most = directory.pending.size();
  const auto number = draw(directory.path);
  auto kept = uniform(mix(number ^ 1), std::size_t{0}, most);
  if (chance(number, 1, 3)) kept = most;
  std::uint64_t lost = most - kept;
  directory.sync_names(directory.synced_changes + kept);
  directory.synced_changes += directory.pending.size();
  directory.pending.clear();
  directory.names = directory.durable_names;
  for (const auto& [name, child] : directory.names) {
    child->path = joined(directory.path, name);
    if (child->is_directory) lost += lose_names(*child, draw);
  }
  return lost;
}

}  // namespace

std::uint64_t FileTree::power_loss(const Draw& draw) { return lose_names(*root_, draw); }

}  // namespace brokersim::sim
