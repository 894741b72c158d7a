// What the fuzz targets share: a promise that ends the run when it is broken, and an input cut into pieces.
// Each target is one function that takes any bytes; besides not crashing it must keep what it `holds`.
//   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) { Input input(bytes, size); … }
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace loom::fuzz {

inline void holds(bool promise, const char* what) {
  if (promise) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Takes what steers a run from the front; the rest is the bytes under test.
class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}
  std::uint8_t byte() {
    auto one = rest_.empty() ? '\0' : rest_.front();
    rest_.remove_prefix(rest_.empty() ? 0 : 1);
    return static_cast<std::uint8_t>(one);
  }
  std::string_view line() {
    auto text = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(text.size() < rest_.size() ? text.size() + 1 : text.size());
    return text;
  }
  std::string_view take(std::size_t most) {
    auto text = rest_.substr(0, most);
    rest_.remove_prefix(text.size());
    return text;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace loom::fuzz
