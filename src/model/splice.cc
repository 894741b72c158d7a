// with_results and fingerprint: what of a message's text stays byte for byte, and what is put between.
#include <array>

#include "base/bytes.h"
#include "base/clock.h"
#include "model/message.h"
#include "model/raw_text.h"

namespace loom::model {
namespace {

using raw_text::append_key;
using raw_text::append_member;
using raw_text::is_key;
using raw_text::is_object;
using raw_text::key_of;

void append_text_member(std::string& to, std::string_view key, std::string_view text) {
  append_key(to, key);
  json::append_string(to, text);
}

using Paths = std::vector<std::string_view>;

struct Dropped {
  bool whole = false;  // this member itself
  Paths inside;        // what is left out inside it
};

Dropped dropped_of(std::string_view written, const Paths& paths) {
  Dropped dropped;
  if (paths.empty()) return dropped;
  auto key = key_of(written);
  for (auto path : paths) {
    if (!path.starts_with(key)) continue;
    if (path.size() == key.size())
      dropped.whole = true;
    else if (path[key.size()] == '.')
      dropped.inside.push_back(path.substr(key.size() + 1));
  }
  return dropped;
}

/// The raw value of a member, without the dropped paths inside it.
void append_without(std::string& to, std::string_view raw, const Paths& paths) {
  if (paths.empty() || !is_object(raw)) {
    append_large(to, raw);
    return;
  }
  to += '{';
  json::each_raw_member(raw, [&](std::string_view key, std::string_view value) {
    auto dropped = dropped_of(key, paths);
    if (dropped.whole) return;
    append_key(to, key);
    append_without(to, value, dropped.inside);
  });
  to += '}';
}

/// `results` with this group's result last; what stands there under the group (from an earlier try) is replaced.
struct NewResult {
  std::string_view group, result;
};
void append_results(std::string& to, std::string_view raw, NewResult added, const Paths& paths) {
  to += '{';
  if (is_object(raw)) {
    json::each_raw_member(raw, [&](std::string_view key, std::string_view value) {
      auto dropped = dropped_of(key, paths);
      if (dropped.whole || is_key(key, added.group)) return;
      append_key(to, key);
      append_without(to, value, dropped.inside);
    });
  } else if (!raw.empty() && raw != "null") {
    append_member(to, "original", raw);  // a foreign program's own word
  }
  std::string group;
  json::append_string(group, added.group);
  append_member(to, std::string_view(group).substr(1, group.size() - 2), added.result);
  to += '}';
}

std::string extended(const std::string& part, const std::string& step) {
  if (step.empty()) return part;
  return part.empty() ? step : part + "." + step;
}

/// One pass over the top-level members; each is copied, replaced or left out.
class Splice {
 public:
  Splice(const Envelope& message, NewResult added, const Output& output, const std::vector<std::string>& drop)
      : message_(message), added_(added), output_(output), drop_(drop.begin(), drop.end()) {}

  std::string text() {
    to_.reserve(message_.json.size() + added_.result.size() + (output_.data ? output_.data->size() : 0) + 256);
    to_ = "{";
    json::each_raw_member(message_.json, [this](std::string_view key, std::string_view raw) { member(key, raw); });
    append_missing();
    to_ += '}';
    return std::move(to_);
  }

 private:
  void member(std::string_view key, std::string_view raw) {
    for (auto& seen : seen_)
      if (is_key(key, seen.name)) seen.there = true;
    auto dropped = dropped_of(key, drop_);
    if (is_key(key, "results")) return results(raw, dropped);
    if (is_key(key, "part") && !output_.part_step.empty()) return;
    if (is_key(key, "data") && output_.data) raw = *output_.data;
    if (dropped.whole) return;
    append_key(to_, key);
    append_without(to_, raw, dropped.inside);
  }

  void results(std::string_view raw, const Dropped& dropped) {
    append_key(to_, "results");
    append_results(to_, dropped.whole ? "" : raw, added_, dropped.inside);
  }

  void append_missing() {
    if (!there("message_id")) append_text_member(to_, "message_id", message_.identity.message_id);
    if (!output_.part_step.empty())
      append_text_member(to_, "part", extended(message_.identity.part, output_.part_step));
    if (!there("recorded_at")) append_text_member(to_, "recorded_at", to_rfc3339(message_.recorded_at));
    if (!there("timestamp")) append_text_member(to_, "timestamp", to_rfc3339(message_.timestamp));
    if (!there("data") && output_.data) append_member(to_, "data", *output_.data);
    if (!there("results")) results("", {});
  }

  [[nodiscard]] bool there(std::string_view name) const {
    for (const auto& seen : seen_)
      if (seen.name == name) return seen.there;
    return false;
  }

  struct Seen {
    std::string_view name;
    bool there = false;
  };
  const Envelope& message_;
  NewResult added_;
  const Output& output_;
  Paths drop_;
  std::array<Seen, 5> seen_{{{"message_id"}, {"recorded_at"}, {"timestamp"}, {"data"}, {"results"}}};
  std::string to_;
};

bool is_added_on_the_way(std::string_view key) {
  for (std::string_view name : {"results", "message_id", "part", "recorded_at", "timestamp"})
    if (is_key(key, name)) return true;
  return false;
}

}  // namespace

std::string with_results(const Envelope& message, std::string_view group, const Output& output,
                         const std::vector<std::string>& forward_drop) {
  return Splice(message, {group, output.result.empty() ? "{}" : std::string_view(output.result)}, output, forward_drop)
      .text();
}

std::string without(std::string_view value, const std::vector<std::string>& paths) {
  std::string text;
  append_without(text, value, Paths(paths.begin(), paths.end()));
  return text;
}

std::string fingerprint(std::string_view value) {
  constexpr std::size_t digits = 32;
  if (auto data = json::raw_member(value, "data")) return sha256_hex(*data).substr(0, digits);
  std::string own = "{";
  json::each_raw_member(value, [&](std::string_view key, std::string_view raw) {
    if (!is_added_on_the_way(key)) append_member(own, key, raw);
  });
  return sha256_hex(own).substr(0, digits);
}

}  // namespace loom::model
