#include "books/letter.h"

#include <charconv>

#include "books/clerk.h"
#include "loom/json.h"
#include "model/catalogue.h"
#include "model/merge_patch.h"
#include "runner/headers.h"

namespace loom::books {
namespace {

namespace header = runner::header;

constexpr std::string_view fate_header = "loom-fate";
constexpr std::string_view written_header = "loom-letter-time";  // ms

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string text_of(const model::Record& record, std::string_view name) {
  return std::string(record.header(name).value_or(""));
}

std::optional<Place> place_of(std::string_view topic, std::string_view partition, std::string_view offset) {
  auto p = number_of<std::int32_t>(partition);
  auto o = number_of<std::int64_t>(offset);
  if (topic.empty() || !p || !o) return std::nullopt;
  return Place{{TopicName{std::string(topic)}, Partition{*p}}, Offset{*o}};
}

void add(model::Headers& headers, std::string_view name, std::string value) {
  headers.emplace_back(std::string(name), std::move(value));
}

}  // namespace

std::string to_string(const Place& place) {
  return place.partition.topic.get() + ":" + std::to_string(place.partition.partition.get()) + ":" +
         std::to_string(place.offset.get());
}

std::optional<Place> parse_place(std::string_view text) {
  auto last = text.rfind(':');
  auto middle = last == std::string_view::npos || last == 0 ? last : text.rfind(':', last - 1);
  if (middle == std::string_view::npos || last == 0) return std::nullopt;
  return place_of(text.substr(0, middle), text.substr(middle + 1, last - middle - 1), text.substr(last + 1));
}

Letter letter_of(const model::Record& record) {
  Letter letter;
  letter.at = {record.topic_partition(), record.offset()};
  letter.origin = place_of(text_of(record, header::origin_topic), text_of(record, header::origin_partition),
                           text_of(record, header::origin_offset));
  letter.group = ConsumerGroup{text_of(record, header::group)};
  auto prefix = model::dead_letters_of(ConsumerGroup{}).get();
  if (letter.group.get().empty() && record.topic().starts_with(prefix))
    letter.group = ConsumerGroup{std::string(record.topic().substr(prefix.size()))};
  letter.kind = text_of(record, header::error_kind);
  letter.code = text_of(record, header::error_code);
  letter.field = text_of(record, header::error_field);
  letter.message = text_of(record, header::error_message);
  letter.replays = number_of<int>(text_of(record, header::replay_count)).value_or(0);
  letter.written_ms = record.timestamp_ms();
  return letter;
}

model::OutRecord replay_of(const model::Record& record, const Letter& letter, const std::string& cluster_id) {
  model::OutRecord out;
  out.topic = letter.origin->partition.topic;
  if (record.key()) out.key = std::string(*record.key());
  out.value = std::string(record.value());
  auto identity = identity_of_letter(record, cluster_id);
  for (auto& [name, value] : record.headers())
    if (!runner::is_of_a_death(name)) out.headers.emplace_back(std::move(name), std::move(value));
  auto say = [&](std::string_view name, std::string value) {
    if (record.header(name) != value) add(out.headers, name, std::move(value));  // the last of that name counts
  };
  say(header::message_id, std::move(identity.message_id));
  say(header::part, std::move(identity.part));
  add(out.headers, header::replay_for, letter.group.get());
  add(out.headers, header::replay_count, std::to_string(letter.replays + 1));
  add(out.headers, header::dead_letter, to_string(letter.at));
  if (auto came = record.header(header::origin_timestamp))
    add(out.headers, header::origin_timestamp, std::string(*came));
  return out;
}

Result<void> patch(model::OutRecord& replay, std::string_view merge_patch) {
  json::Document document;
  if (auto parsed = document.parse(replay.value, {.depth = 512, .allow_nul = true}); !parsed)
    return fail(ErrorKind::malformed, "its value is no JSON and cannot be patched: " + parsed.error().message,
                {.remedy = "see it with 'loom dlq show --raw', send it mended, and drop the letter"});
  replay.value = model::merge_patch(replay.value, merge_patch);
  return {};
}

model::OutRecord drop_of(const model::Record& record, const Letter& letter, const std::string& cluster_id,
                         std::string_view reason) {
  auto identity = identity_of_letter(record, cluster_id);
  model::OutRecord out;
  out.topic = model::drops_of(letter.group);
  if (record.key()) out.key = std::string(*record.key());
  add(out.headers, header::message_id, std::move(identity.message_id));
  add(out.headers, header::part, std::move(identity.part));
  add(out.headers, header::message_type, text_of(record, header::message_type));
  if (letter.origin) {
    add(out.headers, header::origin_topic, letter.origin->partition.topic.get());
    add(out.headers, header::origin_partition, std::to_string(letter.origin->partition.partition.get()));
    add(out.headers, header::origin_offset, std::to_string(letter.origin->offset.get()));
  }
  add(out.headers, header::group, letter.group.get());
  add(out.headers, header::reason, std::string(reason));
  add(out.headers, header::dead_letter, to_string(letter.at));
  return out;
}

std::string_view name_of(LetterFate fate) {
  switch (fate) {
    case LetterFate::open:
      return "open";
    case LetterFate::replayed:
      return "replayed";
    case LetterFate::dropped:
      return "dropped";
  }
  return "open";
}

model::OutRecord record_of(const Note& note) {
  model::OutRecord out;
  out.topic = model::settled_letters();
  out.key = to_string(note.letter);
  add(out.headers, header::dead_letter, *out.key);
  add(out.headers, fate_header, std::string(name_of(note.fate)));
  add(out.headers, written_header, std::to_string(note.written_ms));
  if (!note.reason.empty()) add(out.headers, header::reason, note.reason);
  return out;
}

std::optional<Note> note_of(const model::Record& record) {
  auto letter = parse_place(record.header(header::dead_letter).value_or(""));
  auto written = number_of<std::int64_t>(record.header(written_header).value_or(""));
  auto fate = record.header(fate_header).value_or("");
  if (!letter || !written) return std::nullopt;
  for (auto one : {LetterFate::replayed, LetterFate::dropped})
    if (fate == name_of(one)) return Note{*letter, *written, one, text_of(record, header::reason)};
  return std::nullopt;
}

}  // namespace loom::books
