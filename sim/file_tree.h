// The names on a disk. A directory's table of names is itself something to sync: creating, renaming
// and removing reach the platter in order, each whole or not at all, and not before the directory
// is synced or power loss happens to keep them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/env.h"
#include "sim/file_image.h"

namespace brokersim::sim {

struct TreeNode;
using TreeNodePtr = std::shared_ptr<TreeNode>;

// One change of a directory's names: `name` now stands for `node`, or for nothing; a rename also
// takes away `old_name`.
struct NameChange {
  std::string name;
  TreeNodePtr node;
  std::string old_name;
};

// A file or a directory.
struct TreeNode {
  explicit TreeNode(bool directory) : is_directory(directory) {}
  bool is_directory;
  std::string path;  // Where it stands now; kept when it is removed.

  FileImage image;          // Of a file.
  std::uint64_t syncs = 0;  // Started; the key of their latencies.
  std::uint64_t reads = 0;  // Of the device; likewise.

  std::map<std::string, TreeNodePtr> names;  // Of a directory.
  std::map<std::string, TreeNodePtr> durable_names;
  std::deque<NameChange> pending;
  std::uint64_t synced_changes = 0;

  void change(NameChange change);
  std::uint64_t mark() const { return synced_changes + pending.size(); }
  void sync_names(std::uint64_t mark);
};

// The tree below one root. Paths are relative, without "." and "..".
class FileTree {
 public:
  FileTree();

  TreeNodePtr find(std::string_view path) const;  // Null where there is none.
  IoResult<TreeNodePtr> create(std::string_view path, bool directory);
  // Within one directory only: what it does across directories at power loss is anybody's guess.
  IoResult<TreeNodePtr> rename(std::string_view from, std::string_view to);
  IoResult<TreeNodePtr> remove(std::string_view path);

  // Whether every name on the way to `path` survives power loss.
  bool is_name_durable(std::string_view path) const;
  // Every file in the directory `below`, and below it, by path; a file itself.
  void for_each_file(const std::function<void(TreeNode&)>& visit,
                     std::string_view below = {}) const;
  // Puts back the names that survive; returns how many changes of names were lost.
  std::uint64_t power_loss(const std::function<std::uint64_t(std::string_view path)>& draw);

 private:
  TreeNodePtr root_;
};

}  // namespace brokersim::sim
