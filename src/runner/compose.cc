#include "runner/compose.h"

#include "base/bytes.h"
#include "base/ids.h"
#include "model/catalogue.h"
#include "model/message.h"
#include "runner/headers.h"
#include "runner/joiners.h"

namespace loom::runner {
namespace {

constexpr std::size_t longest_message = 1024;

std::optional<std::string> key_of(const model::Record& record) {
  auto key = record.key();
  return key ? std::optional<std::string>(*key) : std::nullopt;
}

void add(model::Headers& headers, std::string_view name, std::string value) {
  headers.emplace_back(std::string(name), std::move(value));
}

void add_origin(model::Headers& headers, const model::Record& record) {
  add(headers, header::origin_topic, std::string(record.topic()));
  add(headers, header::origin_partition, std::to_string(record.partition().get()));
  add(headers, header::origin_offset, std::to_string(record.offset().get()));
}

/// How many bytes the UTF-8 character at `at` has; 0 when it is none.
std::size_t character_at(std::string_view text, std::size_t at) {
  auto first = static_cast<unsigned char>(text[at]);
  std::size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || at + size > text.size() || !is_utf8(text.substr(at, size))) return 0;
  return size;
}

}  // namespace

std::string bounded_utf8(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto size = character_at(text, at);
    if (out.size() + std::max<std::size_t>(size, 1) > most) break;
    if (size == 0)
      out += '?', ++at;
    else
      out.append(text, at, size), at += size;
  }
  return out;
}

Composer::Composer(ComposerSettings settings)
    : it_(std::move(settings)), dead_letters_(model::dead_letters_of(it_.group)), drops_(model::drops_of(it_.group)) {
  hop_start_ = json::Writer{}.field("group", it_.group.get()).field("instance", it_.instance).text();
  hop_start_.back() = ',';
  hop_start_ += R"("from":")";
}

/// A record of ours says all that is needed in its headers; only a foreign one is read for it (its value may lack what
/// `encode` always writes, though its headers were copied from one of ours).
Result<Envelope> Composer::envelope_of(const model::Record& record, json::Document& document) const {
  auto traceparent = record.header(header::traceparent);
  auto trace_id = traceparent ? trace_id_of(*traceparent) : std::nullopt;
  auto type = record.header(header::message_type);
  auto part = record.header(header::part);
  auto id = canonical_uuid(record.header(header::message_id).value_or(""));
  bool is_ours = trace_id && type && part && id && record.value().starts_with(R"({"schema_version":)");
  if (!is_ours) return model::decode(record, it_.cluster_id, document);
  Envelope envelope;
  envelope.identity = {std::move(*id), std::string(*part)};
  envelope.message_type = *type;
  envelope.trace_id = std::move(*trace_id);
  envelope.timestamp = envelope.recorded_at = record.timestamp_ms() * 1000;
  envelope.json = record.value();
  return envelope;
}

/// `pieces`: into how many the record is split, so that the last one is missed, too.
std::string Composer::hop_text(const model::Record& record, const Hop& hop, std::size_t pieces) const {
  std::string text;
  text.reserve(hop_start_.size() + record.topic().size() + 96);
  text += hop_start_;
  text += record.topic();
  text += '/';
  text += std::to_string(record.partition().get());
  text += '/';
  text += std::to_string(record.offset().get());
  text += R"(","waited_ms":)";
  text += std::to_string(hop.waited / 1000);
  text += R"(,"took_ms":)";
  text += std::to_string(hop.took / 1000);
  text += R"(,"attempts":)";
  text += std::to_string(hop.attempts);
  if (pieces > 1) text += R"(,"of":)" + std::to_string(pieces);
  text += '}';
  return text;
}

