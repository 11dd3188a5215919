#include "collectors/host/link_message.hpp"

#include <gtest/gtest.h>

#include "tests/collectors/host/messages.hpp"

namespace itnxt::host {
namespace {

using namespace test;

std::variant<LinkMessage, NoLink> read_one(const Bytes& bytes) {
  Datagram datagram(bytes);
  const auto message = datagram.next();
  EXPECT_TRUE(message);
  return message ? read_link(*message) : NoLink::malformed;
}

TEST(LinkMessage, AllThatIsAskedFor) {
  Bytes payload = whole_link(3, "eth0", kUp, kOperUp);
  append(payload, attribute(IFLA_IFALIAS, text("to Halle")));
  const Bytes bytes = message(RTM_NEWLINK, payload);
  const auto said = read_one(bytes);
  const auto* link = std::get_if<LinkMessage>(&said);
  ASSERT_NE(link, nullptr);
  EXPECT_FALSE(link->gone);
  EXPECT_EQ(link->if_index, 3U);
  EXPECT_EQ(link->hardware, 1U);
  EXPECT_EQ(link->flags, kUp);
  EXPECT_EQ(link->name, "eth0");
  EXPECT_EQ(link->alias, "to Halle");
  EXPECT_EQ(link->address->text(), "02:00:00:00:00:03");
  EXPECT_EQ(link->operational, kOperUp);
  const auto value = [&](Column column) { return link->counters->get(column)->value; };
  EXPECT_EQ(value(Column::in_octets), (std::uint64_t{1} << 40U) + 1);
  EXPECT_EQ(value(Column::out_octets), 20'000U);
  EXPECT_EQ(value(Column::in_unicast_packets), 100U);  // every packet, the multicast ones too
  EXPECT_EQ(value(Column::out_unicast_packets), 200U);
  EXPECT_FALSE(link->counters->get(Column::in_multicast_packets));
  EXPECT_EQ(value(Column::in_errors), 3U);
  EXPECT_EQ(value(Column::out_errors), 4U);
  EXPECT_EQ(value(Column::in_discards), 15U);  // dropped and missed
  EXPECT_EQ(value(Column::out_discards), 6U);
}

TEST(LinkMessage, ABridgesWordOnItsPortsIsNoLink) {
  const Bytes left = message(RTM_DELLINK, info(3, kUp, AF_BRIDGE));
  EXPECT_EQ(std::get<NoLink>(read_one(left)), NoLink::other);
  const Bytes route = message(RTM_NEWROUTE, info(3, kUp));
  EXPECT_EQ(std::get<NoLink>(read_one(route)), NoLink::other);
}

TEST(LinkMessage, WhatIsNotSaidIsAbsent) {
  const Bytes bytes = message(RTM_NEWLINK, info(3, kUp));
  const auto link = std::get<LinkMessage>(read_one(bytes));
  EXPECT_FALSE(link.name || link.alias || link.address || link.operational || link.counters);
}

TEST(LinkMessage, OldKernelsSayLessOfTheirCounters) {
  for (const auto& [size, known] :
       {std::pair<std::size_t, bool>{64, true}, {63, false}, {0, false}}) {
    Bytes stats = raw(statistics());
    stats.resize(size);
    Bytes payload = info(3, kUp);
    append(payload, attribute(IFLA_STATS64, stats));
    const Bytes bytes = message(RTM_NEWLINK, payload);
    const auto link = std::get<LinkMessage>(read_one(bytes));
    ASSERT_EQ(link.counters.has_value(), known) << size;
    if (known) {
      EXPECT_EQ(link.counters->get(Column::in_discards)->value, 5U);
    }
  }
}

TEST(LinkMessage, LengthsThatCannotBe) {
  const Bytes good = message(RTM_NEWLINK, whole_link(3, "eth0", kUp, kOperUp));
  for (std::size_t size = 1; size < good.size(); ++size) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    Datagram datagram(cut);
    EXPECT_FALSE(datagram.next()) << size;
    EXPECT_TRUE(datagram.malformed()) << size;
    EXPECT_FALSE(datagram.next()) << size;
  }
  for (const std::uint32_t length : {0U, 15U, 0xFFFF'FFFFU}) {
    Bytes bytes = good;
    std::memcpy(bytes.data(), &length, sizeof length);
    Datagram datagram(bytes);
    EXPECT_FALSE(datagram.next());
    EXPECT_TRUE(datagram.malformed());
  }
  for (const std::uint16_t length : {std::uint16_t{0}, std::uint16_t{3}, std::uint16_t{0xFFFF}}) {
    Bytes bytes = good;
    std::memcpy(bytes.data() + sizeof(nlmsghdr) + sizeof(ifinfomsg), &length, sizeof length);
    EXPECT_EQ(std::get<NoLink>(read_one(bytes)), NoLink::malformed);
  }
  EXPECT_EQ(std::get<NoLink>(read_one(message(RTM_NEWLINK, {1, 2, 3, 4}))), NoLink::malformed);
  EXPECT_EQ(std::get<NoLink>(read_one(message(RTM_NEWLINK, info(0, 0)))), NoLink::malformed);
  EXPECT_EQ(std::get<NoLink>(read_one(message(RTM_NEWLINK, info(-1, 0)))), NoLink::malformed);
}

TEST(LinkMessage, OneDatagramHoldsSeveral) {
  Bytes bytes = message(RTM_NEWLINK, whole_link(3, "eth0", kUp, kOperUp));
  append(bytes, message(RTM_DELLINK, whole_link(4, "eth1", 0, kOperDown)));
  append(bytes, message(NLMSG_DONE, raw(std::int32_t{-ENODEV})));
  Datagram datagram(bytes);
  EXPECT_EQ(std::get<LinkMessage>(read_link(*datagram.next())).if_index, 3U);
  EXPECT_TRUE(std::get<LinkMessage>(read_link(*datagram.next())).gone);
  const auto done = datagram.next();
  EXPECT_EQ(done->type, NLMSG_DONE);
  EXPECT_EQ(done->sequence, 7U);
  EXPECT_EQ(read_error(*done), ENODEV);
  EXPECT_FALSE(datagram.next());
  EXPECT_FALSE(datagram.malformed());
}

TEST(LinkMessage, ErrorsOutOfRangeAreNone) {
  const auto error = [](std::int32_t code) {
    const Bytes bytes = raw(code);
    return read_error({NLMSG_ERROR, 0, 0, bytes});
  };
  EXPECT_EQ(error(0), 0);
  EXPECT_EQ(error(-1), 1);
  EXPECT_EQ(error(5), 0);
  EXPECT_EQ(error(std::numeric_limits<std::int32_t>::min()), 0);
  EXPECT_FALSE(read_error({NLMSG_ERROR, 0, 0, {}}));
}

TEST(LinkMessage, StatusByRfc2863) {
  struct Case {
    std::uint32_t flags;
    std::uint8_t operational;
    OperStatus expected;
  };
  constexpr Case kCases[] = {
      {kUp, IF_OPER_UP, OperStatus::up},
      {IFF_UP, IF_OPER_UP, OperStatus::down},  // the carrier went a moment ago
      {kUp, IF_OPER_UNKNOWN, OperStatus::up},  // lo, tunnels
      {IFF_UP, IF_OPER_UNKNOWN, OperStatus::down},
      {0, IF_OPER_UNKNOWN, OperStatus::down},
      {0, IF_OPER_UP, OperStatus::down},
      {0, IF_OPER_LOWERLAYERDOWN, OperStatus::down},
      {0, IF_OPER_NOTPRESENT, OperStatus::not_present},
      {IFF_UP, IF_OPER_DOWN, OperStatus::down},
      {IFF_UP, IF_OPER_LOWERLAYERDOWN, OperStatus::lower_layer_down},
      {kUp, IF_OPER_TESTING, OperStatus::testing},
      {kUp, IF_OPER_DORMANT, OperStatus::dormant},
      {kUp, 200, OperStatus::not_known},
  };
  for (const Case& each : kCases) {
    EXPECT_EQ(oper_status(each.flags, each.operational), each.expected)
        << each.flags << " " << unsigned{each.operational};
  }
  EXPECT_EQ(admin_status(kUp), AdminStatus::up);
  EXPECT_EQ(admin_status(IFF_RUNNING), AdminStatus::down);
}

}  // namespace
}  // namespace itnxt::host
