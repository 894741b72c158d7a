#include "app/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <utility>

#include "base/likeness.h"

namespace loom::app {
namespace {

/// Of the engine, not of the message.
bool is_of_engine(std::string_view name) {
  return name == "took_ms" || name == "engine" || name == "engine_version" || name == "settings";
}

std::string cut(std::string_view text) {
  auto size = std::min(text.size(), longest_text);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

std::optional<double> number_of(const std::string& raw) {
  json::Document document;
  auto value = document.parse(raw);
  return value ? value->number() : std::nullopt;
}

/// A mean that knows whether there is one.
struct Mean {
  double sum = 0;
  std::size_t count = 0;
  void add(const std::optional<double>& value) {
    if (value) sum += *value, ++count;
  }
  [[nodiscard]] std::optional<double> value() const {
    return count ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
  }
};

void compare_texts(Pair& pair) {
  const auto& a = pair.sides[0].answer.text;
  const auto& b = pair.sides[1].answer.text;
  if (!a || !b) return;
  pair.letters = likeness_of_letters(*a, *b);
  pair.words = likeness_of_words(*a, *b);
}

struct FieldMeans {
  FieldAgreement agreement;
  Mean difference;
};

void compare_fields(Pair& pair, std::map<std::string, FieldMeans>& fields) {
  const auto& other = pair.sides[1].answer.fields;
  for (const auto& [name, value] : pair.sides[0].answer.fields) {
    auto found = other.find(name);
    if (found == other.end()) continue;
    auto& field = fields[name];
    ++field.agreement.both;
    auto a = number_of(value), b = number_of(found->second);
    if (a && b) field.difference.add(std::abs(*a - *b));
    if (value == found->second || (a && b && *a == *b))
      ++field.agreement.equal;
    else
      pair.differing.push_back(name);
  }
}

/// Texts first; where there are none, the more fields differ the less alike.
bool is_less_alike(const Pair& a, const Pair& b) {
  auto rank = [](const Pair& pair) {
    return std::pair(pair.letters.value_or(1), -static_cast<double>(pair.differing.size()));
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a.identity < b.identity;
}

void count(Comparisons& to, const std::array<Side, 2>& sides) {
  ++to.messages;
  for (std::size_t side : {0U, 1U}) {
    const auto& own = sides[side];
    to.dead[side] += own.end == End::dead ? 1 : 0;
    to.dropped[side] += own.end == End::dropped ? 1 : 0;
    to.only[side] += own.end == End::answered && sides[1 - side].end == End::none ? 1 : 0;
  }
}

}  // namespace

Answer read_answer(const json::Value& result) {
  Answer answer;
  result.each_member([&](std::string_view name, json::Value value) {
    constexpr std::size_t most_fields = 64, longest_name = 128, longest_value = 256;
    if (name == "took_ms") answer.took_ms = value.number();
    if (is_of_engine(name)) return;
    if (name == "text" && value.string()) {
      answer.text = cut(*value.string());
    } else if (!value.is_object() && value.kind() != json::Kind::array && answer.fields.size() < most_fields &&
               name.size() <= longest_name) {
      if (auto text = value.text(); text.size() <= longest_value) answer.fields.emplace(name, std::move(text));
    }
  });
  return answer;
}

Side* Comparison::side_of(std::size_t side, const Identity& identity) {
  auto hash = std::hash<std::string>{}(identity.message_id + '/' + identity.part);
  std::pair key{hash, identity};
  if (kept_.size() >= most_ && is_sample_ && key > kept_.rbegin()->first) return nullptr;
  auto [at, is_new] = kept_.try_emplace(key);
  if (kept_.size() > most_) {
    is_sample_ = true;
    bool is_last = std::next(at) == kept_.end();
    kept_.erase(std::prev(kept_.end()));
    if (is_last) return nullptr;
  }
  return &at->second[side];
}

void Comparison::add(std::size_t side, const Identity& identity, Answer answer) {
  if (auto* own = side_of(side, identity)) *own = {End::answered, std::move(answer)};
}

void Comparison::add(std::size_t side, const Identity& identity, End end) {
  if (auto* own = side_of(side, identity)) own->end = std::max(own->end, end);
}

Comparisons Comparison::compare() const {
  Comparisons all;
  Mean letters, words;
  std::array<Mean, 2> took;
  std::map<std::string, FieldMeans> fields;
  for (const auto& [key, sides] : kept_) {
    count(all, sides);
    Pair pair{key.second, sides};
    if (!pair.is_both()) continue;
    compare_texts(pair);
    compare_fields(pair, fields);
    letters.add(pair.letters);
    words.add(pair.words);
    for (std::size_t side : {0U, 1U}) took[side].add(sides[side].answer.took_ms);
    all.pairs.push_back(std::move(pair));
  }
  all.both = all.pairs.size();
  all.letters = letters.value();
  all.words = words.value();
  for (std::size_t side : {0U, 1U}) all.took_ms[side] = took[side].value();
  for (auto& [name, field] : fields) {
    field.agreement.mean_difference = field.difference.value();
    all.fields.emplace(name, field.agreement);
  }
  std::sort(all.pairs.begin(), all.pairs.end(), is_less_alike);
  return all;
}

}  // namespace loom::app
