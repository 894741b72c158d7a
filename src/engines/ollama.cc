#include "engines/ollama.h"

#include <memory>

#include "base/bytes.h"
#include "engines/remote.h"

namespace loom::engines {
namespace {

constexpr std::string_view engine_name = "ollama";

class Ollama {
 public:
  Ollama(OllamaOptions options, Remote remote) : options_(std::move(options)), remote_(std::move(remote)) {}

  Result<ReadText> look(const Picture& picture) {
    json::Document document;
    auto root = remote_.ask("/api/chat", question(picture), document);
    if (!root) return tl::unexpected(root.error());
    if (auto said = error_told(*root)) return remote_.rubbish("an error with status 200: " + *said);
    return read_answer(*root);
  }

 private:
  [[nodiscard]] std::string question(const Picture& picture) const {
    auto message = json::Writer{}
                       .field("role", "user")
                       .field("content", options_.prompt)
                       .raw("images", "[\"" + base64_encode(picture.bytes) + "\"]")
                       .text();
    return json::Writer{}
        .field("model", options_.model)
        .raw("messages", json::array_of({message}))
        .field("stream", false)
        .raw("options", json::Writer{}
                           .field("temperature", 0)
                           .field("num_ctx", options_.num_ctx)
                           .field("num_predict", options_.max_tokens)
                           .text())
        .text();
  }

  Result<ReadText> read_answer(const json::Value& root) const {
    auto content = root.at_path("message.content"), done = root.get("done"), reason = root.get("done_reason");
    if (!content || !content->string()) return remote_.rubbish("no message.content");
    if (!done || !done->boolean().value_or(false)) return remote_.rubbish("'done' is not true: half an answer");
    ReadText read{.text = plain_text(*content->string()), .engine = std::string(engine_name)};
    read.cut_short = reason && reason->string() == "length";
    read.engine_version = model_told(root);
    read.settings = !options_.name.empty() ? options_.name : "prompt: " + options_.prompt;
    return read;
  }

  OllamaOptions options_;
  Remote remote_;
};

}  // namespace

config::Options<OllamaOptions> ollama_options() {
  auto some = [](const std::string& name) -> std::optional<std::string> {
    return name.empty() ? std::optional<std::string>("names no model") : std::nullopt;
  };
  return remote_options<OllamaOptions>()
      .add("model", &OllamaOptions::model, "a model that Ollama has (`ollama pull minicpm-v`)", some)
      .add("prompt", &OllamaOptions::prompt, "what it is asked about each picture")
      .add("num_ctx", &OllamaOptions::num_ctx,
           "tokens of picture, prompt and answer together; an answer that does not fit is marked cut_short",
           config::at_least(512))
      .add("max_tokens", &OllamaOptions::max_tokens, "longest answer; a longer one is marked cut_short",
           config::at_least(1))
      .add("name", &OllamaOptions::name, "what results show as settings, instead of the prompt");
}

Result<TextReader> open_ollama(const OllamaOptions& options) {
  auto remote = Remote::open(engine_name, remote_of(options), {"Authorization", "Bearer "});
  if (!remote) return tl::unexpected(remote.error());
  auto ollama = std::make_shared<Ollama>(options, std::move(*remote));
  return TextReader([ollama](const Picture& picture) { return ollama->look(picture); });
}

}  // namespace loom::engines
