// What a request waits for: the broker's answers to its one message or to those of its batch, in order; and the reply
// they make. Pure but for the slots that the acknowledgements fill in.
// Ownership: InFlight owns jobs and uses them again. Threads: see InFlight.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "ingest/refusal.h"
#include "ingest/types.h"
#include "loom/envelope.h"

namespace loom::ingest {

struct Slot {
  enum class State { waiting, stored, refused };
  State state = State::waiting;
  const TypeEntry* type = nullptr;
  std::string message_id, trace_id;
  Micros timestamp = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::size_t bytes = 0;  // held of the budget
  std::optional<Refusal> refusal;
};

enum class Shape { single, batch };

class InFlight;

struct Job {
  InFlight* owner = nullptr;
  Shape shape = Shape::single;
  std::vector<Slot> slots;
  std::size_t count = 0;  // of slots in use
  http::Responder responder;
  std::chrono::steady_clock::time_point started;
  std::atomic<std::size_t> waiting{0};
  std::atomic<bool> answered{false};
  http::Reply reply;
  Job* before = nullptr;  // in the list of those that may time out
  Job* after = nullptr;
  bool listed = false;

  Slot& add_slot();
};

/// What is known now; what still waits is told as of unknown outcome.
void render(Job& job, int retry_after_s);

/// No acknowledgement came, or one that leaves it open: 503, outcome unknown, with the message_id for a safe retry.
void mark_unknown(Refusal& refusal, const Slot& slot, int retry_after_s);

}  // namespace loom::ingest
