// What the engines that show pictures to a server share. Pure; any thread.
//   auto url = data_url(picture);   auto text = plain_text(answer);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loom/json.h"
#include "loom/vision.h"

namespace loom::engines {

/// What a model that can look at pictures is asked for when it is to read.
constexpr std::string_view reading_prompt =
    "Transcribe all the text in this picture in natural reading order, keeping its line breaks. Answer with the text alone.";

[[nodiscard]] std::string data_url(const Picture& picture);  // data:image/png;base64,…

/// A model's words without what no text holds: control characters go (the line break and the tab stay), so does the
/// space around it all.
[[nodiscard]] std::string plain_text(std::string_view answer);

/// Of an answer: the error that came with a status of success, and the model's name; "" where the server tells none.
[[nodiscard]] std::optional<std::string> error_told(const json::Value& answer);
[[nodiscard]] std::string model_told(const json::Value& answer);

}  // namespace loom::engines
