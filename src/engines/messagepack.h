// The little of MessagePack that moshi-server speaks: maps of names to texts and numbers, and arrays of f32. Pure; any
// bytes are safe. Errors: malformed.
//   auto bytes = messagepack::Writer{}.map(2).text("type").text("Audio")….bytes();
//   auto fields = messagepack::read_map(bytes);   fields->text("type") == "Word"
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "loom/error.h"

namespace loom::engines::messagepack {

class Writer {
 public:
  Writer& map(std::size_t members);
  Writer& text(std::string_view text);
  Writer& integer(std::uint32_t value);
  Writer& number(double value);
  Writer& floats(std::span<const float> values);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void big_endian(std::uint64_t value, int count);
  std::string bytes_;
};

/// The texts and numbers of a map, by name; what else it holds is passed over.
class Fields {
 public:
  [[nodiscard]] std::optional<std::string> text(const std::string& name) const;
  [[nodiscard]] std::optional<double> number(const std::string& name) const;
  std::map<std::string, std::variant<std::string, double>> all;
};
[[nodiscard]] Result<Fields> read_map(std::string_view bytes);

}  // namespace loom::engines::messagepack
