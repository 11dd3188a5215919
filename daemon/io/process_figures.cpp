#include "daemon/io/process_figures.hpp"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>

namespace itnxt {
namespace {

std::map<std::string, std::string> as_map(const FigureLabels& labels) {
  return {labels.begin(), labels.end()};
}

struct ProcessStat {
  double cpu_seconds = 0;
  double started = 0;  // ticks since the machine's boot
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

// proc(5): the command stands in parentheses and may hold anything, so count from the last one.
std::optional<ProcessStat> read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(end + 1));
  std::string field;
  std::array<double, 25> fields{};  // by the manual's numbers, from 3 on
  for (std::size_t i = 3; i < fields.size() && rest >> field; ++i) {
    if (i > 3) fields[i] = std::strtod(field.c_str(), nullptr);
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  return ProcessStat{(fields[14] + fields[15]) / ticks, fields[22] / ticks, fields[23],
                     fields[24] * page};
}

double machine_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

double open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (directory == nullptr) return 0;
  double count = -3;  // ".", ".." and the directory itself
  while (readdir(directory.get()) != nullptr) ++count;
  return count;
}

MetricType type_of(prometheus::MetricType type) {
  return type == prometheus::MetricType::Counter ? MetricType::counter : MetricType::gauge;
}

}  // namespace

void OwnCounter::add(double amount) const {
  counter_->Increment(amount);
}

void OwnGauge::set(double value) const {
  gauge_->Set(value);
}

struct ProcessFigures::Impl {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;  // of collect(): a CPU counter is moved by what it lacks
  double boot = machine_boot_time();
};

ProcessFigures::ProcessFigures() : impl_(std::make_unique<Impl>()) {}
ProcessFigures::~ProcessFigures() = default;

OwnCounter ProcessFigures::counter(Metric metric, const FigureLabels& labels) {
  return OwnCounter(prometheus::BuildCounter()
                        .Name(std::string(info(metric).name))
                        .Help(std::string(info(metric).help))
                        .Register(impl_->registry)
                        .Add(as_map(labels)));
}

OwnGauge ProcessFigures::gauge(Metric metric, const FigureLabels& labels) {
  return OwnGauge(prometheus::BuildGauge()
                      .Name(std::string(info(metric).name))
                      .Help(std::string(info(metric).help))
                      .Register(impl_->registry)
                      .Add(as_map(labels)));
}

void ProcessFigures::count_request(std::string_view path, unsigned code) {
  counter(Metric::http_requests, {{"path", std::string(path)}, {"code", std::to_string(code)}})
      .add();
}

std::vector<ForeignFamily> ProcessFigures::collect() {
  const std::lock_guard lock(impl_->mutex);
  if (const auto stat = read_stat()) {
    auto& cpu = prometheus::BuildCounter()
                    .Name(std::string(info(Metric::process_cpu_seconds).name))
                    .Help(std::string(info(Metric::process_cpu_seconds).help))
                    .Register(impl_->registry)
                    .Add({});
    cpu.Increment(std::max(0.0, stat->cpu_seconds - cpu.Value()));
    gauge(Metric::process_resident_memory).set(stat->resident_bytes);
    gauge(Metric::process_virtual_memory).set(stat->virtual_bytes);
    gauge(Metric::process_start_time).set(impl_->boot + stat->started);
  }
  gauge(Metric::process_open_fds).set(open_fds());
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    gauge(Metric::process_max_fds).set(static_cast<double>(limit.rlim_cur));
  }
  std::vector<ForeignFamily> families;
  for (const prometheus::MetricFamily& from : impl_->registry.Collect()) {
    ForeignFamily family{from.name, type_of(from.type), from.help, {}};
    for (const prometheus::ClientMetric& metric : from.metric) {
      ForeignSample sample;
      for (const auto& label : metric.label) sample.labels.emplace_back(label.name, label.value);
      sample.value =
          from.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
      family.samples.push_back(std::move(sample));
    }
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace itnxt
