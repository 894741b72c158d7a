// Reads ranges of partitions without a group, one call after the other with one client: for tools that look here and
// there. `kafka::read` (admin.h) is one call of it and says what a range and `visit` are.
// Ownership: records may outlive it. Threads: one. Errors: as `kafka::read`.
//   auto reader = Reader::open(settings, log);   reader->read({{partition, {Offset{0}, Offset{10}}}}, visit);
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "kafka/admin.h"

namespace loom::kafka {

class Reader {
 public:
  static Result<Reader> open(const ClusterSettings& settings, Log log);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  Result<void> read(const std::map<TopicPartition, Range>& ranges, const std::function<bool(const Record*)>& visit);

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace loom::kafka
