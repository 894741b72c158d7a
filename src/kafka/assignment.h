// The partitions a consumer holds and the records it has read but may not deliver yet.
// Holding a partition cuts its queue off from the consumer's: what was fetched stays in it. Records that had left it
// already are kept here and come first when it is released, so order is kept; only after them its queue is joined to the
// consumer's again, or each release would let more come than goes. A few that are cut off go on fetching until their
// queues are full; the others are paused until they are joined, which throws away what they fetched, so that memory does
// not grow with the number of partitions.
// Threads: the poll thread. Dies before its client.
//   Slot& slot = assignment.add(partition, queue);  slot.kept.push_back(record);  assignment.make_ready(slot);
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/rd.h"

namespace loom::kafka {

struct Slot {
  rd::Queue queue;  // the partition's own
  bool is_held = false;
  bool is_joined = false;  // what its queue gets goes to the consumer's
  bool has_position = false;    // read, or sought, since it was assigned
  bool is_paused = false;       // cut off, and librdkafka neither fetches it nor keeps anything of it
  std::optional<Offset> start;  // set by a seek before the assignment reached librdkafka
  bool is_started = false;      // it has reached librdkafka
  bool is_at_end = false;
  bool has_moved = true;  // read, held or assigned since `take_idle`
  std::deque<Record> kept;  // read while held
  std::size_t ready = 0;    // how many of it are deliverable, in the assignment
};

class Assignment {
 public:
  Slot& add(const TopicPartition& partition, rd::Queue queue);
  void remove(const TopicPartition& partition);
  void clear();
  [[nodiscard]] Slot* find(const TopicPartition& partition);
  /// As `find`, quick for runs of one partition.
  [[nodiscard]] Slot* find(const rd_kafka_message_t& message);
  [[nodiscard]] std::vector<TopicPartition> partitions() const;
  /// Those that were read all the time since the last call and gave nothing.
  [[nodiscard]] std::vector<TopicPartition> take_idle();
  /// Cut off with something of their own: a queue that fills, or records that are kept.
  [[nodiscard]] std::size_t laden() const;

  /// What was kept becomes deliverable.
  void make_ready(Slot& slot);
  /// Moves up to `max` deliverable records to `out`; `drained` is told of each partition that is not held and has no more.
  void take_ready(std::vector<Record>& out, std::size_t max,
                  const std::function<void(const TopicPartition&, Slot&)>& drained);
  /// Of all that was read and is not delivered.
  [[nodiscard]] std::size_t bytes_waiting() const;
  /// Throws away what was kept of a partition.
  void forget_records(const TopicPartition& partition);

 private:
  std::map<TopicPartition, Slot> slots_;
  std::deque<Record> ready_;
  struct {
    const rd_kafka_topic_t* topic = nullptr;
    std::int32_t partition = -1;
    Slot* slot = nullptr;
  } last_;
};

}  // namespace loom::kafka
