#include "loom/json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json_scan.h"

namespace loom::json {

// The tape: one word an item, its type in the top byte. An object or array holds the index after its end in the low
// 32 bits and its saturating size in the next 24; a string the place of its length and bytes; a number takes two words.
struct ValueAccess {
  const simdjson::dom::document* document;
  std::size_t index;

  static ValueAccess of(const Value& value) {
    return {static_cast<const simdjson::dom::document*>(value.document_), value.index_};
  }
  static Value make(const void* document, std::size_t index) {
    Value value;
    value.document_ = document;
    value.index_ = index;
    return value;
  }
  [[nodiscard]] Value value() const { return make(document, index); }
  [[nodiscard]] ValueAccess at(std::size_t other) const { return {document, other}; }

  [[nodiscard]] std::uint64_t word(std::size_t i) const { return document->tape[i]; }
  [[nodiscard]] char type() const { return document ? static_cast<char>(word(index) >> 56) : 'n'; }
  [[nodiscard]] bool is_container() const { return type() == '{' || type() == '['; }
  [[nodiscard]] std::uint64_t payload() const { return word(index) & 0x00FFFFFFFFFFFFFFULL; }
  [[nodiscard]] std::uint64_t number_bits() const { return word(index + 1); }

  [[nodiscard]] std::size_t next() const {  // the index after this item
    switch (type()) {
      case '{':
      case '[':
        return static_cast<std::uint32_t>(payload());
      case 'l':
      case 'u':
      case 'd':
        return index + 2;
      default:
        return index + 1;
    }
  }
  [[nodiscard]] std::size_t end() const { return next() - 1; }  // of a container: the index of its closing word

