#include "ingest/intake.h"

#include <algorithm>

#include "ingest/address.h"
#include "ingest/health.h"
#include "ingest/media.h"

namespace loom::ingest {
namespace {

/// A content type says JSON, or nothing.
std::optional<Refusal> wrong_content(const http::Request& request) {
  auto type = request.header("content-type");
  if (type.empty()) return std::nullopt;
  std::string lower(type.substr(0, 128));
  for (auto& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (lower.find("json") != std::string::npos) return std::nullopt;
  return refuse(ErrorKind::unsupported_media, "this endpoint takes JSON",
                {.field = "Content-Type", .remedy = "send Content-Type: application/json", .code = {}})
      .value();
}

std::optional<Refusal> wrong_encoding(const http::Request& request) {
  auto encoding = request.header("content-encoding");
  if (encoding.empty() || http::equal_ignoring_case(encoding, "identity")) return std::nullopt;
  return refuse(ErrorKind::unsupported_media, "compressed bodies are not taken",
                {.field = "Content-Encoding", .remedy = "send it uncompressed", .code = {}})
      .value();
}

void tell_message_id(Refusal& refusal, const json::Value& message) {
  for (const auto& [name, value] : refusal.details.members)
    if (name == "message_id") return;
  auto id = message.get("message_id");
  if (id && id->string() && id->string()->size() <= 64) tell(refusal, "message_id", *id->string());
}

}  // namespace

Intake::Intake(Parts parts) : parts_(std::move(parts)), scratch_(parts_.io_threads) {}

std::optional<Refusal> Intake::admit(http::Request& request) const {
  auto who = parts_.keys.identify(request);
  if (!who) return std::move(who.error());
  request.principal = *who;
  if (auto wrong = wrong_content(request)) return wrong;
  return wrong_encoding(request);
}

void Intake::refuse_all(http::Responder& responder, const Refusal& refusal, const TypeEntry* type) {
  parts_.probe.refused(type ? type->spec->name.get() : "", refusal.error.kind);
  responder.answer(http::reply_of(refusal.error, refusal.details));
}

/// Fills the slot and makes the record; a refusal leaves the slot with its type, where that is known.
Checked<model::OutRecord> Intake::prepare(Slot& slot, Checked<Accepted> accepted, const Origin& origin) const {
  if (!accepted) return tl::unexpected(std::move(accepted.error()));
  slot.type = accepted->type;
  if (auto allowed = parts_.keys.allow(origin.who, slot.type->spec->name.get()); !allowed)
    return tl::unexpected(std::move(allowed.error()));
  stamp(*accepted, parts_.timestamps(), origin.traceparent);
  auto record = address(*accepted);
  slot.message_id = std::move(accepted->message.message_id);
  slot.trace_id = std::move(accepted->message.trace_id);
  slot.timestamp = accepted->message.timestamp;
  return record;
}

/// Refused at once, the outcome is known; taken in, it would be unknown after the timeout. The longer the silence, the
/// later clients are asked to come back.
std::optional<Refusal> Intake::broker_away() const {
  auto since = parts_.since_broker();
  if (since <= broker_silence) return std::nullopt;
  auto refusal = refuse(ErrorKind::unavailable, "no Kafka broker answers",
                        {.field = {}, .remedy = "send it again after Retry-After", .code = {}})
                     .value();
  auto half = std::chrono::duration_cast<std::chrono::seconds>(since / 2).count();
  refusal.details.retry_after_s = static_cast<int>(std::clamp<std::int64_t>(half, 1, DrainRate::longest));
  return refusal;
}

/// A refused message is told with the message_id that the client gave it, where it can be read.
void Intake::take(const Origin& origin, json::Document& document, std::string_view text, std::size_t& held,
                  http::Responder responder) {
  auto& job = parts_.in_flight.begin(Shape::single, std::move(responder));
  auto& slot = job.add_slot();
  auto root = document.parse(text);
  auto accepted = root ? decode_parsed(parts_.types, *root, text)
                       : Checked<Accepted>(tl::unexpected(Refusal{std::move(root.error()), {}}));
  auto record = prepare(slot, std::move(accepted), origin);
  if (record) return parts_.in_flight.send(job, std::span(&*record, 1), held);
  slot.state = Slot::State::refused;
  slot.refusal = std::move(record.error());
  if (root) tell_message_id(*slot.refusal, *root);
  parts_.in_flight.send(job, {}, held);
}

/// No broker, or too much that waits for it: what comes now would be answered too late.
std::optional<Refusal> Intake::overloaded() const {
  auto away = broker_away();
  return away ? away : parts_.in_flight.crowded();
}

/// No broker, no room, or no more at this key's rate.
std::optional<Refusal> Intake::not_now(std::size_t who) const {
  if (auto later = overloaded()) return later;
  auto spent = parts_.keys.spend(who, 1, parts_.steady());
  return spent ? std::nullopt : std::optional(std::move(spent.error()));
}

void Intake::single(http::Request& request, http::Responder responder) {
  if (auto later = not_now(request.principal)) return refuse_all(responder, *later, nullptr);
  take({request.principal, request.header("traceparent")}, scratch_[request.io_thread].document, request.body,
       request.held, std::move(responder));
}

void Intake::message(const Sender& sender, std::string_view text, std::size_t& held, http::Responder responder) {
  auto& document = scratch_[sender.io_thread].document;
  if (auto later = not_now(sender.who)) {
    if (auto root = document.parse(text)) tell_message_id(*later, *root);
    return refuse_all(responder, *later, nullptr);
  }
  take({sender.who, {}}, document, text, held, std::move(responder));
}

/// A page of another site may not use a browser's way to this machine: WebSockets know no same-origin rule.
std::optional<Refusal> Intake::admit_stream(http::Request& request) const {
  auto origin = request.header("origin");
  auto authority = origin.substr(std::min(origin.size(), origin.find("://") + 3));
  if (!origin.empty() && !http::equal_ignoring_case(authority, request.header("host")))
    return refuse(ErrorKind::forbidden, "a page of another site may not open a stream",
                  {.field = "Origin", .remedy = "connect from a program, or from a page of this server", .code = {}})
        .value();
  auto who = parts_.keys.identify(request);
  if (!who) return std::move(who.error());
  request.principal = *who;
  return std::nullopt;
}

Checked<Intake::Begun> Intake::check_begin(const Sender& sender, std::string_view text) {
  auto& document = scratch_[sender.io_thread].document;
  auto root = document.parse(text);
  if (!root) return tl::unexpected(Refusal{std::move(root.error()), {}});
  auto message = root->get("begin");
  auto raw = json::raw_member(text, "begin");
  if (root->size() != 1 || !message->is_object() || !raw)
    return refuse(ErrorKind::malformed, "a begin holds one message and nothing else",
                  {.field = "begin", .remedy = "send {\"begin\":{\"message_type_id\":…,\"device_id\":…}}", .code = {}});
  auto refused = [&](Refusal refusal) {
    tell_message_id(refusal, *message);
    return tl::unexpected(std::move(refusal));
  };
  auto type = type_of(parts_.types, *message);
  if (!type) return refused(std::move(type.error()));
  if (auto field = media_field_of(**type); !field) return refused(std::move(field.error()));
  if (auto allowed = parts_.keys.allow(sender.who, (*type)->spec->name.get()); !allowed)
    return refused(std::move(allowed.error()));
  return Begun{std::string(*raw), media_limit(**type)};
}

Refusal Intake::begun_too_large(const Sender& sender, std::string_view begun) {
  auto root = scratch_[sender.io_thread].document.parse(begun);
  auto refusal = media_too_large(**type_of(parts_.types, *root));
  tell_message_id(refusal, *root);
  return refusal;
}

void Intake::media_message(const Sender& sender, const std::string& begun, std::string bytes, std::size_t& held,
                           http::Responder responder) {
  auto& document = scratch_[sender.io_thread].document;
  auto root = document.parse(begun);
  auto refused = [&](Refusal refusal) {
    tell_message_id(refusal, *root);
    refuse_all(responder, refusal, nullptr);
  };
  if (auto later = not_now(sender.who)) return refused(std::move(*later));
  auto text = with_media(parts_.types, *root, begun, bytes);
  if (!text) return refused(std::move(text.error()));
  std::string().swap(bytes);
  take({sender.who, {}}, document, *text, held, std::move(responder));
}

std::optional<Refusal> Intake::admit_media(http::Request& request) const {
  auto who = parts_.keys.identify(request);
  if (!who) return std::move(who.error());
  request.principal = *who;
  auto type = check_upload(parts_.types, request);
  if (!type) return std::move(type.error());
  if (auto allowed = parts_.keys.allow(*who, (*type)->spec->name.get()); !allowed) return std::move(allowed.error());
  return wrong_encoding(request);
}

void Intake::media(http::Request& request, http::Responder responder) {
  const auto* type = parts_.types.find(request.parameter);
  if (auto later = not_now(request.principal)) return refuse_all(responder, *later, type);
  auto& document = scratch_[request.io_thread].document;
  auto text = message_of_upload(parts_.types, document, request);
  if (!text) return refuse_all(responder, text.error(), type);
  std::string().swap(request.body);  // the message has it all
  take({request.principal, request.header("traceparent")}, document, *text, request.held, std::move(responder));
}

/// What can't be parsed in an array makes the whole body unreadable (`whole`); what can, and is only not taken
/// (NUL, depth), is that record's own fault, as is a broken line.
Checked<Accepted> Intake::parse_in_batch(json::Document& document, std::string_view text, BatchForm form,
                                         std::optional<Refusal>& whole) const {
  auto root = document.parse(text);
  if (root) return decode_parsed(parts_.types, *root, text);
  Refusal refusal{std::move(root.error()), {}};
  if (form == BatchForm::array && !document.parse(text, {.depth = 1000, .allow_nul = true})) whole = refusal;
  return tl::unexpected(std::move(refusal));
}

void Intake::batch(http::Request& request, http::Responder responder) {
  if (auto later = overloaded()) return refuse_all(responder, *later, nullptr);
  auto cut = cut_batch(request.body, request.header("content-type"), parts_.max_batch_records);
  if (!cut) return refuse_all(responder, cut.error(), nullptr);
  if (auto spent = parts_.keys.spend(request.principal, cut->records.size(), parts_.steady()); !spent)
    return refuse_all(responder, spent.error(), nullptr);
  auto& scratch = scratch_[request.io_thread];
  auto& job = parts_.in_flight.begin(Shape::batch, std::move(responder));
  Origin origin{request.principal, request.header("traceparent")};
  scratch.records.clear();
  std::optional<Refusal> whole;
  for (auto text : cut->records) {
    auto& slot = job.add_slot();
    auto record = prepare(slot, parse_in_batch(scratch.document, text, cut->form, whole), origin);
    if (whole) {
      whole->error.message = "record " + std::to_string(job.count - 1) + ": " + whole->error.message;
      return parts_.in_flight.give_up(job, *whole);
    }
    if (record) {
      scratch.records.push_back(std::move(*record));
      continue;
    }
    slot.state = Slot::State::refused;
    slot.refusal = std::move(record.error());
    scratch.records.emplace_back();
  }
  parts_.in_flight.send(job, scratch.records, request.held);
  if (scratch.records.capacity() > 1024) std::vector<model::OutRecord>().swap(scratch.records);
  scratch.records.clear();
}

}  // namespace loom::ingest
