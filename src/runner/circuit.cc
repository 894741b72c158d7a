#include "runner/circuit.h"

namespace loom::runner {

Circuit::Ticket Circuit::take() {
  if (!is_open_) return {};
  is_probing_ = true;
  return {++last_probe_};
}

void Circuit::wait_for_probe(Micros now) { probe_at_ = now + backoff_of(it_.backoff, ++probes_, 0); }

Circuit::Turn Circuit::end(Ticket ticket, Answer answer, Micros now) {
  if (it_.threshold <= 0) return Turn::none;
  bool is_probe = is_open_ && is_probing_ && ticket.probe == last_probe_;
  if (is_probe) is_probing_ = false;
  switch (answer) {
    case Answer::works: {
      auto turn = is_open_ ? Turn::closed : Turn::none;
      is_open_ = is_probing_ = false;
      failures_ = probes_ = 0;
      return turn;
    }
    case Answer::fails:
      if (is_probe) wait_for_probe(now);
      if (is_open_ || ++failures_ < it_.threshold) return Turn::none;
      is_open_ = true;
      wait_for_probe(now);
      return Turn::opened;
    case Answer::says_nothing:
      break;
  }
  return Turn::none;
}

}  // namespace loom::runner
