#include "books/clerk.h"

#include <algorithm>
#include <charconv>

#include "model/message.h"
#include "runner/headers.h"

namespace loom::books {
namespace {

constexpr std::int64_t most_pieces = 1 << 30;  // a number that somebody else wrote

namespace header = runner::header;

std::int64_t number_of(std::string_view text, std::int64_t otherwise = -1) {
  std::int64_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view text_of(const model::Record& record, std::string_view name) {
  return record.header(name).value_or("");
}

}  // namespace

Spot spot_of(std::string_view text, const Plan& plan) {
  auto last = text.rfind('/');
  if (last == std::string_view::npos || last == 0) return {};
  auto middle = text.rfind('/', last - 1);
  if (middle == std::string_view::npos) return {};
  return {plan.topic(text.substr(0, middle)),
          static_cast<std::int32_t>(number_of(text.substr(middle + 1, last - middle - 1))),
          number_of(text.substr(last + 1))};
}

Identity identity_of_letter(const model::Record& letter, const std::string& cluster_id) {
  if (canonical_uuid(text_of(letter, header::message_id))) return model::identity_of(letter, cluster_id);
  model::Record::Parts origin;
  origin.topic = text_of(letter, header::origin_topic);
  origin.partition = static_cast<std::int32_t>(number_of(text_of(letter, header::origin_partition)));
  origin.offset = number_of(text_of(letter, header::origin_offset));
  origin.value = letter.value();
  if (auto part = letter.header(header::part)) origin.headers.emplace_back(std::string(header::part), std::string(*part));
  return model::identity_of(model::Record::of(std::move(origin)), cluster_id);
}

Clerk::Clerk(Scene& scene, std::string cluster_id, std::map<TopicIndex, NoteRows> notes)
    : scene_(scene), plan_(*scene.plan), cluster_id_(std::move(cluster_id)), notes_(std::move(notes)) {
  roles_.resize(plan_.topics.size());
  joins_.resize(plan_.groups.size());
  for (std::size_t i = 0; i < plan_.hops.size(); ++i) {
    const auto& hop = plan_.hops[i];
    roles_[hop.input].read_by.push_back(i);
    if (hop.output != nobody) roles_[hop.output].is_output = true;
    roles_[hop.drops].drops_of = hop.group;
    roles_[hop.dead_letters].dead_letters_of = hop.group;
    if (hop.lookback.count() > 0) joins_[hop.group] = true;
  }
}

void Clerk::write(const model::Record& record, const Put& put) {
  if (last_topic_ != record.topic()) {
    last_topic_ = record.topic();
    last_index_ = plan_.topic(last_topic_);
  }
  if (last_index_ == nobody) return;
  const auto& role = roles_[last_index_];
  Entry entry;
  entry.at = {last_index_, record.partition().get(), record.offset().get()};
  entry.timestamp_ms = record.timestamp_ms();
  if (role.drops_of != nobody || role.dead_letters_of != nobody)
    write_end(record, role, entry, put);
  else
    write_message(record, role, entry, put);
}

void Clerk::write_message(const model::Record& record, const Role& role, Entry entry, const Put& put) {
  auto identity = model::identity_of(record, cluster_id_);
  entry.id = uuid_bytes(identity.message_id).value_or(UuidBytes{});
  part_ = std::move(identity.part);
  entry.part = part_;
  if (auto hop = record.header(header::hop)) read_hop(*hop, entry);
  if (auto group = record.header(header::replay_for)) {
    entry.replay_for = plan_.group(*group);
    if (entry.replay_for == nobody) entry.replay_for = nobody - 1;  // a group of other days: for none of ours
  }
  if (auto note = notes_.find(entry.at.topic); note != notes_.end() && scene_.is_judged(entry.at))
    note->second(record, entry, rows_);
  note_settled(role, entry);
  put(entry);
  if (role.is_output && entry.group != nobody && joins_[entry.group]) write_sources(record, entry, put);
}

void Clerk::read_hop(std::string_view text, Entry& entry) {
  auto hop = document_.parse(text);
  if (!hop) return;
  auto member = [&](std::string_view name) {
    auto value = hop->get(name);
    return value ? value->string().value_or("") : std::string_view();
  };
  entry.group = plan_.group(member("group"));
  entry.origin = spot_of(member("from"), plan_);
  auto pieces = hop->get("of");
  entry.pieces = static_cast<std::uint32_t>(std::clamp<std::int64_t>(pieces ? pieces->integer().value_or(0) : 0, 0, most_pieces));
}

void Clerk::note_settled(const Role& role, const Entry& entry) {
  auto partition = static_cast<std::size_t>(entry.at.partition);
  for (auto hop : role.read_by) {
    auto& scene = scene_.hops[hop];
    if (entry.at.offset >= scene_.next(hop, entry.at.partition)) continue;
    if (scene.settled_ms.size() <= partition) scene.settled_ms.resize(partition + 1);
    scene.settled_ms[partition] = std::max(scene.settled_ms[partition], entry.timestamp_ms);
  }
}

Spot Clerk::origin_of(const model::Record& record) const {
  return {plan_.topic(text_of(record, header::origin_topic)),
          static_cast<std::int32_t>(number_of(text_of(record, header::origin_partition))),
          number_of(text_of(record, header::origin_offset))};
}

void Clerk::write_end(const model::Record& record, const Role& role, Entry entry, const Put& put) {
  bool is_drop = role.drops_of != nobody;
  entry.kind = is_drop ? Entry::Kind::dropped : Entry::Kind::dead;
  entry.group = is_drop ? role.drops_of : role.dead_letters_of;
  entry.origin = origin_of(record);
  entry.is_of_repeat = is_drop ? joins_[entry.group] && text_of(record, header::reason) == "repeated"
                               : text_of(record, header::error_code) == "identity_conflict";
  auto identity = identity_of_letter(record, cluster_id_);
  entry.id = uuid_bytes(identity.message_id).value_or(UuidBytes{});
  entry.part = identity.part;
  put(entry);
}

void Clerk::write_sources(const model::Record& record, const Entry& output, const Put& put) {
  auto value = document_.parse(record.value(), {.depth = 128, .allow_nul = true});
  auto results = value ? value->get("results") : std::nullopt;
  auto result = results ? results->get(plan_.groups[output.group].get()) : std::nullopt;
  auto sources = result ? result->get("sources") : std::nullopt;
  if (!sources) return;
  sources->each_element([&](json::Value source) {
    auto text_at = [&](std::string_view name) {
      auto member = source.get(name);
      return member ? member->string().value_or("") : std::string_view();
    };
    auto id = uuid_bytes(text_at("message_id"));
    if (!id) return;
    Entry entry;
    entry.kind = Entry::Kind::source;
    entry.id = *id;
    entry.part = text_at("part");
    entry.at = output.at;
    entry.timestamp_ms = output.timestamp_ms;
    entry.group = output.group;
    put(entry);
  });
}

}  // namespace loom::books
