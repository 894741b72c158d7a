#include "engines/picture_talk.h"

#include "base/bytes.h"
#include "base/complaint.h"
#include "engines/remote.h"

namespace loom::engines {

std::string data_url(const Picture& picture) {
  return "data:image/" + std::string(name_of(picture.format)) + ";base64," + base64_encode(picture.bytes);
}

std::string plain_text(std::string_view answer) {
  std::string text;
  text.reserve(answer.size());
  for (char letter : answer) {
    auto byte = static_cast<unsigned char>(letter);
    if ((byte >= ' ' && byte != 0x7f) || letter == '\n' || letter == '\t') text += letter;
  }
  auto first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::optional<std::string> error_told(const json::Value& answer) {
  auto error = answer.get("error");
  return error && !error->is_null() ? std::optional(complaint_of(answer.text())) : std::nullopt;
}

std::string model_told(const json::Value& answer) {
  auto model = answer.get("model");
  return model && model->string() ? plain_text(*model->string()) : std::string();
}

}  // namespace loom::engines
