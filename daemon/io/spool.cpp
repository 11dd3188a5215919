#include "daemon/io/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "daemon/core/fd.hpp"
#include "daemon/io/crc.hpp"
#include "daemon/io/directory.hpp"
#include "daemon/io/lock_file.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kMagic = "itnxt batches 1\n";
constexpr std::size_t kHead = 8;  // length and CRC
constexpr std::uint32_t kMaxRecord = wire::kMaxParts * wire::kMaxPart + (1U << 20);

// As many bytes as there are, up to `size`.
std::size_t read_some(int fd, char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd, to + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void put_u32(std::uint32_t value, char* to) {
  for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t get_u32(const char* from) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{static_cast<std::uint8_t>(from[i])} << (8 * i);
  }
  return value;
}

void sync_directory(const std::string& directory) {
  const Fd folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) fsync(folder.get());
}

// One record's payload; nothing at the end of what can be trusted.
std::optional<std::string> read_record(int fd, std::uint64_t left) {
  std::array<char, kHead> head{};
  if (left < kHead || read_some(fd, head.data(), kHead) != kHead) return std::nullopt;
  const std::uint32_t size = get_u32(head.data());
  if (size > kMaxRecord || size > left - kHead) return std::nullopt;
  std::string payload(size, '\0');
  if (read_some(fd, payload.data(), size) != size) return std::nullopt;
  if (crc32_of(payload) != get_u32(head.data() + 4)) return std::nullopt;
  return payload;
}

}  // namespace

Status Spool::prepare() {
  const auto trouble = make_directory(directory_);
  if (!trouble) {
    if (const auto open = open_to_others("spool.directory", directory_)) log_.warning(*open);
    return {};
  }
  return Error{"spool.directory " + directory_ + ": cannot be used: " + errno_text(trouble->error) +
               ": what is undelivered at a stop will be lost; make it writable for this user"};
}

std::optional<Spool::Unclaimed> Spool::claim(const CollectorName& collector) {
  if (locks_.contains(collector)) return std::nullopt;
  const std::string path = stem_of(collector) + ".lock";
  LockAttempt attempt = lock_file(path);
  if (attempt.lock.is_open()) {
    locks_.emplace(collector, std::move(attempt.lock));
    return std::nullopt;
  }
  const std::string what = "spool.directory " + path + ": ";
  if (attempt.error == EWOULDBLOCK) {
    return Unclaimed{true, what + "in use by another collector process" + holder_text(attempt) +
                               "; stop that one, or give one of the two another directory or the "
                               "collector another name"};
  }
  return Unclaimed{false, what + "cannot be locked: " + errno_text(attempt.error) +
                              ": what is undelivered at a stop will be lost; make it writable for "
                              "this user"};
}

std::string Spool::path_of(const CollectorName& collector) const {
  return stem_of(collector) + ".batches";
}

std::string Spool::stem_of(const CollectorName& collector) const {
  std::string name;
  for (const char c : collector.text()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    if (plain) {
      name += c;
      continue;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "%%%02X", static_cast<std::uint8_t>(c));
    name += escaped.data();
  }
  return directory_ + '/' + name;
}

bool Spool::load(const CollectorName& collector, WallTime now,
                 const std::function<bool(wire::SpoolRecord&&)>& take) {
  const std::string path = path_of(collector);
  const Fd file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    if (errno != ENOENT) {
      log_.error("spool file cannot be read: " + errno_text(errno) + "; its batches are not sent",
                 {{"file", path}});
    }
    return false;
  }
  struct stat status {};
  fstat(file.get(), &status);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::array<char, kMagic.size()> magic{};
  std::uint64_t good = 0;
  if (read_some(file.get(), magic.data(), magic.size()) == magic.size() &&
      std::string_view(magic.data(), magic.size()) == kMagic) {
    good = magic.size();
  }
  while (good != 0 && good < size) {
    const auto payload = read_record(file.get(), size - good);
    if (!payload) break;
    auto record = wire::decode_spool_record(*payload);
    if (!record || !take(std::move(record).value())) break;
    good += kHead + payload->size();
  }
  return good == size ||
         set_aside(file.get(), path, path + ".corrupt-" + file_time(now), good, size);
}

// Moves what follows the first `good` bytes to another file, so that the next start does not
// stumble again. Without room for it there it is left where it is.
bool Spool::set_aside(int fd, const std::string& path, const std::string& aside, std::uint64_t good,
                      std::uint64_t size) {
  const auto copy = [&]() -> int {  // errno
    const Fd out(open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!out.is_open() || lseek(fd, static_cast<off_t>(good), SEEK_SET) < 0) return errno;
    std::vector<char> block(std::size_t{1} << 16);
    for (std::uint64_t left = size - good; left > 0;) {
      const std::size_t n = read_some(fd, block.data(), block.size());
      if (n == 0) return EIO;
      if (!write_all(out.get(), {block.data(), n})) return errno;
      left -= std::min<std::uint64_t>(n, left);
    }
    return fsync(out.get()) == 0 && ftruncate(fd, static_cast<off_t>(good)) == 0 ? 0 : errno;
  };
  const int error = copy();
  log_.error("spool file is damaged: the batches before the damage are sent, the rest is set aside",
             {{"file", path},
              {"good_bytes", std::to_string(good)},
              {"damaged_bytes", std::to_string(size - good)},
              {"aside", error == 0 ? aside : "failed: " + errno_text(error)}});
  return error == 0;
}

Result<std::unique_ptr<Spool::Writer>> Spool::write(const CollectorName& collector) {
  const std::string path = path_of(collector);
  const std::string making = path + ".new";
  unlink(making.c_str());  // of a stop that did not come to its end
  Fd fd(open(making.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  std::unique_ptr<Writer> writer(new Writer(std::move(fd), path));
  if (!writer->fd_.is_open() || !write_all(writer->fd_.get(), kMagic))
    return Error{writer->failure("written").error()};
  return writer;
}

Spool::Writer::~Writer() {
  if (!fd_.is_open()) return;
  unlink((path_ + ".new").c_str());
}

Status Spool::Writer::failure(const char* what) const {
  return Error{path_ + ": cannot be " + what + ": " + errno_text(errno)};
}

Status Spool::Writer::add(const wire::SpoolRecord& record) {
  const std::string payload = wire::encode(record);
  std::array<char, kHead> head{};
  put_u32(static_cast<std::uint32_t>(payload.size()), head.data());
  put_u32(crc32_of(payload), head.data() + 4);
  if (!write_all(fd_.get(), {head.data(), head.size()}) || !write_all(fd_.get(), payload)) {
    return failure("written");
  }
  return {};
}

Status Spool::Writer::sync() {
  if (fdatasync(fd_.get()) != 0) return failure("written");
  return {};
}

Status Spool::Writer::commit() {
  const std::string making = path_ + ".new";
  if (fsync(fd_.get()) != 0) return failure("written");
  if (rename(making.c_str(), path_.c_str()) != 0) return failure("renamed");
  fd_.reset();
  sync_directory(std::filesystem::path(path_).parent_path());
  return {};
}

void Spool::remove(const CollectorName& collector) {
  const std::string path = path_of(collector);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    log_.error("spool file cannot be removed: " + errno_text(errno) +
                   "; its batches will be sent again at the next start",
               {{"file", path}});
  }
}

}  // namespace itnxt
