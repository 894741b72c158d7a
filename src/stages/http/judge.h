// What a service's reply means for the message (docs/stages.md has the table). What says nothing of the message comes
// again for as long as it takes: no connection, no time, a busy or broken service, a wrong address or key, a page instead of
// an answer. What the service says of this message counts: its answer, or a 4xx.
// Pure.
//   Judged judged = judge(ask(path, body));
#pragma once

#include <chrono>

#include "loom/outcome.h"
#include "stages/http/service.h"

namespace loom::stages {

struct Judged {
  Outcome outcome;
  std::chrono::seconds rest{0};  // the service wants to be left alone for so long
};
[[nodiscard]] Judged judge(const Result<ServiceReply>& reply);

}  // namespace loom::stages
