// JSON, read: a full validation, then cheap look-ups. A Document owns a copy of the text and everything its Values
// point to; a Value is two words and dies with its Document (or with the Document's next parse).
// Threads: a Document belongs to one thread. Source: simdjson's DOM.
//   json::Document document;
//   auto root = document.parse(R"({"data":{"x":[1,2]}})");          // Result<Value>
//   root->at_path("data.x.1")->integer() == 2
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loom/error.h"

namespace loom::json {

enum class Kind { null, boolean, integer, unsigned_integer, number, string, array, object };
[[nodiscard]] std::string_view name_of(Kind kind);  // "null", "boolean", "integer", "integer", "number", ...

class Value {
 public:
  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::object; }

  /// Scalars: nullopt when the kind is another. `number` takes any number, `integer` any that is whole and fits.
  [[nodiscard]] std::optional<std::string_view> string() const;  // unescaped; lives as long as the Document
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;

  /// Members: nullopt when absent or when this is no object/array.
  [[nodiscard]] std::optional<Value> get(std::string_view key) const;
  [[nodiscard]] std::optional<Value> at(std::size_t index) const;
  [[nodiscard]] std::optional<Value> at_path(std::string_view dotted) const;  // "a.0.b"
  [[nodiscard]] std::size_t size() const;                                     // of an array or object, else 0
  void each_member(const std::function<void(std::string_view key, Value value)>& visit) const;
  void each_element(const std::function<void(Value value)>& visit) const;

  /// Compact JSON text of this value, written anew (numbers keep their value, not their spelling).
  [[nodiscard]] std::string text() const;

 private:
  friend class Document;
  friend struct ValueAccess;  // json.cc only
  const void* document_ = nullptr;
  std::size_t index_ = 0;
};

struct Limits {
  std::size_t depth = 64;
  bool allow_nul = false;  // \u0000: PostgreSQL refuses it
};

class Document {
 public:
  Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  /// Errors: malformed (with the byte offset where known), too deep, NUL, duplicate top-level keys.
  [[nodiscard]] Result<Value> parse(std::string_view text, Limits limits = {});
  /// The text of the last parse, as given.
  [[nodiscard]] std::string_view text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Byte for byte: the text of a member of an object whose text has been validated. A dotted path goes deeper.
[[nodiscard]] std::optional<std::string_view> raw_member(std::string_view object, std::string_view key);
[[nodiscard]] std::optional<std::string_view> raw_path(std::string_view object, std::string_view dotted);
/// Visits members of validated text in order; keys are as written (escapes are left), values are raw text.
void each_raw_member(std::string_view object,
                     const std::function<void(std::string_view key, std::string_view raw)>& visit);

/// Writing: append to a string that is reused. `append_string` escapes and quotes; bytes must be UTF-8.
void append_string(std::string& to, std::string_view text);
void append_number(std::string& to, double value);  // shortest that reads back; NaN and infinity become null

/// A small writer for objects: json::Writer w; w.field("a", 1).field("b", "x"); w.text() == R"({"a":1,"b":"x"})"
class Writer {
 public:
  Writer& field(std::string_view key, std::string_view value);
  Writer& field(std::string_view key, const char* value) { return field(key, std::string_view(value)); }
  Writer& field(std::string_view key, const std::string& value) { return field(key, std::string_view(value)); }
  Writer& field(std::string_view key, std::int64_t value);
  Writer& field(std::string_view key, int value) { return field(key, static_cast<std::int64_t>(value)); }
  Writer& field(std::string_view key, std::size_t value) { return field(key, static_cast<std::int64_t>(value)); }
  Writer& field(std::string_view key, double value);
  Writer& field(std::string_view key, bool value);
  Writer& raw(std::string_view key, std::string_view json);  // already JSON
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void begin(std::string_view key);
  std::string text_ = "{";
};
/// "[a,b]" of texts that are JSON already.
[[nodiscard]] std::string array_of(const std::vector<std::string>& elements);

}  // namespace loom::json
