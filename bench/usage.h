// What a stretch of work cost this process: wall seconds, CPU microseconds, peak memory.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdio>

namespace loom::bench {

class Usage {
 public:
  Usage() : wall_(std::chrono::steady_clock::now()), cpu_(cpu_micros()) {}
  /// {"name":…,"records":…,"seconds":…,"rate":…,"cpu_us":… per record,"rss_mb":…}
  void print(const char* name, std::size_t records) const {
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count();
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    std::printf("{\"name\":\"%s\",\"records\":%zu,\"seconds\":%.3f,\"rate\":%.0f,\"cpu_us\":%.3f,\"rss_mb\":%.1f}\n",
                name, records, seconds, static_cast<double>(records) / seconds,
                (cpu_micros() - cpu_) / static_cast<double>(records), static_cast<double>(now.ru_maxrss) / 1024);
  }

 private:
  static double cpu_micros() {
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    auto micros = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
    return micros(now.ru_utime) + micros(now.ru_stime);
  }
  std::chrono::steady_clock::time_point wall_;
  double cpu_;
};

}  // namespace loom::bench
