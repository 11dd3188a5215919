#include "collectors/host/ethernet.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>

namespace itnxt::host {
namespace {

constexpr std::size_t kMostMaskWords = 127;  // of a signed octet
constexpr double kMegabit = 1e6;

struct Answer {
  std::int8_t mask_words = 0;  // negative: no answer, but the size that the question must have
  std::uint32_t megabits = 0;
  std::uint8_t duplex = DUPLEX_UNKNOWN;
};

std::optional<Answer> ask(int socket, const std::string& name, std::int8_t mask_words) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return std::nullopt;
  std::memcpy(request.ifr_name, name.data(), name.size());
  // A head, and behind it three masks as long as it says.
  ethtool_link_settings head{};
  std::array<char, sizeof head + 3 * kMostMaskWords * sizeof(std::uint32_t)> room{};
  head.cmd = ETHTOOL_GLINKSETTINGS;
  head.link_mode_masks_nwords = mask_words;
  std::memcpy(room.data(), &head, sizeof head);
  request.ifr_data = room.data();
  if (::ioctl(socket, SIOCETHTOOL, &request) != 0) return std::nullopt;
  std::memcpy(&head, room.data(), sizeof head);
  return Answer{head.link_mode_masks_nwords, head.speed, head.duplex};
}

}  // namespace

bool Ethernet::open() {
  if (!socket_.is_open()) socket_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return socket_.is_open();
}

void Ethernet::ask_carrier(const std::string& kernel_name) {
  ethtool_value carrier{ETHTOOL_GLINK, 0};
  ifreq request{};
  if (kernel_name.size() >= sizeof request.ifr_name || !open()) return;
  std::memcpy(request.ifr_name, kernel_name.data(), kernel_name.size());
  request.ifr_data = reinterpret_cast<char*>(&carrier);
  (void)::ioctl(socket_.get(), SIOCETHTOOL, &request);  // the news are the answer
}

LineSpeed Ethernet::line_of(const std::string& kernel_name) {
  LineSpeed line;
  if (!open()) return line;
  auto answer = ask(socket_.get(), kernel_name, mask_words_);
  if (answer && answer->mask_words < 0) {
    mask_words_ = static_cast<std::int8_t>(-answer->mask_words);
    answer = ask(socket_.get(), kernel_name, mask_words_);
  }
  if (!answer || answer->mask_words != mask_words_) return line;
  if (answer->megabits != 0 && answer->megabits != static_cast<std::uint32_t>(SPEED_UNKNOWN)) {
    line.speed = bits_per_second(answer->megabits * kMegabit);
  }
  if (answer->duplex == DUPLEX_FULL) line.full_duplex = true;
  if (answer->duplex == DUPLEX_HALF) line.full_duplex = false;
  return line;
}

}  // namespace itnxt::host
