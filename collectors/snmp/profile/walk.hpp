// Reads the scalars and tables of one profile off a device, as a pure state machine: says what to
// ask, takes replies, and holds the cells at its end. No clock, no socket; RFC 3416 §4.2.
//
// Scalars by GET, then GETBULKs over as many columns at a time as fit, all tables together; each
// column goes on from where it is, so a column with holes hinders no other.
//
// What a device can do to it: at most kMostProfileRows rows a table, kMostProfileCells cells and
// kMostProfileRequests requests; whatever breaks the protocol's rules ends the column it happened
// in, which is marked, and is named in problem().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/snmp/profile/cells.hpp"
#include "collectors/snmp/request.hpp"
#include "collectors/snmp/walk.hpp"
#include "daemon/core/sample.hpp"

namespace itnxt::snmp {

inline constexpr std::size_t kMostProfileRows = 4096;
inline constexpr std::size_t kMostProfileCells = 65'536;
inline constexpr std::uint32_t kMostProfileRequests = 2000;

// An Oid of a request; arcs beyond its room are cut.
[[nodiscard]] Oid request_oid(const OidArcs& arcs);

class ProfileWalk {
 public:
  // `profile` outlives the walk. `poll`: of the device's interfaces just now; names that it has are
  // not asked again. `max_varbinds`: of one reply, shrinks.
  ProfileWalk(const Profile& profile, const DeviceSample& poll, std::uint16_t& max_varbinds);

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] Request request() const;  // precondition: !done()
  void answer(const Message& reply);      // precondition: !done()
  // No reply to this try: the next asks for less, where it can.
  void shrink();

  // Whether it went to its end, columns that broke set aside.
  [[nodiscard]] bool finished() const { return done_ && !stopped_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }  // empty: none
  [[nodiscard]] const ProfileCells& cells() const { return cells_; }
  void stop(std::string problem);

 private:
  struct Column {
    std::size_t table;
    std::size_t column;
    std::vector<std::uint8_t> prefix;
    Oid oid;
    RowIndex last;  // empty: before the first row
  };

  void fill_known(const DeviceSample& poll);
  [[nodiscard]] std::size_t at_once() const;
  [[nodiscard]] std::uint16_t repetitions(std::size_t columns) const;
  void read_scalars(const Message& reply);
  void read_columns(const Message& reply);
  void refused(const Message& reply);
  bool place(Column& column, const Varbind& varbind);
  bool broke(const Column& column, const std::string& what);
  bool halve();
  void drop(std::size_t position);
  void next();
  void say(std::string what);
  [[nodiscard]] std::string name(const Column& column) const;

  const Profile& profile_;
  std::uint16_t& max_varbinds_;
  ProfileCells cells_;
  std::vector<Column> columns_;       // still to be walked; the first at_once() are at work
  std::vector<std::size_t> scalars_;  // columns of the scalars' table still to be asked
  std::size_t scalar_table_ = 0;
  std::size_t count_ = 0;  // of cells
  std::uint32_t requests_ = 0;
  bool done_ = false;
  bool stopped_ = false;
  std::string problem_;
};

}  // namespace itnxt::snmp
