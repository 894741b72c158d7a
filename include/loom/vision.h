// Pictures and what was read in them: what a stage that looks at pictures and an engine that reads them agree on.
// Values. A TextReader is called by one thread only, the one that it was made for. Errors: malformed (the bytes are no
// picture after all), too_large, unavailable and timeout (a server's), configuration, internal.
//   TextReader reader = [](const Picture&) -> Result<ReadText> { return ReadText{.text = "hello", .engine = "mine"}; };
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loom/error.h"

namespace loom {

enum class PictureFormat { png, jpeg, webp };
[[nodiscard]] constexpr std::string_view name_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::png:
      return "png";
    case PictureFormat::jpeg:
      return "jpeg";
    case PictureFormat::webp:
      break;
  }
  return "webp";
}

/// A picture's file, with what its header says. Not decoded.
struct Picture {
  std::string bytes;
  PictureFormat format = PictureFormat::png;
  int width = 0, height = 0;  // pixels
};

/// In pixels of the picture as it was given.
struct Box {
  int x = 0, y = 0, width = 0, height = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

struct ReadWord {
  std::string text;
  Box box{};
  double confidence = 0;  // 0 to 1
  int line = 0;           // counts up in reading order
};

/// Something that a model was asked to find; it says where, not how sure it is.
struct FoundObject {
  std::string label;
  Box box{};
};

struct ReadText {
  std::string text{};                  // in reading order, lines end in \n but the last
  std::vector<ReadWord> words{};       // empty where the engine knows none
  std::optional<double> confidence{};  // 0 to 1, absent where nothing was read or the engine does not say
  std::string engine{}, engine_version{}, settings{};
  bool cut_short = false;                             // the model had more to say than its limit let it
  std::optional<std::vector<FoundObject>> objects{};  // absent where it was not asked to find any
};

using TextReader = std::function<Result<ReadText>(const Picture&)>;
/// One reader a lane: an engine belongs to its thread.
using MakeTextReader = std::function<Result<TextReader>()>;

/// Words as text: a space between words, a line break between lines.
[[nodiscard]] inline std::string text_of(const std::vector<ReadWord>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += words[i].line == words[i - 1].line ? ' ' : '\n';
    text += words[i].text;
  }
  return text;
}

/// The words' mean confidence, long words counting for more.
[[nodiscard]] inline std::optional<double> confidence_of(const std::vector<ReadWord>& words) {
  double sum = 0, letters = 0;
  for (const auto& word : words) {
    sum += word.confidence * static_cast<double>(word.text.size());
    letters += static_cast<double>(word.text.size());
  }
  return letters > 0 ? std::optional(sum / letters) : std::nullopt;
}

}  // namespace loom
