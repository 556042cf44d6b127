#include "sim/live/live_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include <climits>
#include <fmt/format.h>

#include "sim/live/live_env.h"

namespace brokersim::live {
namespace {

// Jobs that outlive their file keep its descriptor.
class Descriptor {
 public:
  Descriptor(int value, Jobs& removals) : value_(value), removals_(removals) {}
  // Whoever has a removed file open last frees what it holds.
  ~Descriptor() {
    constexpr off_t large = 1 << 20;
    struct stat status {};
    const bool is_large = ::fstat(value_, &status) == 0 && status.st_size >= large;
    if (is_large) {
      removals_.submit(0, [value = value_] { ::close(value); });
    } else {
      ::close(value_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  const int value_;
  Jobs& removals_;
};

constexpr std::size_t threads_per_disk = 4;

// Of what is on its way out: "brokersim-removed-0.<key and number>-delete". Kafka, too, takes
// that for a partition's directory which is to be deleted.
constexpr std::string_view removed_prefix = "brokersim-removed-0.";
constexpr std::string_view removed_suffix = "-delete";

bool is_removed(std::string_view name) {
  return name.starts_with(removed_prefix) && name.ends_with(removed_suffix);
}

off_t offset_of(std::uint64_t position) { return static_cast<off_t>(position); }

// Reads until `out` is full, the file ends, or `flags` forbid to go on.
// The error is an errno.
Expected<std::size_t, int> read_at(int descriptor, std::uint64_t at, std::span<std::uint8_t> out,
                                   int flags) {
  std::size_t done = 0;
  while (done < out.size()) {
    const iovec piece{out.data() + done, out.size() - done};
    const ssize_t n = ::preadv2(descriptor, &piece, 1, offset_of(at + done), flags);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unexpected(errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

IoResult<Done> result_of(int error_number) {
  if (error_number != 0) return Unexpected(error_of(error_number));
  return Done{};
}

IoResult<Done> timed_sync(Disk& disk, std::function<int()> sync) {
  const auto took = std::make_shared<Duration>();
  TRY(std::ignore, disk.carry_out([&reactor = disk.reactor, sync = std::move(sync), took] {
    const Instant begun = reactor.now();
    const int error_number = sync();
    *took = reactor.now() - begun;
    return error_number;
  }));
  disk.syncs.add(*took);
  return Done{};
}

class LiveFile final : public File {
 public:
  LiveFile(Disk& disk, int descriptor, std::uint64_t size)
      : disk_(disk),
        descriptor_(std::make_shared<Descriptor>(descriptor, disk.removals)),
        size_(size) {}

  std::uint64_t size() const override { return size_; }

  IoResult<std::uint64_t> append(const Rope& bytes) override {
    const std::uint64_t at = size_;
    std::vector<iovec> pieces;
    for (const auto& slice : bytes.slices()) {
      pieces.push_back({const_cast<std::uint8_t*>(slice.data()), slice.size()});
    }
    std::size_t first = 0;
    std::uint64_t end = at;
    while (first < pieces.size()) {
      const auto count = std::min<std::size_t>(pieces.size() - first, IOV_MAX);
      ssize_t n = ::pwritev(descriptor_->get(), pieces.data() + first, static_cast<int>(count),
                            offset_of(end));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        const int error_number = n == 0 ? ENOSPC : errno;
        (void)!::ftruncate(descriptor_->get(), offset_of(at));  // Half an append is none.
        return Unexpected(error_of(error_number));
      }
      end += static_cast<std::uint64_t>(n);
      for (auto left = static_cast<std::size_t>(n); left > 0;) {
        auto& piece = pieces[first];
        const std::size_t taken = std::min(left, piece.iov_len);
        piece.iov_base = static_cast<std::uint8_t*>(piece.iov_base) + taken;
        piece.iov_len -= taken;
        left -= taken;
        if (piece.iov_len == 0) ++first;
      }
    }
    size_ = end;
    return at;
  }

  IoResult<Done> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_->get(), offset_of(size)) != 0) return Unexpected(error_of(errno));
    size_ = size;
    return Done{};
  }

  std::optional<Rope> cached(std::uint64_t at, std::size_t length) const override {
    Bytes bytes(cut(at, length));
    if (bytes.empty()) return Rope{};
    auto got = read_at(descriptor_->get(), at, bytes, RWF_NOWAIT);
    // A file system that does not know the flag is asked to wait.
    if (!got && got.error() == EOPNOTSUPP) got = read_at(descriptor_->get(), at, bytes, 0);
    if (!got || *got != bytes.size()) return std::nullopt;
    return Rope(std::move(bytes));
  }

  IoResult<Rope> read(Env&, std::uint64_t at, std::size_t length) override {
    const auto bytes = std::make_shared<Bytes>(cut(at, length));
    TRY(std::ignore, disk_.carry_out([descriptor = descriptor_, bytes, at] {
      const auto got = read_at(descriptor->get(), at, *bytes, 0);
      if (!got) return got.error();
      bytes->resize(*got);
      return 0;
    }));
    return Rope(std::move(*bytes));
  }

  IoResult<Done> sync(Env&) override {
    return timed_sync(disk_, [descriptor = descriptor_] {
      return ::fdatasync(descriptor->get()) == 0 ? 0 : errno;
    });
  }

 private:
  std::size_t cut(std::uint64_t at, std::size_t length) const {
    return at >= size_ ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - at));
  }

