#include <algorithm>
#include <bit>
#include <cstring>

#include "base/json_scan.h"
#include "base/json_tape.h"

namespace loom::json {
namespace {

constexpr std::size_t outlier = 1 << 20;       // what is larger is given back after a while
constexpr int small_parses_until_shrink = 32;  // so that alternating sizes do not allocate each time

}  // namespace

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
