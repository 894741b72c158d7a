// Whether a client has ceased to read a partition (stall_watch.h): asks the leaders for the ends, every few seconds, of
// what gives nothing. No call waits for the answers.
// Ownership: a queue of the client's, between `begin` and `end`. Threads: the poll thread.
//   check.begin(client);  if (auto stuck = check.look(client, assignment)) …;  check.end();
#pragma once

#include <chrono>
#include <optional>

#include "kafka/assignment.h"
#include "kafka/rd.h"
#include "kafka/stall_watch.h"

namespace loom::kafka {

class StallCheck {
 public:
  void begin(rd_kafka_t* client);
  void end() { ends_.reset(); }  // before the client goes
  /// To be called at each poll.
  [[nodiscard]] std::optional<TopicPartition> look(rd_kafka_t* client, Assignment& assignment);

 private:
  void ask_for_ends(rd_kafka_t* client, std::span<const TopicPartition> partitions);
  void take_ends();

  StallWatch watch_;
  rd::Queue ends_;
  std::chrono::steady_clock::time_point next_turn_{};
};

}  // namespace loom::kafka