  Disk& disk_;
  const std::shared_ptr<Descriptor> descriptor_;
  std::uint64_t size_;
};

}  // namespace

IoError error_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return IoError::not_found;
    case EEXIST:
    case ENOTEMPTY: return IoError::exists;
    case ENOSPC:
    case EDQUOT: return IoError::full;
    case EMFILE:
    case ENFILE: return IoError::exhausted;
    case ECONNREFUSED: return IoError::refused;
    case ETIMEDOUT: return IoError::timed_out;
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN: return IoError::reset;
    default: return IoError::failed;
  }
}

Disk::Disk(Reactor& on)
    : reactor(on), removals(1, [](std::uint64_t) {}), jobs(on.make_jobs(threads_per_disk)) {}

Disk::~Disk() {
  constexpr Duration patience = 2s;
  jobs.reset();  // They may own files that are to be closed elsewhere.
  removals.finish_within(patience);
}

IoResult<Done> Disk::carry_out(std::function<int()> work) {
  const auto error_number = std::make_shared<int>(0);
  const bool has_run = reactor.run_elsewhere(
      *jobs, [error_number, work = std::move(work)] { *error_number = work(); });
  if (!has_run) return Unexpected(IoError::cancelled);
  return result_of(*error_number);
}

LiveFiles::LiveFiles(Reactor& reactor, std::string root)
    : root_(std::move(root)), removal_key_(entropy()), disk_(reactor) {
  REQUIRE(std::filesystem::is_directory(root_), root_);
  finish_removals();
}

void LiveFiles::remove_elsewhere(std::string path) {
  disk_.removals.submit(0, [path = std::move(path)] {
    std::error_code ignored;  // The next start tries again.
    std::filesystem::remove_all(path, ignored);
  });
}

void LiveFiles::finish_removals() {
  std::error_code error;
  auto at = std::filesystem::directory_iterator(root_, error);
  while (!error && at != std::filesystem::directory_iterator()) {
    if (is_removed(at->path().filename().string())) remove_elsewhere(at->path().string());
    at.increment(error);
  }
}

std::string LiveFiles::full(std::string_view path) const {
  return path.empty() ? root_ : root_ + "/" + std::string(path);
}

IoResult<std::unique_ptr<File>> LiveFiles::open(std::string_view path, OpenMode mode) {
  int flags = O_RDWR | O_CLOEXEC;
  if (mode != OpenMode::existing) flags |= O_CREAT;
  if (mode == OpenMode::create_new) flags |= O_EXCL;
  const int descriptor = ::open(full(path).c_str(), flags, 0644);
  if (descriptor < 0) return Unexpected(error_of(errno));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int error_number = errno;
    ::close(descriptor);
    return Unexpected(error_of(error_number));
  }
  return std::make_unique<LiveFile>(disk_, descriptor, static_cast<std::uint64_t>(status.st_size));
}

IoResult<Done> LiveFiles::make_directory(std::string_view path) {
  std::error_code error;
  std::filesystem::create_directories(full(path), error);
  return result_of(error.value());
}

IoResult<Done> LiveFiles::rename(std::string_view from, std::string_view to) {
  return result_of(::rename(full(from).c_str(), full(to).c_str()) == 0 ? 0 : errno);
}

IoResult<Done> LiveFiles::remove(std::string_view path) {
  auto aside = fmt::format("{}/{}{:016x}{:08x}{}", root_, removed_prefix, removal_key_, ++removals_,
                           removed_suffix);
  if (::rename(full(path).c_str(), aside.c_str()) == 0) {
    remove_elsewhere(std::move(aside));
    return Done{};
  }
  // Without another name it goes here: a full disk may have none to give.
  std::error_code error;
  const auto removed = std::filesystem::remove_all(full(path), error);
  if (!error && removed == 0) return Unexpected(IoError::not_found);
  return result_of(error.value());
}

IoResult<std::vector<std::string>> LiveFiles::list(std::string_view directory) const {
  std::error_code error;
  std::vector<std::string> names;
  auto at = std::filesystem::directory_iterator(full(directory), error);
  while (!error && at != std::filesystem::directory_iterator()) {
    auto name = at->path().filename().string();
    if (!is_removed(name)) names.push_back(std::move(name));
    at.increment(error);
  }
  if (error) return Unexpected(error_of(error.value()));
  std::sort(names.begin(), names.end());
  return names;
}

// What cannot be looked at may well be there: whoever believed it absent would put another in its
// place.
bool LiveFiles::exists(std::string_view path) const {
  struct stat status {};
  if (::stat(full(path).c_str(), &status) == 0) return true;
  return error_of(errno) != IoError::not_found;
}

IoResult<DiskSpace> LiveFiles::space() const {
  struct statvfs device {};
  if (::statvfs(root_.c_str(), &device) != 0) return Unexpected(error_of(errno));
  return DiskSpace{.total = std::uint64_t{device.f_blocks} * device.f_frsize,
                   .usable = std::uint64_t{device.f_bavail} * device.f_frsize};
}

IoResult<Done> LiveFiles::sync_directory(Env&, std::string_view directory) {
  return timed_sync(disk_, [path = full(directory)] {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    const int error_number = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return error_number;
  });
}

}  // namespace brokersim::live