  [[nodiscard]] std::string_view string() const {
    const auto* bytes = document->string_buf.get() + payload();
    std::uint32_t length = 0;
    std::memcpy(&length, bytes, sizeof length);
    return {reinterpret_cast<const char*>(bytes + sizeof length), length};
  }
};

namespace {

constexpr std::size_t outlier = 1 << 20;       // what is larger is given back after a while
constexpr int small_parses_until_shrink = 32;  // so that alternating sizes do not allocate each time
constexpr std::uint64_t size_saturated = 0xFFFFFF;

// Calls visit(key, value) for each member until it returns false.
template <class Visit>
void scan_members(ValueAccess object, Visit&& visit) {
  auto end = object.end();
  for (auto i = object.index + 1; i < end;) {
    auto value = object.at(i + 1);
    if (!visit(object.at(i).string(), value)) return;
    i = value.next();
  }
}

template <class Visit>
void scan_elements(ValueAccess array, Visit&& visit) {
  auto end = array.end();
  for (auto i = array.index + 1; i < end;) {
    auto value = array.at(i);
    if (!visit(value)) return;
    i = value.next();
  }
}

void append_value(std::string& to, ValueAccess value);

void append_object(std::string& to, ValueAccess object) {
  to += '{';
  bool first = true;
  scan_members(object, [&](std::string_view key, ValueAccess member) {
    if (!first) to += ',';
    first = false;
    append_string(to, key);
    to += ':';
    append_value(to, member);
    return true;
  });
  to += '}';
}

void append_array(std::string& to, ValueAccess array) {
  to += '[';
  bool first = true;
  scan_elements(array, [&](ValueAccess element) {
    if (!first) to += ',';
    first = false;
    append_value(to, element);
    return true;
  });
  to += ']';
}

template <class Number>
void append_chars(std::string& to, Number value) {
  std::array<char, 40> text;
  auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  to.append(text.data(), end);
}

void append_value(std::string& to, ValueAccess value) {
  switch (value.type()) {
    case '{':
      return append_object(to, value);
    case '[':
      return append_array(to, value);
    case '"':
      return append_string(to, value.string());
    case 'l':
      return append_chars(to, static_cast<std::int64_t>(value.number_bits()));
    case 'u':
      return append_chars(to, value.number_bits());
    case 'd':
      return append_number(to, std::bit_cast<double>(value.number_bits()));
    case 't':
      to += "true";
      return;
    case 'f':
      to += "false";
      return;
    default:
      to += "null";
      return;
  }
}

std::optional<std::int64_t> whole(double number) {
  constexpr double limit = 9223372036854775808.0;  // 2^63: the largest int64 itself is no double
  if (!(number >= -limit && number < limit) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
    case Kind::unsigned_integer:
      return "integer";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "null";
}

Kind Value::kind() const {
  switch (ValueAccess::of(*this).type()) {
    case 't':
    case 'f':
      return Kind::boolean;
    case 'l':
      return Kind::integer;
    case 'u':
      return Kind::unsigned_integer;
    case 'd':
      return Kind::number;
    case '"':
      return Kind::string;
    case '[':
      return Kind::array;
    case '{':
      return Kind::object;
    default:
      return Kind::null;
  }
}

std::optional<std::string_view> Value::string() const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '"') return std::nullopt;
  return access.string();
}

std::optional<std::int64_t> Value::integer() const {
  auto access = ValueAccess::of(*this);
  if (access.type() == 'l') return static_cast<std::int64_t>(access.number_bits());
  if (access.type() == 'd') return whole(std::bit_cast<double>(access.number_bits()));
  return std::nullopt;
}

std::optional<double> Value::number() const {
  auto access = ValueAccess::of(*this);
  switch (access.type()) {
    case 'l':
      return static_cast<double>(static_cast<std::int64_t>(access.number_bits()));
    case 'u':
      return static_cast<double>(access.number_bits());
    case 'd':
      return std::bit_cast<double>(access.number_bits());
    default:
      return std::nullopt;
  }
}

std::optional<bool> Value::boolean() const {
  auto type = ValueAccess::of(*this).type();
  if (type != 't' && type != 'f') return std::nullopt;
  return type == 't';
}

std::optional<Value> Value::get(std::string_view key) const {
  auto access = ValueAccess::of(*this);
  std::optional<Value> found;
  if (access.type() != '{') return found;
  scan_members(access, [&](std::string_view name, ValueAccess member) {
    if (name != key) return true;
    found = member.value();
    return false;
  });
  return found;
}

std::optional<Value> Value::at(std::size_t index) const {
  auto access = ValueAccess::of(*this);
  std::optional<Value> found;
  if (access.type() != '[') return found;
  scan_elements(access, [&](ValueAccess element) {
    if (index-- != 0) return true;
    found = element.value();
    return false;
  });
  return found;
}

std::optional<Value> Value::at_path(std::string_view dotted) const {
  auto child = [](const Value& of, std::string_view step) -> std::optional<Value> {
    if (of.kind() != Kind::array) return of.get(step);
    auto index = index_of_step(step);
    return index ? of.at(*index) : std::nullopt;
  };
  return walk_path(*this, dotted, child);
}

std::size_t Value::size() const {
  auto access = ValueAccess::of(*this);
  if (!access.is_container()) return 0;
  std::size_t size = (access.payload() >> 32) & size_saturated;
  if (size < size_saturated) return size;
  size = 0;
  auto count = [&](auto&&...) { return ++size, true; };
  access.type() == '{' ? scan_members(access, count) : scan_elements(access, count);
  return size;
}

void Value::each_member(const std::function<void(std::string_view key, Value value)>& visit) const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '{') return;
  scan_members(access, [&](std::string_view key, ValueAccess member) { return visit(key, member.value()), true; });
}

void Value::each_element(const std::function<void(Value value)>& visit) const {
  auto access = ValueAccess::of(*this);
  if (access.type() != '[') return;
  scan_elements(access, [&](ValueAccess element) { return visit(element.value()), true; });
}

std::string Value::text() const {
  std::string text;
  append_value(text, ValueAccess::of(*this));
  return text;
}

struct Document::State {
  std::unique_ptr<char[]> buffer;
  std::size_t capacity = 0;
  std::size_t length = 0;
  std::size_t depth = 0;
  int small_parses = 0;
  simdjson::dom::parser parser;

  simdjson::error_code make_room(std::size_t size, std::size_t depth_limit);
};

