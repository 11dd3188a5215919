#include "collectors/host/link_table.hpp"

#include <gtest/gtest.h>

#include "collectors/host/event_limit.hpp"
#include "tests/collectors/host/messages.hpp"

namespace itnxt::host {
namespace {

using namespace test;
using Kind = LinkChange::Kind;

void dump(LinkTable& table, std::initializer_list<LinkMessage> links) {
  table.begin_dump();
  for (const LinkMessage& link : links) EXPECT_FALSE(table.take(link));
  EXPECT_TRUE(table.end_dump(true).empty());
  table.forget_changes();
}

TEST(LinkTable, WhatIsFirstFoundIsNoChange) {
  LinkTable table;
  EXPECT_FALSE(table.take(present(1, "a", false)));
  EXPECT_FALSE(table.take(present(1, "a", true)));
  EXPECT_FALSE(table.take(gone(1)));
  dump(table, {present(2, "b", true)});
}

TEST(LinkTable, UpDownAndAway) {
  LinkTable table;
  dump(table, {present(1, "a", true), present(2, "b", false)});
  EXPECT_FALSE(table.take(present(1, "a", true)));
  EXPECT_FALSE(table.any_changed());
  const auto down = table.take(present(1, "a", false));
  ASSERT_TRUE(down);
  EXPECT_EQ(kind_of(*down), "interface_down");
  EXPECT_EQ(describe(*down), "a is down");
  EXPECT_EQ(down->oper, OperStatus::down);
  EXPECT_EQ(down->admin, AdminStatus::up);
  EXPECT_FALSE(table.take(present(1, "a", false)));
  const auto up = table.take(present(1, "a", true));
  ASSERT_TRUE(up);
  EXPECT_EQ(kind_of(*up), "interface_up");
  EXPECT_EQ(describe(*up), "a is up");
  LinkMessage off = present(1, "a", false);
  off.flags = 0;
  EXPECT_EQ(describe(*table.take(off)), "a is down: switched off");
  const auto away = table.take(gone(1));
  ASSERT_TRUE(away);
  EXPECT_EQ(kind_of(*away), "interface_down");
  EXPECT_EQ(describe(*away), "a is gone");
  EXPECT_EQ(away->oper, OperStatus::not_present);
  EXPECT_FALSE(table.take(gone(1)));
  EXPECT_EQ(table.take(present(9, "a", true))->if_index, 9U);  // back, under another number
  EXPECT_FALSE(table.take(present(10, "c", false)));           // new, and nothing to lose
}

TEST(LinkTable, AWholeDumpTellsWhatWasMissed) {
  LinkTable table;
  dump(table, {present(1, "a", true), present(2, "b", true)});
  table.begin_dump();
  EXPECT_EQ(table.take(present(1, "a", false))->kind, Kind::down);
  EXPECT_TRUE(table.end_dump(false).empty());  // who was not seen may have been left out
  table.begin_dump();
  EXPECT_FALSE(table.take(present(1, "a", false)));
  const auto missed = table.end_dump(true);
  ASSERT_EQ(missed.size(), 1U);
  EXPECT_EQ(describe(missed[0]), "b is gone");
}

TEST(LinkTable, AMessageThatSaysLittleLeavesTheRest) {
  LinkTable table;
  LinkMessage first = present(1, "a", true);
  first.alias = "old";
  dump(table, {first});
  LinkMessage little;  // of a wireless driver
  little.if_index = 1;
  little.hardware = 1;
  little.flags = kUp;
  EXPECT_FALSE(table.take(little));
  EXPECT_FALSE(table.any_changed());
  const HostLink& link = table.links().at(1);
  EXPECT_EQ(link.alias, "old");
  EXPECT_EQ(link.oper, OperStatus::up);
  EXPECT_EQ(link.counters.get(Column::in_octets)->value, 1000U);
  little.if_index = 5;
  EXPECT_FALSE(table.take(little));  // of whom nothing is known
  EXPECT_EQ(table.refused(), 1U);
  EXPECT_EQ(table.links().size(), 1U);
}

TEST(LinkTable, NamesAreCleanedAndRenamingIsAChange) {
  LinkTable table;
  dump(table, {present(1, "a", true)});
  LinkMessage renamed = present(1, "stra\xdf\x01", true);
  renamed.alias = "x\ny";
  EXPECT_FALSE(table.take(renamed));
  EXPECT_TRUE(table.any_changed());
  const InterfaceSample row = row_of(1, table.links().at(1), SourceTime(5s), TimeTicks{7});
  EXPECT_EQ(row.if_name.substr(0, 6), "straß");
  EXPECT_EQ(row.if_name.find('\x01'), std::string::npos);
  EXPECT_EQ(row.if_alias.find('\n'), std::string::npos);
  EXPECT_EQ(row.at, SourceTime(5s));
  EXPECT_EQ(row.uptime, TimeTicks{7});
  EXPECT_FALSE(row.speed);
  EXPECT_EQ(table.links().at(1).kernel_name, "stra\xdf\x01");
}

TEST(EventLimit, TellsTenASecondAndThenASum) {
  EventLimit limit;
  const Instant start(100s);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(limit.admits("a", start + i * 10ms));
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(limit.admits("a", start + 200ms));
  EXPECT_TRUE(limit.admits("b", start + 300ms));  // another one
  EXPECT_EQ(limit.next_due(), start + 1s);
  EXPECT_TRUE(limit.take_due(start + 999ms).empty());
  const auto due = limit.take_due(start + 1s);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].name, "a");
  EXPECT_EQ(due[0].withheld, 7U);
  EXPECT_EQ(limit.withheld(), 7U);
  EXPECT_TRUE(limit.admits("a", start + 1s));
  EXPECT_TRUE(limit.take_due(start + 2s).empty());
  EXPECT_FALSE(limit.next_due());
}

TEST(EventLimit, InterfacesWithoutEndDoNotFillTheMemory) {
  EventLimit limit;
  std::size_t told = 0;
  for (int i = 0; i < 20'000; ++i)
    told += limit.admits("veth" + std::to_string(i), Instant()) ? 1U : 0U;
  EXPECT_EQ(told, EventLimit::kMostWindows);
  EXPECT_EQ(limit.withheld(), 20'000 - EventLimit::kMostWindows);
  EXPECT_TRUE(limit.take_due(Instant(1s)).empty());
  EXPECT_TRUE(limit.admits("one more", Instant(1s)));
}

}  // namespace
}  // namespace itnxt::host
