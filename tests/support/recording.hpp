// Fakes that keep what they are given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/log.hpp"
#include "daemon/core/told_states.hpp"
#include "daemon/io/sink.hpp"

namespace itnxt::test {

class RecordingSink final : public Sink {
 public:
  void publish(Sample sample) override { samples.push_back(std::move(sample)); }
  void report(Event event) override {
    if (!told_.is_news(event)) return;
    told_before.push_back(samples.size());
    events.push_back(std::move(event));
  }

  void remember(const std::string& name, std::string what) override {
    told_.remember(name, std::move(what));
  }
  [[nodiscard]] Memories recall(std::string_view name, Recall which) const override {
    return told_.recall(name, which);
  }

  // The samples of one kind, in order.
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const Sample& sample : samples) {
      if (const T* one = std::get_if<T>(&sample)) found.push_back(*one);
    }
    return found;
  }
  std::vector<Sample> samples;
  std::vector<Event> events;
  std::vector<std::size_t> told_before;  // of each event: how many samples had come by then

 private:
  ToldStates told_;
};

class RecordingLog final : public Log {
 public:
  std::vector<std::string> lines;

 private:
  void emit(Severity, std::string_view line) override { lines.emplace_back(line); }
};

}  // namespace itnxt::test