simdjson::error_code Document::State::make_room(std::size_t size, std::size_t depth_limit) {
  bool oversized = capacity > outlier && size <= outlier / 4;
  small_parses = oversized ? small_parses + 1 : 0;
  if (small_parses > small_parses_until_shrink) {
    small_parses = 0;
    capacity = 0;
    parser = simdjson::dom::parser();
  }
  if (capacity != 0 && size <= capacity && depth_limit == depth) return simdjson::SUCCESS;
  if (capacity == 0 || size > capacity) {
    auto wanted = std::bit_ceil(std::max<std::size_t>(size, 1024));
    buffer.reset(new char[wanted + simdjson::SIMDJSON_PADDING]);
    capacity = wanted;
    if (auto error = parser.doc.allocate(wanted)) return error;
  }
  depth = depth_limit;
  return parser.allocate(capacity, depth + 1);
}

Document::Document() : state_(std::make_unique<State>()) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

namespace {

tl::unexpected<Error> refusal(simdjson::error_code code, std::size_t depth) {
  switch (code) {
    case simdjson::DEPTH_ERROR:
      return fail(ErrorKind::malformed, "the JSON is nested deeper than " + std::to_string(depth) + " levels",
                  {.remedy = "send flatter objects"});
    case simdjson::UTF8_ERROR:
      return fail(ErrorKind::malformed, "the JSON is not valid UTF-8", {.remedy = "send UTF-8"});
    case simdjson::NUMBER_ERROR:
      return fail(ErrorKind::malformed, "the JSON has a number that is malformed or too large for 64 bits",
                  {.remedy = "send such a number as a string"});
    case simdjson::EMPTY:
      return fail(ErrorKind::malformed, "the JSON is empty", {.remedy = "send a JSON value"});
    case simdjson::UNCLOSED_STRING:
      return fail(ErrorKind::malformed, "the JSON has a string without an end", {.remedy = "close every string"});
    case simdjson::UNESCAPED_CHARS:
      return fail(ErrorKind::malformed, "the JSON has a control character in a string", {.remedy = "escape it"});
    case simdjson::STRING_ERROR:
      return fail(ErrorKind::malformed, "the JSON has a bad escape in a string",
                  {.remedy = "use the escapes of RFC 8259, surrogates in pairs"});
    case simdjson::CAPACITY:
      return fail(ErrorKind::too_large, "the JSON is larger than 4 GB", {.remedy = "send less at once"});
    case simdjson::MEMALLOC:
      return fail(ErrorKind::full, "there is no memory to parse the JSON", {.remedy = "try again later"});
    default:
      return fail(ErrorKind::malformed, "the text is not valid JSON", {.remedy = "send valid JSON"});
  }
}

std::optional<std::string> duplicate_key(ValueAccess root) {
  std::vector<std::string_view> keys;
  scan_members(root, [&](std::string_view key, ValueAccess) { return keys.push_back(key), true; });
  std::sort(keys.begin(), keys.end());
  auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return std::nullopt;
  return std::string(twice->substr(0, 80));
}

}  // namespace

Result<Value> Document::parse(std::string_view text, Limits limits) {
  if (!state_) state_ = std::make_unique<State>();  // after a move
  auto& state = *state_;
  state.length = 0;
  if (text.size() > simdjson::SIMDJSON_MAXSIZE_BYTES) return refusal(simdjson::CAPACITY, limits.depth);
  if (auto error = state.make_room(text.size(), limits.depth)) {
    state.capacity = 0;
    return refusal(error, limits.depth);
  }
  if (!text.empty()) std::memcpy(state.buffer.get(), text.data(), text.size());
  std::memset(state.buffer.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  state.length = text.size();
  if (auto error = state.parser.parse(state.buffer.get(), text.size(), false).error()) {
    return refusal(error, limits.depth);
  }
  if (!limits.allow_nul) {
    if (auto offset = find_nul_escape(this->text())) {
      return fail(ErrorKind::malformed, "the JSON has a NUL character (\\u0000) at byte " + std::to_string(*offset),
                  {.remedy = "leave NUL characters out: databases refuse them"});
    }
  }
  ValueAccess root{&state.parser.doc, 1};
  if (root.type() == '{') {
    if (auto key = duplicate_key(root)) {
      return fail(ErrorKind::malformed, "the key '" + *key + "' appears twice",
                  {.field = *key, .remedy = "send it once"});
    }
  }
  return root.value();
}

std::string_view Document::text() const {
  if (!state_) return {};
  return {state_->buffer.get(), state_->length};
}

}  // namespace loom::json
