#include "daemon/io/remote_write/disk_log.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "daemon/core/hash.hpp"
#include "daemon/io/directory.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kMagic = "itnxtq1\n";
constexpr std::string_view kSuffix = ".queue";
constexpr std::size_t kHead = 12;  // size, checksum, state
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kStateAt = 8;
constexpr std::size_t kMostRead = std::size_t{64} << 20U;  // of one file, whoever made it
constexpr std::uint32_t kDone = 1;
constexpr Duration kTick = 250ms;

std::uint32_t checksum(std::string_view body) {
  const std::uint64_t hash = stable_hash(body);
  return static_cast<std::uint32_t>(hash ^ (hash >> 32U));
}

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

DiskLog::Id id_of(std::uint32_t number, std::size_t at) {
  return (std::uint64_t{number} << 32U) | at;
}

std::optional<std::string> read_whole(int fd, std::size_t most) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  most = std::min(most, static_cast<std::size_t>(info.st_size));
  std::string bytes(most, '\0');
  std::size_t have = 0;
  while (have < most) {
    const ssize_t got = ::pread(fd, bytes.data() + have, most - have, static_cast<::off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

// Shared with the Worker's jobs, which touch the fd and nothing else.
struct DiskLog::File {
  File(Number n, std::string p) : number(n), path(std::move(p)) {}
  ~File() { unmap(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Every block written: appending then needs nothing of the file system. The problem, or nothing.
  std::string make(std::size_t whole) {
    fd.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.is_open()) return "cannot make " + path + ": " + errno_text(errno);
    const std::string zeros(std::size_t{64} << 10U, '\0');
    for (std::size_t at = 0; at < whole;) {
      const std::string_view block =
          at == 0 ? kMagic : std::string_view(zeros).substr(0, std::min(zeros.size(), whole - at));
      const ssize_t wrote =
          ::pwrite(fd.get(), block.data(), block.size(), static_cast<::off_t>(at));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return give_up("write");
      at += static_cast<std::size_t>(wrote);
    }
    void* mapped =
        ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd.get(), 0);
    if (mapped == MAP_FAILED) return give_up("map");
    map = static_cast<char*>(mapped);
    (void)::mlock(map, whole);  // as far as it is allowed: a page must not have to be read back
    map_size = whole;
    return {};
  }
  std::string give_up(const char* doing) {
    std::string problem = std::string("cannot ") + doing + ' ' + path + ": " + errno_text(errno);
    (void)::unlink(path.c_str());
    return problem;
  }
  void mark_done(std::size_t at) const {
    const Fd own(fd.is_open() ? -1 : ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    (void)!::pwrite(fd.is_open() ? fd.get() : own.get(), &kDone, sizeof kDone,
                    static_cast<::off_t>(at + kStateAt));
  }
  // Behind its last entry; few files are open, however many there are.
  void cut(std::size_t at) {
    (void)!::ftruncate(fd.get(), static_cast<::off_t>(at));
    fd.reset();
  }
  void unmap() {
    if (map != nullptr) ::munmap(map, map_size);
    map = nullptr;
  }

  const Number number;
  const std::string path;
  Fd fd;
  char* map = nullptr;  // while it is appended to
  std::size_t map_size = 0;
  std::size_t waiting = 0;  // entries
  std::size_t size = 0;     // bytes on the disk
};

DiskLog::DiskLog(Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)), worker_(loop) {}

// What is done is written, once, and what was made for nothing goes.
DiskLog::~DiskLog() {
  tick();
  if (current_ && current_->waiting == 0) remove(current_->number);
  for (const FilePtr& unused : {spare_, making_}) {
    if (unused) worker_.post([unused] { (void)::unlink(unused->path.c_str()); }, [] {});
  }
}

std::string DiskLog::path_of(Number number) const {
  return options_.directory + '/' + std::to_string(number) + std::string(kSuffix);
}

bool DiskLog::writes_in_place(std::int64_t file_system) {
  // btrfs, zfs, bcachefs; nfs, cifs, smb2, 9p, ceph, fuse.
  constexpr std::array<std::int64_t, 10> kOthers = {0x9123683E, 0x2FC12FC1, 0xCA451A4E, 0x6969,
                                                    0xFF534D42, 0xFE534D42, 0x01021997, 0x00C36400,
                                                    0x65735546, 0x73757245};
  return std::ranges::find(kOthers, file_system & 0xFFFFFFFF) == kOthers.end();
}

Result<DiskLog::Opened> DiskLog::open(Loop& loop, Options options) {
  if (const auto failed = make_directory(options.directory)) {
    return Error{"cannot use directory " + failed->path + ": " + errno_text(failed->error)};
  }
  struct statfs where {};
  if (::statfs(options.directory.c_str(), &where) != 0) {
    return Error{"cannot use directory " + options.directory + ": " + errno_text(errno)};
  }
  if (!writes_in_place(where.f_type)) {
    return Error{"cannot use directory " + options.directory +
                 ": its file system copies what is written, or is on the network; put it on ext4 "
                 "or xfs"};
  }
  Opened opened;
  opened.log = std::unique_ptr<DiskLog>(new DiskLog(loop, std::move(options)));
  DiskLog& log = *opened.log;
  if (auto read = log.read_back(opened.waiting); !read) return Error{read.error()};
  // The first file at once: what comes before the loop's first round is to be kept, too.
  const auto first = std::make_shared<File>(log.next_number_, log.path_of(log.next_number_));
  ++log.next_number_;
  log.made(first, first->make(log.options_.file_size));
  log.next_file();
  return opened;
}

// Files of a former process, in order. Where a power cut left a hole the rest of that file is lost.
Status DiskLog::read_back(std::vector<Entry>& waiting) {
  std::vector<Number> numbers;
  std::error_code failed;
  for (const auto& one : std::filesystem::directory_iterator(options_.directory, failed)) {
    const std::string name = one.path().filename().string();
    Number number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && number > 0 && std::string_view(end) == kSuffix) {
      numbers.push_back(number);
    }
  }
  if (failed) return Error{"cannot read directory " + options_.directory + ": " + failed.message()};
  std::ranges::sort(numbers);
  for (const Number number : numbers) {
    next_number_ = number + 1;
    const auto file = std::make_shared<File>(number, path_of(number));
    file->fd.reset(::open(file->path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    const auto bytes = file->fd.is_open() ? read_whole(file->fd.get(), kMostRead) : std::nullopt;
    if (!bytes) return Error{"cannot read " + file->path + ": " + errno_text(errno)};
    if (bytes->starts_with(kMagic)) file->size = read_entries(*bytes, *file, waiting);
    if (file->waiting > 0) {
      file->cut(file->size);
      files_[number] = file;
    } else {
      (void)::unlink(file->path.c_str());
    }
  }
  return {};
}

std::size_t DiskLog::read_entries(std::string_view bytes, File& file, std::vector<Entry>& waiting) {
  std::size_t at = kMagic.size();
  while (at + kHead <= bytes.size()) {
    const std::size_t size = number_at(bytes, at);
    if (size == 0 || size > bytes.size() - at - kHead) break;
    const std::string_view body = bytes.substr(at + kHead, size);
    if (number_at(bytes, at + kChecksumAt) != checksum(body)) break;
    if (number_at(bytes, at + kStateAt) != kDone) {
      waiting.push_back({id_of(file.number, at), std::string(body)});
      ++file.waiting;
    }
    at += kHead + padded(size);
  }
  return std::min(at, bytes.size());
}

std::size_t DiskLog::file_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [number, file] : files_) bytes += file->size;
  return bytes;
}

DiskLog::Id DiskLog::append(std::string_view body) {
  const std::size_t need = kHead + padded(body.size());
  if (body.empty() || need > options_.file_size - kMagic.size()) return 0;
  if ((!current_ || at_ + need > options_.file_size) && !next_file()) return 0;
  char* to = current_->map + at_;
  std::memcpy(to + kHead, body.data(), body.size());
  const std::uint32_t sum = checksum(body);
  std::memcpy(to + kChecksumAt, &sum, sizeof sum);
  // Behind all else: who is killed in between leaves no entry.
  const std::atomic_ref<std::uint32_t> size(*reinterpret_cast<std::uint32_t*>(to));
  size.store(static_cast<std::uint32_t>(body.size()), std::memory_order_release);
  const Id id = id_of(current_->number, at_);
  at_ += need;
  ++current_->waiting;
  is_dirty_ = true;
  tick_later();
  return id;
}

void DiskLog::done(Id id) {
  const auto found = files_.find(static_cast<Number>(id >> 32U));
  if (id == 0 || found == files_.end()) return;  // its file went for want of room
  const FilePtr& file = found->second;
  --file->waiting;
  if (file->waiting == 0 && file != current_) return remove(file->number);
  done_.emplace_back(file, static_cast<std::uint32_t>(id));
  tick_later();
}

void DiskLog::remove(Number number) {
  const auto node = files_.extract(number);
  if (node.empty()) return;
  std::erase_if(done_, [&](const auto& one) { return one.first == node.mapped(); });
  worker_.post([file = node.mapped()] { (void)::unlink(file->path.c_str()); }, [] {});
}

// The spare one becomes the current one.
bool DiskLog::next_file() {
  if (!spare_) {
    make_spare();
    return false;
  }
  if (current_) {
    current_->unmap();
    current_->size = at_;
    worker_.post([file = current_, end = at_] { file->cut(end); }, [] {});
    if (current_->waiting == 0) remove(current_->number);
  }
  current_ = std::exchange(spare_, nullptr);
  current_->size = options_.file_size;
  files_[current_->number] = current_;
  at_ = kMagic.size();
  while (files_.size() > 1 && file_bytes() > options_.most) remove(files_.begin()->first);
  make_spare();
  return true;
}

void DiskLog::make_spare() {
  if (making_ || again_) return;
  const auto file = std::make_shared<File>(next_number_, path_of(next_number_));
  making_ = file;
  ++next_number_;
  const auto problem = std::make_shared<std::string>();
  worker_.post([file, problem, size = options_.file_size] { *problem = file->make(size); },
               [this, file, problem] {
                 making_ = nullptr;
                 made(file, *problem);
               });
}

void DiskLog::made(const FilePtr& file, const std::string& problem) {
  problem_ = problem;
  if (problem.empty()) {
    spare_ = file;
    return;
  }
  again_ = loop_.after(options_.try_again, [this] {
    again_.cancel();
    make_spare();
  });
}

void DiskLog::tick_later() {
  if (tick_) return;
  tick_ = loop_.after(kTick, [this] {
    tick_.cancel();
    if (worker_.under_way() > 0) return tick_later();  // a slow disk gets no more to do
    tick();
  });
}

// To the disk, as a power cut would find it.
void DiskLog::tick() {
  if (done_.empty() && !is_dirty_) return;
  worker_.post(
      [done = std::exchange(done_, {}),
       current = std::exchange(is_dirty_, false) ? current_ : nullptr] {
        for (const auto& [file, at] : done) file->mark_done(at);
        if (current) (void)::fdatasync(current->fd.get());
      },
      [] {});
}

}  // namespace itnxt
