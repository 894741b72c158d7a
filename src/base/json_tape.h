// simdjson's tape, read in place: what Value stands for, and its members and elements one after the other.
// Ownership: none, views of a document. Threads: as the document. Source: simdjson's doc/tape.md.
#pragma once

#include <simdjson.h>

#include <cstring>

#include "loom/json.h"

namespace loom::json {

/// One word an item, its type in the top byte. An object or array holds the index after its end in the low
/// 32 bits and its saturating size in the next 24; a string the place of its length and bytes; a number takes two words.
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

/// Calls visit(key, value) for each member until it returns false.
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

}  // namespace loom::json
