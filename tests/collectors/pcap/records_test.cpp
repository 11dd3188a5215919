// Whatever a savefile holds: Records, and libpcap from where it stops, tell what libpcap alone
// tells.
#include "collectors/pcap/records.hpp"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <tuple>

#include "collectors/pcap/libpcap.hpp"
#include "tests/collectors/pcap/savefile.hpp"

namespace itnxt::pcap {
namespace {

using test::Octets;
using test::operator+;

struct Form {
  bool swapped = false;  // not the byte order of this machine
  std::uint32_t magic = 0xa1b2c3d4;
  std::uint16_t major = 2, minor = 4;
  std::uint32_t snaplen = 128;
};

void put(Octets& out, const Form& form, std::uint64_t number, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    out.push_back(static_cast<std::uint8_t>(number >> 8U * (form.swapped ? size - 1 - i : i)));
  }
}
Octets file_of(const Form& form) {
  Octets out;
  put(out, form, form.magic, 4);
  put(out, form, form.major, 2);
  put(out, form, form.minor, 2);
  put(out, form, 0, 8);
  put(out, form, form.snaplen, 4);
  put(out, form, 1, 4);
  return out;
}
void add(Octets& out, const Form& form, std::uint32_t seconds, std::uint32_t fraction,
         std::uint32_t captured, std::uint32_t original, std::size_t there) {
  for (const std::uint32_t word : {seconds, fraction, captured, original}) put(out, form, word, 4);
  for (std::size_t i = 0; i < there; ++i) out.push_back(static_cast<std::uint8_t>(i + seconds));
}

using Told = std::tuple<std::int64_t, std::uint32_t, Octets>;  // when, original length, bytes

struct Read {
  std::vector<Told> packets;
  std::string error;
  std::size_t plain = 0;  // of them by Records
  bool operator==(const Read& o) const { return packets == o.packets && error == o.error; }
};

void read_on(pcap_t* handle, Read& read) {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  int result = 0;
  while ((result = pcap_next_ex(handle, &header, &bytes)) == 1) {
    read.packets.emplace_back(time_of(*header).time_since_epoch().count(), header->len,
                              Octets(bytes, bytes + header->caplen));
  }
  if (result != PCAP_ERROR_BREAK) read.error = pcap_geterr(handle);
}

class RecordsOf : public ::testing::Test {
 protected:
  Read read(const Octets& file, bool records_first) {
    const std::string path = folder_ / "records.pcap";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    const Handle handle(pcap_open_offline_with_tstamp_precision(
        path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data()));
    Read read;
    if (!handle) {
      read.error = error.data();
      return read;
    }
    auto records = records_first
                       ? Records::of(::fileno(pcap_file(handle.get())), pcap_snapshot(handle.get()))
                       : std::nullopt;
    if (records) {
      Record record;
      while (records->next(record)) {
        const pcap_pkthdr header = {{record.seconds, record.nanoseconds}, 0, 0};
        read.packets.emplace_back(time_of(header).time_since_epoch().count(), record.original,
                                  Octets(record.captured.begin(), record.captured.end()));
      }
      read.plain = read.packets.size();
      EXPECT_EQ(::fseeko(pcap_file(handle.get()), records->offset(), SEEK_SET), 0);
    }
    read_on(handle.get(), read);
    return read;
  }
  // How many packets Records took.
  std::size_t same(const Octets& file) {
    const Read ours = read(file, true);
    const Read theirs = read(file, false);
    EXPECT_EQ(ours.packets, theirs.packets);
    EXPECT_EQ(ours.error, theirs.error);
    return ours.plain;
  }

  test::Folder folder_;
};

TEST_F(RecordsOf, PlainFilesInEachForm) {
  for (const bool swapped : {false, true}) {
    for (const std::uint32_t magic : {0xa1b2c3d4U, 0xa1b23c4dU}) {
      const Form form{.swapped = swapped, .magic = magic};
      Octets file = file_of(form);
      EXPECT_EQ(same(file), 0U);
      // More than one buffer of them, so that records lie across its ends.
      for (std::uint32_t i = 0; i < 5000; ++i) add(file, form, i, i, i % 129, 1500, i % 129);
      EXPECT_EQ(same(file), 5000U);
    }
  }
}

TEST_F(RecordsOf, OtherFormsAreLeftToLibpcap) {
  for (const Form& form :
       {Form{.minor = 3}, Form{.minor = 2}, Form{.major = 543, .minor = 0}, Form{.major = 3},
        Form{.magic = 0xa1b2cd34}, Form{.magic = 0x0a0d0d0a}, Form{.swapped = true, .minor = 3}}) {
    Octets file = file_of(form);
    for (std::uint32_t i = 0; i < 3; ++i) add(file, form, i, i, 60, 90, 60);
    EXPECT_EQ(same(file), 0U);
  }
}

TEST_F(RecordsOf, TimesThatAreNone) {
  const Form form;
  Octets file = file_of(form);
  for (const std::uint32_t seconds : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    for (const std::uint32_t fraction : {0U, 999'999U, 1'000'000U, 0x7fffffffU, 0xffffffffU}) {
      add(file, form, seconds, fraction, 4, 4, 4);
    }
  }
  EXPECT_EQ(same(file), 25U);
}

TEST_F(RecordsOf, WhatIsOddIsTakenByLibpcapFromThereOn) {
  const Form form;
  Octets plain = file_of(form);
  add(plain, form, 1, 2, 60, 60, 60);
  add(plain, form, 2, 2, 128, 60, 128);
  for (const std::uint32_t length : {129U, 200U, 300'000U, 0x7fffffffU, 0xffffffffU}) {
    Octets file = plain;
    add(file, form, 3, 2, length, length, std::min(length, 200U));
    add(file, form, 4, 2, 60, 60, 60);
    EXPECT_EQ(same(file), 2U) << length;
  }
  const Form large{.snaplen = 262'144};
  Octets file = file_of(large);
  for (const std::uint32_t length : {60U, 65'536U, 65'537U, 262'144U, 60U}) {
    add(file, large, length, 2, length, length, length);
  }
  EXPECT_EQ(same(file), 2U);
}

TEST_F(RecordsOf, AFileMayEndAtEachByte) {
  const Form form;
  Octets file = file_of(form);
  add(file, form, 1, 2, 40, 60, 40);
  add(file, form, 2, 2, 20, 60, 20);
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const std::size_t whole = size < 24 + 56 ? 0 : size < file.size() ? 1 : 2;
    EXPECT_EQ(same(Octets(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))), whole);
  }
}

RC_GTEST_FIXTURE_PROP(RecordsOf, AnyBytesBehindTheHeader, ()) {
  const Form form{.swapped = *rc::gen::arbitrary<bool>(), .snaplen = *rc::gen::inRange(0U, 90U)};
  Octets file = file_of(form);
  const auto count = *rc::gen::inRange(0U, 6U);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto there = *rc::gen::inRange(0U, 100U);
    const auto said = *rc::gen::weightedOneOf<std::uint32_t>(
        {{9, rc::gen::just(there)}, {1, rc::gen::arbitrary<std::uint32_t>()}});
    add(file, form, i, i, said, *rc::gen::arbitrary<std::uint32_t>(), there);
  }
  RC_ASSERT(read(file, true) == read(file, false));
}

}  // namespace
}  // namespace itnxt::pcap
