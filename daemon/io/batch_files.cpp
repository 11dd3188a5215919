#include "daemon/io/batch_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/io/crc.hpp"

namespace itnxt {
namespace {

constexpr std::string_view kMagic = "itnxt batches 2\n";
constexpr std::size_t kHead = 48;
constexpr std::size_t kChecked = 32;  // bytes of the head under its CRC
constexpr std::size_t kWhoAt = 40;
constexpr std::uint32_t kMaxPayload = wire::kMaxParts * wire::kMaxPart + (1U << 20);
constexpr std::size_t kMaxOwed = 256U << 10U;

template <class Number>
void put(char* to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) to[i] = static_cast<char>(number >> (8 * i));
}

template <class Number>
Number get(const char* from) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= Number{static_cast<std::uint8_t>(from[i])} << (8 * i);
  }
  return number;
}

bool write_at(int fd, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    at += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool read_at(int fd, char* to, std::size_t size, std::uint64_t at) {
  while (size > 0) {
    const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    at += static_cast<std::uint64_t>(n);
    to += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

void put(char* to, BatchFiles::Who who) {
  put(to, who.needed);
  put(to + 4, who.sent);
}

std::string record(const BatchFiles::Batch& batch, const wire::SpoolRecord& content) {
  std::string bytes(kHead, '\0');
  const std::string payload = wire::encode(content);
  char* head = bytes.data();
  put(head, static_cast<std::uint32_t>(payload.size()));
  put(head + 4, crc32_of(payload));
  put(head + 8, batch.epoch);
  put(head + 16, batch.sequence);
  put(head + 24, static_cast<std::uint64_t>(batch.closed.time_since_epoch().count()));
  put(head + kChecked, crc32_of({head, kChecked}));
  put(head + kWhoAt, batch.who);
  return bytes + payload;
}

// Of a head that is whole and says what can be.
std::optional<BatchFiles::Batch> parse(const std::array<char, kHead>& head) {
  if (crc32_of({head.data(), kChecked}) != get<std::uint32_t>(head.data() + kChecked)) {
    return std::nullopt;
  }
  BatchFiles::Batch batch;
  batch.bytes = get<std::uint32_t>(head.data());
  batch.epoch = get<std::uint64_t>(head.data() + 8);
  batch.sequence = get<std::uint64_t>(head.data() + 16);
  batch.closed =
      WallTime(Duration(static_cast<std::int64_t>(get<std::uint64_t>(head.data() + 24))));
  batch.who = {get<std::uint32_t>(head.data() + kWhoAt),
               get<std::uint32_t>(head.data() + kWhoAt + 4)};
  if (batch.bytes > kMaxPayload) return std::nullopt;
  return batch;
}

Result<wire::SpoolRecord> read_payload(int fd, std::uint32_t at) {
  std::array<char, kHead> head{};
  if (!read_at(fd, head.data(), kHead, at)) return Error{errno_text(errno)};
  const auto batch = parse(head);
  if (!batch) return Error{"its head is damaged"};
  std::string payload(batch->bytes, '\0');
  if (!read_at(fd, payload.data(), payload.size(), at + kHead)) return Error{errno_text(errno)};
  if (crc32_of(payload) != get<std::uint32_t>(head.data() + 4)) return Error{"it is damaged"};
  return wire::decode_spool_record(payload);
}

}  // namespace

BatchFiles::BatchFiles(std::string stem, std::vector<std::string> endpoints,
                       std::size_t segment_bytes)
    : stem_(std::move(stem)), endpoints_(std::move(endpoints)), segment_bytes_(segment_bytes) {}

std::string BatchFiles::path_of(std::uint32_t file) const {
  return stem_ + ".batches-" + std::to_string(file);
}

Error BatchFiles::trouble(const std::string& path, const char* what) {
  return {path + ": cannot be " + what + ": " + errno_text(errno)};
}

BatchFiles::Loaded BatchFiles::load() {
  Loaded loaded;
  const std::filesystem::path stem(stem_);
  const std::string prefix = stem.filename().string() + ".batches-";
  std::vector<std::uint32_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(stem.parent_path().c_str()), closedir);
  for (const dirent* one = nullptr; folder && (one = readdir(folder.get())) != nullptr;) {
    const std::string_view name(one->d_name);
    if (!name.starts_with(prefix)) continue;
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end && number > 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  for (const std::uint32_t number : numbers) load_file(number, loaded);
  if (!numbers.empty()) next_ = numbers.back() + 1;

  std::string bytes(kMaxOwed, '\0');
  const Fd owed(open((stem_ + ".lost").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!owed.is_open() || pread(owed.get(), bytes.data(), bytes.size(), 0) < 8) return loaded;
  const auto size = get<std::uint32_t>(bytes.data());
  if (size > kMaxOwed - 8) return loaded;
  const std::string_view payload(bytes.data() + 8, size);
  const auto content = wire::decode_spool_record(payload);
  if (content && crc32_of(payload) == get<std::uint32_t>(bytes.data() + 4)) {
    loaded.owed = content->lost;
  }
  return loaded;
}

void BatchFiles::load_file(std::uint32_t number, Loaded& loaded) {
  const std::string path = path_of(number);
  const Fd fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  std::array<char, kMagic.size()> magic{};
  if (!fd.is_open() || fstat(fd.get(), &status) != 0) {
    loaded.problems.push_back(trouble(path, "read").message);
    return;
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::array<char, kHead> head{};
  std::uint64_t at = kMagic.size();
  std::vector<std::uint32_t> ours;  // by their bit: ours, or none
  auto unknown = static_cast<std::uint32_t>((std::uint64_t{1} << endpoints_.size()) - 1);
  File file;
  if (size >= at && read_at(fd.get(), magic.data(), magic.size(), 0) &&
      std::string_view(magic.data(), magic.size()) == kMagic) {
    const auto names = read_payload(fd.get(), static_cast<std::uint32_t>(at));
    if (names && read_at(fd.get(), head.data(), kHead, at)) {
      at += kHead + get<std::uint32_t>(head.data());
      file.same_names = names->lost.size() == endpoints_.size();
      for (const auto& named : names->lost) {
        const auto found = std::ranges::find(endpoints_, named.endpoint);
        const auto bit = static_cast<std::size_t>(found - endpoints_.begin());
        file.same_names = file.same_names && bit == ours.size();
        ours.push_back(found == endpoints_.end() ? 0 : std::uint32_t{1} << bit);
        unknown &= ~ours.back();
      }
    }
  }
  const std::size_t before = loaded.batches.size();
  bool sound = !ours.empty() || size <= kMagic.size() + kHead;
  while (!ours.empty() && at + kHead <= size && read_at(fd.get(), head.data(), kHead, at)) {
    auto batch = parse(head);
    if (!batch) {
      sound = false;
      break;
    }
    if (at + kHead + batch->bytes > size) break;  // a process was killed while it wrote this
    batch->place = {number, static_cast<std::uint32_t>(at)};
    at += kHead + batch->bytes;
    if (batch->who.needed == 0) continue;
    Who who{unknown, 0};
    for (std::size_t i = 0; i < ours.size() && i < kMaxEndpoints; ++i) {
      if ((batch->who.needed >> i & 1U) != 0) who.needed |= ours[i];
      if ((batch->who.sent >> i & 1U) != 0) who.sent |= ours[i];
    }
    who.sent &= who.needed;
    batch->who = who;
    if (who.needed != 0) loaded.batches.push_back(*batch);
  }
  if (!sound)
    loaded.problems.push_back(path + ": is damaged after " + std::to_string(at) + " bytes");
  file.live = loaded.batches.size() - before;
  files_[number] = file;
  if (!sound) files_[number].live += 1;  // kept for a look at it
  settle(number);
}

Result<std::uint32_t> BatchFiles::begin() {
  const std::uint32_t number = next_;
  const std::string path = path_of(number);
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.is_open()) return trouble(path, "made");
  wire::SpoolRecord names;
  for (const std::string& name : endpoints_) names.lost.push_back({name, 1});
  const std::string bytes = std::string(kMagic) + record({}, names);
  if (!write_at(fd.get(), bytes, 0)) {
    const Error error = trouble(path, "written");
    unlink(path.c_str());
    return error;
  }
  if (current_fd_.is_open()) fdatasync(current_fd_.get());
  const std::uint32_t before = std::exchange(current_, number);
  ++next_;
  files_[number] = {};
  size_ = bytes.size();
  current_fd_ = std::move(fd);
  if (before != 0) settle(before);
  return number;
}

Result<BatchFiles::Place> BatchFiles::append(const Batch& batch, const wire::Parts& parts) {
  if (current_ == 0 || size_ >= segment_bytes_) {
    if (const auto begun = begin(); !begun) return Error{begun.error()};
  }
  const std::string bytes = record(batch, {parts, {}});
  if (!write_at(current_fd_.get(), bytes, size_)) {
    const Error error = trouble(path_of(current_), "written");
    (void)!ftruncate(current_fd_.get(), static_cast<off_t>(size_));
    size_ = segment_bytes_;  // no more into this one: it goes as soon as it is done with
    settle(current_);
    return error;
  }
  const Place place{current_, static_cast<std::uint32_t>(size_)};
  size_ += bytes.size();
  ++files_[current_].live;
  return place;
}

Result<int> BatchFiles::open_for(std::uint32_t file) {
  if (file == current_) return current_fd_.get();
  if (opened_ != file || !opened_fd_.is_open()) {
    const std::string path = path_of(file);
    opened_fd_.reset(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!opened_fd_.is_open()) return trouble(path, "opened");
    opened_ = file;
  }
  return opened_fd_.get();
}

Status BatchFiles::mark(Place place, Who who) {
  const auto found = files_.find(place.file);
  if (found == files_.end()) return {};
  Status done;
  // The bits of a file from before the configuration changed are not ours: it says who needs too
  // much, never too little.
  if (who.needed == 0 || found->second.same_names) {
    const auto fd = open_for(place.file);
    std::array<char, 8> word{};
    put(word.data(), who);
    if (!fd) {
      done = Error{fd.error()};
    } else if (!write_at(*fd, {word.data(), word.size()}, place.at + kWhoAt)) {
      done = trouble(path_of(place.file), "written");
    }
  }
  if (who.needed == 0) {
    --found->second.live;
    settle(place.file);
  }
  return done;
}

void BatchFiles::settle(std::uint32_t file) {
  const auto found = files_.find(file);
  if (found == files_.end() || found->second.live > 0) return;
  if (file == current_) {
    if (size_ < segment_bytes_) return;  // goes on being written
    current_ = 0;
    current_fd_.reset();
  }
  if (opened_ == file) opened_fd_.reset();
  unlink(path_of(file).c_str());
  files_.erase(found);
}

Result<wire::Parts> BatchFiles::read(Place place) {
  const auto fd = open_for(place.file);
  if (!fd) return Error{fd.error()};
  auto content = read_payload(*fd, place.at);
  if (!content) {
    return Error{path_of(place.file) + ": batch at " + std::to_string(place.at) +
                 " cannot be read: " + content.error()};
  }
  return std::move(content->parts);
}

Status BatchFiles::owe(const Owed& owed) {
  const std::string path = stem_ + ".lost";
  if (!owed_fd_.is_open()) {
    owed_fd_.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!owed_fd_.is_open()) return trouble(path, "opened");
  }
  wire::SpoolRecord content;
  content.lost = owed;
  const std::string payload = wire::encode(content);
  std::string bytes(8, '\0');
  put(bytes.data(), static_cast<std::uint32_t>(payload.size()));
  put(bytes.data() + 4, crc32_of(payload));
  if (!write_at(owed_fd_.get(), bytes + payload, 0)) return trouble(path, "written");
  return {};
}

void BatchFiles::sync() {
  if (current_fd_.is_open()) fdatasync(current_fd_.get());
  if (owed_fd_.is_open()) fdatasync(owed_fd_.get());
}

}  // namespace itnxt
