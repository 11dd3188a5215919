#include "collectors/pcap/interface.hpp"

#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "daemon/core/fd.hpp"

namespace itnxt::pcap {
namespace {

// One question to the kernel about an interface; empty when it knows none of that name.
std::optional<ifreq> ask(const std::string& interface, unsigned long question) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  if (!socket.is_open() || interface.size() >= sizeof request.ifr_name) return std::nullopt;
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  if (::ioctl(socket.get(), question, &request) != 0) return std::nullopt;
  return request;
}

}  // namespace

bool interface_is_up(const std::string& name) {
  const auto answer = ask(name, SIOCGIFFLAGS);
  return answer && (answer->ifr_flags & IFF_UP) != 0;
}

std::optional<unsigned> interface_index(const std::string& name) {
  errno = ENODEV;  // of a name that is too long
  const auto answer = ask(name, SIOCGIFINDEX);
  if (answer) return static_cast<unsigned>(answer->ifr_ifindex);
  return errno == ENODEV ? std::optional(0U) : std::nullopt;
}

Vantage vantage_of(const std::string& interface) {
  Vantage vantage;
  if (const auto size = ask(interface, SIOCGIFMTU); size && size->ifr_mtu > 0) {
    vantage.mtu = static_cast<std::uint32_t>(size->ifr_mtu);
  }
  const auto answer = ask(interface, SIOCGIFHWADDR);
  if (!answer) return vantage;
  vantage.loops_back = answer->ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
  if (answer->ifr_hwaddr.sa_family == ARPHRD_ETHER) {
    MacAddress own;
    for (std::size_t i = 0; i < 6; ++i) {
      own.number = own.number << 8U | static_cast<std::uint8_t>(answer->ifr_hwaddr.sa_data[i]);
    }
    vantage.own = own;
  }
  return vantage;
}

}  // namespace itnxt::pcap
