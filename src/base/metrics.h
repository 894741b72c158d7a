// Counters, gauges and histograms, rendered as Prometheus text. A metric is made once and kept by reference: adding to
// it is one relaxed atomic. The Registry owns its metrics and outlives their users; threads: any.
//   Counter& accepted = registry.counter("loom_ingest_accepted_total", "Messages acknowledged", {{"type",
//   "screenshot"}}); accepted.add();
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double v) { value_.store(v, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Seconds, in fixed buckets from 100 µs to 100 s.
class Histogram {
 public:
  static constexpr std::array<double, 19> bounds{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1,
                                                 .25,   .5,     1,     2.5,  5,     10,   25,  50,   100};
  void observe(double seconds);
  void render(std::string& to, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_micros_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Registry {
 public:
  Registry();
  ~Registry();
  /// The same name and labels give the same metric. `help` is the text of the documentation.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});
  [[nodiscard]] std::string render() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loom