Result<std::vector<model::OutRecord>> Composer::outputs(const model::Record& record, const Emit& emit, const Hop& hop,
                                                        json::Document& document) const {
  if (!it_.output)
    return fail(ErrorKind::configuration,
                "stage '" + it_.stage + "' emits a message, and group '" + it_.group.get() + "' has no output",
                {.field = "stages." + it_.group.get() + ".output", .remedy = "give the stage an output topic"});
  auto read = envelope_of(record, document);
  if (!read) return tl::unexpected<Error>(std::move(read.error()));
  const auto& envelope = *read;
  std::vector<model::OutRecord> outputs;
  outputs.reserve(emit.messages.size());
  for (const auto& message : emit.messages) {
    auto& out = outputs.emplace_back();
    out.topic = *it_.output;
    out.key = key_of(record);
    out.value = model::with_results(envelope, it_.group.get(), message, it_.forward_drop);
    out.timestamp_ms = it_.clock() / 1000;
    auto part = envelope.identity.part;
    if (!message.part_step.empty()) part += (part.empty() ? "" : ".") + message.part_step;
    out.headers.reserve(6);
    add(out.headers, header::message_id, envelope.identity.message_id);
    add(out.headers, header::part, std::move(part));
    add(out.headers, header::message_type, envelope.message_type);
    add(out.headers, header::traceparent,
        make_traceparent(envelope.trace_id.empty() ? new_trace_id() : envelope.trace_id, new_span_id()));
    add(out.headers, header::content_type, "application/json");
    add(out.headers, header::hop, hop_text(record, hop, emit.messages.size()));
  }
  return outputs;
}

Result<std::vector<model::OutRecord>> Composer::ended(const std::vector<Ended>& all, const Hop& hop,
                                                      json::Document& document) const {
  std::vector<model::OutRecord> records;
  for (const auto& one : all) {
    const auto& origin = record_of(one.message);
    if (const auto* dropped = std::get_if<Drop>(&one.how)) {
      records.push_back(drop(origin, dropped->reason));
      continue;
    }
    auto emitted = outputs(origin, std::get<Emit>(one.how), hop, document);
    if (!emitted) return emitted;
    std::move(emitted->begin(), emitted->end(), std::back_inserter(records));
  }
  return records;
}

Result<std::vector<model::OutRecord>> Composer::taken(const model::Record& record, const Taken& taken, const Hop& hop,
                                                      json::Document& document) const {
  auto records = ended(taken.ended, hop, document);
  if (!records) return records;
  if (const auto* emit = std::get_if<Emit>(&taken.own)) {
    auto own = outputs(record, *emit, hop, document);
    if (!own) return own;
    std::move(own->begin(), own->end(), std::back_inserter(*records));
  } else if (const auto* dropped = std::get_if<Drop>(&taken.own)) {
    records->push_back(drop(record, dropped->reason));
  } else if (const auto* rejected = std::get_if<Reject>(&taken.own)) {
    records->push_back(dead_letter(record, rejected->error, {}));
  }
  return records;
}

model::OutRecord Composer::drop(const model::Record& record, std::string_view reason) const {
  auto identity = model::identity_of(record, it_.cluster_id);
  model::OutRecord out;
  out.topic = drops_;
  out.key = key_of(record);
  out.timestamp_ms = it_.clock() / 1000;
  out.headers.reserve(8);
  add(out.headers, header::message_id, std::move(identity.message_id));
  add(out.headers, header::part, std::move(identity.part));
  add(out.headers, header::message_type, std::string(record.header(header::message_type).value_or("")));
  add_origin(out.headers, record);
  add(out.headers, header::group, it_.group.get());
  add(out.headers, header::reason, std::string(reason));
  return out;
}

model::OutRecord Composer::dead_letter(const model::Record& record, const Error& error,
                                       const Failures& failures) const {
  auto now = it_.clock();
  model::OutRecord out;
  out.topic = dead_letters_;
  out.key = key_of(record);
  out.value = std::string(record.value());
  out.timestamp_ms = now / 1000;
  for (auto& [name, value] : record.headers())
    if (!is_of_a_death(name)) out.headers.emplace_back(std::move(name), std::move(value));
  add_origin(out.headers, record);
  add(out.headers, header::group, it_.group.get());
  add(out.headers, header::stage, it_.stage);
  add(out.headers, header::error_kind, std::string(traits_of(error.kind).name));
  add(out.headers, header::error_code, bounded_utf8(error.code, 64));
  add(out.headers, header::error_message, bounded_utf8(error.message, longest_message));
  add(out.headers, header::error_field, bounded_utf8(error.field, 256));
  add(out.headers, header::attempts, std::to_string(failures.attempts));
  add(out.headers, header::first_time, to_rfc3339(failures.first > 0 ? failures.first : now));
  add(out.headers, header::last_time, to_rfc3339(failures.last > 0 ? failures.last : now));
  add(out.headers, header::replay_count, std::string(record.header(header::replay_count).value_or("0")));
  auto came = record.header(header::origin_timestamp);
  add(out.headers, header::origin_timestamp, came ? std::string(*came) : std::to_string(record.timestamp_ms()));
  return out;
}

}  // namespace loom::runner
