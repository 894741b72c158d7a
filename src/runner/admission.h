// Whether a stage is asked for a record at all: replays for other groups, what is no message, and what `when` does not
// want are decided here. Pure; any thread. `document` owns what the message points to.
//   Envelope message;  if (auto decided = admission.admit(record, document, message)) return *decided;
#pragma once

#include <map>
#include <optional>
#include <string>

#include "loom/envelope.h"
#include "runner/work.h"

namespace loom::runner {

struct Admission {
  ConsumerGroup group;
  std::map<std::string, std::string> when;  // dotted field → wanted value; a message that differs is dropped: "when"
  std::string cluster_id;

  /// A verdict where the stage is not asked; else `message` is filled.
  [[nodiscard]] std::optional<Verdict> admit(const model::Record& record, json::Document& document,
                                             Envelope& message) const;
};

[[nodiscard]] Verdict verdict_of(Outcome&& outcome);

}  // namespace loom::runner
