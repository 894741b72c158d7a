// Whether what the stage asks (an engine's server, a program) is worth asking. So many calls in a row that failed for
// want of it, whoever made them, open the circuit: then nothing is taken but a probe, one record at a time, each after a
// longer wait. A call that worked closes it. Calls that say nothing of it (the message was refused, `when` left it out)
// count neither way; such a probe is followed by the next at once.
// Pure: time is passed in (microseconds, steady). Not thread-safe: LaneQueue locks.
//   if (circuit.may_take(now)) { ticket = circuit.take(); ...; auto turn = circuit.end(ticket, answer, now); }
#pragma once

#include <optional>

#include "runner/backoff.h"

namespace loom::runner {

class Circuit {
 public:
  enum class Answer { says_nothing, works, fails };
  enum class Turn { none, opened, closed };
  struct Settings {
    int threshold = 0;  // calls in a row that fail; 0: it never opens
    Backoff backoff{};  // between probes
  };
  /// Which call it was: an answer that was asked for before the circuit opened is no probe's.
  struct Ticket {
    std::uint64_t probe = 0;  // 0: none
  };

  explicit Circuit(Settings settings) : it_(settings) {}

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool may_take(Micros now) const { return !is_open_ || (!is_probing_ && now >= probe_at_); }
  /// From when on `may_take`, as far as time decides; nullopt: a probe is under way, its end decides.
  [[nodiscard]] std::optional<Micros> may_take_at() const {
    if (!is_open_) return 0;
    return is_probing_ ? std::nullopt : std::optional(probe_at_);
  }
  [[nodiscard]] Ticket take();
  Turn end(Ticket ticket, Answer answer, Micros now);

 private:
  void wait_for_probe(Micros now);

  Settings it_;
  bool is_open_ = false, is_probing_ = false;
  int failures_ = 0, probes_ = 0;  // in a row
  std::uint64_t last_probe_ = 0;
  Micros probe_at_ = 0;
};

}  // namespace loom::runner
