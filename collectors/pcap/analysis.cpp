#include "collectors/pcap/analysis.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace itnxt::pcap {
namespace {

SeriesFamily single(std::string name, SeriesType type, std::string help, SeriesValue value) {
  return {std::move(name), type, std::move(help), {}, {{{}, std::move(value)}}};
}

Event storm_event(const StormChange& change) {
  const std::string cast = change.cast == Cast::broadcast ? "broadcast" : "multicast";
  const std::string seconds = std::to_string(change.seconds);
  Event event;
  event.wall = change.at;
  event.kind = cast + (change.begins ? "_storm_began" : "_storm_ended");
  event.text = (change.begins ? "a " + cast + " storm rages for " + seconds + " s: "
                              : "the " + cast + " storm is over after " + seconds + " s: ") +
               std::to_string(change.packets) + " packets, at most " + std::to_string(change.peak) +
               " in a second";
  event.details = {{"seconds", seconds},
                   {"packets", std::to_string(change.packets)},
                   {"peak_packets_per_second", std::to_string(change.peak)}};
  return event;
}

}  // namespace

void Analysis::tell(CaptureSample& sample, std::vector<SeriesFamily>& families) {
  tally_.copy_to(sample);
  families.push_back(classes_.family());
  vlans_.settle();
  vlans_.add_families(families);
  families.push_back(sizes_.family());
  families.push_back(bursts_.family());
  if (!whole_) bursts_.forget();
  families.push_back(single("itnxt_capture_broadcast_packets_total", SeriesType::counter,
                            "Frames to all.", storms_.packets(Cast::broadcast)));
  families.push_back(single("itnxt_capture_multicast_packets_total", SeriesType::counter,
                            "Frames to a group.", storms_.packets(Cast::multicast)));
  tunnels_.add_families(families);
  families.push_back(single(
      "itnxt_capture_giant_packets_total", SeriesType::counter,
      "Frames longer than the wire can carry: an offload of the network card merged them, so "
      "packets are undercounted and sizes are not those of the wire.",
      giants_));
  families.push_back(single("itnxt_capture_cut_packets_total", SeriesType::counter,
                            "Packets of which the snaplen hides a header: counted, as `other` "
                            "where the protocol is hidden.",
                            cut_));
  families.push_back(single("itnxt_capture_time_set_back_total", SeriesType::counter,
                            "Times the packets' time stamps went back: a clock was set back, or "
                            "savefiles were joined.",
                            set_backs_));
  if (whole_) return;  // a file tells nothing of what it has not
  const auto loss = loss_.of_window(sample.at, tally_.packets());
  if (!loss) return;
  families.push_back(single("itnxt_capture_loss_ratio", SeriesType::gauge,
                            "Share of the packets of the last minute that were dropped unseen; "
                            "absent when there were none.",
                            *loss));
}

void Analysis::set_back(Duration step, WallTime to) {
  if (set_backs_++ == 0) first_set_back_ = step;
  last_ = std::max(last_, to + step);
  bursts_.set_back(to);
  storms_.set_back(step);
  if (insight_) insight_->set_back(step.count());
}

// A quiet wire shows by the clock alone that it was set back.
void Analysis::tick(WallTime now) {
  constexpr Duration kQuiet = std::chrono::seconds(10);
  if (timeline_.latest() > now + kQuiet) set_back(timeline_.see(now), now);
  storms_.tick(now);
}

std::vector<Event> Analysis::take_events() {
  std::vector<Event> events;
  for (const StormChange& change : storms_.take()) events.push_back(storm_event(change));
  return events;
}

}  // namespace itnxt::pcap
