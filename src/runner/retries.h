// What happens to a record that met an error: when it comes again, when it becomes a dead letter, and that a lane which
// is stuck is seen (a line in the log when it begins and once a minute, the age of the oldest in a gauge).
// Threads: `come_again` from workers, the producer and the clock; `forget` too; `report` from the poll thread.
#pragma once

#include <map>
#include <mutex>
#include <random>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "runner/backoff.h"
#include "runner/item.h"
#include "runner/telemetry.h"

namespace loom::runner {

class Retries {
 public:
  struct Settings {
    Backoff backoff;
    int attempts = 5;  // of an error of the data
    Clock clock = system_clock();  // of what dead letters say
    Clock steady = steady_now;
  };
  Retries(Settings settings, Log log) : it_(std::move(settings)), log_(std::move(log)) {}

  /// A handler asked for it: false when this was the last attempt and the record is a dead letter now.
  [[nodiscard]] bool may_come_again(Item& item, const Error& error);
  /// Its output could not be delivered: for ever.
  void come_again(Item& item, const Error& error);
  /// What ended in this record, by the clock, could not be delivered: for ever. Returns how long to wait.
  [[nodiscard]] Micros come_again(const model::Record& record, const Error& error);
  /// It settled or was dropped.
  void forget(const Item& item);
  void forget(const model::Record& record);
  /// Sets the gauges, and warns once a minute of each topic that is stuck.
  void report(Telemetry& telemetry);

 private:
  struct Stuck {
    TopicName topic;
    Partition partition;
    Offset offset;
    Micros since = 0;
    int attempts = 0;
    std::string error;
  };
  struct TopicStuck {
    std::map<const model::Record*, Stuck> records;
    Micros warned = -60'000'000;
    bool is_told = false;  // that it is stuck, and so to be told when it is not any more
  };
  void note_failure(Item& item);
  [[nodiscard]] Micros wait_of(int retries);
  void tell(TopicStuck& topic, const Stuck& stuck, Micros now);
  void warn(std::string_view what, const Stuck& stuck, std::size_t lanes) const;

  Settings it_;
  Log log_;
  std::mutex mutex_;
  std::minstd_rand random_{std::random_device{}()};
  std::map<TopicName, TopicStuck> topics_;
};

}  // namespace loom::runner
