// What people read in a page: labels, summary, description. Pure; English.
#pragma once

#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/reading.hpp"

namespace itnxt {

// Who an alert is about: subject, labels and sites filled in, and a sentence about its
// surroundings ("Ends: …") for the description.
struct SubjectText {
  std::string subject;
  std::string noun;  // "Link md-hal-1": how a sentence begins
  Labels labels;     // those of the contract that apply, besides alertname and severity
  std::vector<SiteName> sites;
  std::string details;
};
SubjectText describe(const LinkView& link);
SubjectText describe(const DeviceView& device);
SubjectText describe(const DeviceView& device, const InterfaceView& interface);
SubjectText describe(const CaptureView& capture);
SubjectText describe(const CollectorView& collector);

// A new alert with labels and the annotations of its beginning.
Alert make_alert(const Rule& rule, const SubjectText& who, WallTime since);

// The annotations of an alert that fires: what failed, value and threshold, whom it hits, since
// when. `flapping`: it ended less than `calm_window` ago and its close waits for calm.
void write_firing(Alert& alert, const Rule& rule, const SubjectText& who, double value,
                  WallTime wall, bool flapping);
// … and of its end.
void write_resolved(Alert& alert, const Rule& rule, const SubjectText& who, double value,
                    WallTime wall);
// … when it ends because `reason` ("its rule was removed from the configuration").
void write_removed(Alert& alert, const std::string& reason, WallTime wall);

// Adds to the annotations of a beginning that it is over since `ended`: nobody could be told
// before.
void write_late(Alert& alert, WallTime ended);

// "a, b, c" of at most `most` names, then "… and N more".
std::string bounded_list(const std::vector<SiteName>& names, std::size_t most);

// At most six significant digits, no trailing zeros.
std::string number_text(double value);

}  // namespace itnxt
