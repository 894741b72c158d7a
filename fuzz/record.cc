// A record that any program may have written to a topic of ours: admitted, forwarded, told from others. The first byte
// says which headers it has, a line each; the rest is its value.
#include "fuzz.h"
#include "model/message.h"
#include "runner/admission.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  using fuzz::holds;
  static const runner::Admission admission{ConsumerGroup{"g"}, {{"data.kind", "x"}, {"pipeline_hint", ""}}, "cluster"};
  static const runner::Admission any{ConsumerGroup{"g"}, {}, "cluster"};
  static json::Document document, again;
  fuzz::Input input(bytes, size);
  model::Record::Parts parts;
  parts.topic = "t", parts.timestamp_ms = 1'764'000'000'000;
  auto present = input.byte();
  for (const auto* name : {"message_id", "part", "message_type", "traceparent", "loom-replay-for", "loom-hop"}) {
    if (present & 1) parts.headers.emplace_back(name, input.line());
    present >>= 1;
  }
  parts.value = input.rest();
  auto record = model::Record::of(parts);
  auto identity = model::identity_of(record, "cluster");
  (void)model::fingerprint(record.value());
  Envelope message;
  (void)admission.admit(record, document, message);
  if (any.admit(record, document, message)) return 0;
  holds(message.identity == identity, "the identity is the same with and without parsing");
  Output output{R"({"text":"y"})", std::nullopt, {}};
  parts.value = model::with_results(message, "g", output, {"data.a", "data.b.c"});
  parts.headers = {{"message_id", identity.message_id}, {"part", identity.part}};  // as the runner composes it
  auto forwarded = model::Record::of(std::move(parts));
  auto read = model::decode(forwarded, "cluster", again);
  holds(read.has_value(), "what is forwarded can be read");
  holds(read->identity == identity, "and keeps its identity");
  auto text = read->value.at_path("results.g.text");
  holds(text && text->string() == "y", "and has the result");
  (void)model::without(message.json, {"data", "metadata.x"});
  return 0;
}
