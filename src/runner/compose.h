// The records that a verdict becomes: an output, a drop record, a dead letter. Headers are those of headers.h. Nothing
// is sent here. Errors: an output of a record that is no JSON object (malformed). Threads: const, any; `document` is
// the caller's, used again.
//   composer.output(record, emit.messages[0], hop, document)  // Result<OutRecord>
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "loom/joiner.h"
#include "loom/json.h"
#include "loom/outcome.h"
#include "model/record.h"

namespace loom::runner {

struct ComposerSettings {
  ConsumerGroup group;
  std::string stage, instance, cluster_id;
  std::optional<TopicName> output;
  std::vector<std::string> forward_drop;
  Clock clock = system_clock();
};

/// What the hop cost: for the loom-hop header.
struct Hop {
  Micros waited = 0, took = 0;
  int attempts = 1;
};

/// When and how often it failed: for a dead letter's headers.
struct Failures {
  int attempts = 1;
  Micros first = 0, last = 0;  // wall clock; 0: now
};

class Composer {
 public:
  explicit Composer(ComposerSettings settings);

  [[nodiscard]] Result<std::vector<model::OutRecord>> outputs(const model::Record& record, const Emit& emit,
                                                              const Hop& hop, json::Document& document) const;
  /// Of a joiner's answer: what the message itself became (nothing when it joined), and what ended with it.
  [[nodiscard]] Result<std::vector<model::OutRecord>> taken(const model::Record& record, const Taken& taken,
                                                            const Hop& hop, json::Document& document) const;
  [[nodiscard]] Result<std::vector<model::OutRecord>> ended(const std::vector<Ended>& ended, const Hop& hop,
                                                            json::Document& document) const;
  [[nodiscard]] model::OutRecord drop(const model::Record& record, std::string_view reason) const;
  [[nodiscard]] model::OutRecord dead_letter(const model::Record& record, const Error& error,
                                             const Failures& failures) const;
  [[nodiscard]] Micros now() const { return it_.clock(); }

 private:
  [[nodiscard]] Result<Envelope> envelope_of(const model::Record& record, json::Document& document) const;
  [[nodiscard]] std::string hop_text(const model::Record& record, const Hop& hop, std::size_t pieces) const;

  ComposerSettings it_;
  TopicName dead_letters_, drops_;
  std::string hop_start_;  // {"group":…,"instance":…,"from":"
};

/// At most `most` bytes of valid UTF-8: what is no UTF-8 becomes '?', nothing is cut within a character.
[[nodiscard]] std::string bounded_utf8(std::string_view text, std::size_t most);

}  // namespace loom::runner
