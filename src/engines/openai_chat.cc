#include "engines/openai_chat.h"

#include <memory>

#include "engines/remote.h"

namespace loom::engines {
namespace {

constexpr std::string_view engine_name = "openai_chat";

class Chat {
 public:
  Chat(OpenAiChatOptions options, Remote remote) : options_(std::move(options)), remote_(std::move(remote)) {}

  Result<ReadText> look(const Picture& picture) {
    json::Document document;
    auto root = remote_.ask("/v1/chat/completions", question(picture), document);
    if (!root) return tl::unexpected(root.error());
    if (auto said = error_told(*root)) return remote_.rubbish("an error with status 200: " + *said);
    return read_answer(*root);
  }

 private:
  [[nodiscard]] std::string question(const Picture& picture) const {
    auto image = json::Writer{}
                     .field("type", "image_url")
                     .raw("image_url", json::Writer{}.field("url", data_url(picture)).text())
                     .text();
    auto prompt = json::Writer{}.field("type", "text").field("text", options_.prompt).text();
    auto message = json::Writer{}.field("role", "user").raw("content", json::array_of({image, prompt})).text();
    json::Writer body;
    if (!options_.model.empty()) body.field("model", options_.model);
    return body.raw("messages", json::array_of({message}))
        .field("temperature", 0)
        .field("max_tokens", options_.max_tokens)
        .field("stream", false)
        .text();
  }

  Result<ReadText> read_answer(const json::Value& root) const {
    auto content = root.at_path("choices.0.message.content"), finish = root.at_path("choices.0.finish_reason");
    auto reason = finish && finish->string() ? *finish->string() : std::string_view();
    auto refusal = root.at_path("choices.0.message.refusal");
    if (reason == "content_filter" || (refusal && refusal->string()))
      return fail(ErrorKind::malformed,
                  "openai_chat: the model will not answer: " + plain_text(refusal ? refusal->string().value_or(reason) : reason),
                  {.field = "data.image_data", .remedy = "check the picture and the prompt", .code = {}});
    if (!content || !content->string()) return remote_.rubbish("no choices.0.message.content");
    if (reason.empty()) return remote_.rubbish("no finish_reason: half an answer");
    ReadText read{.text = plain_text(*content->string()), .engine = std::string(engine_name)};
    read.cut_short = reason == "length";
    read.engine_version = model_told(root);
    read.settings = !options_.name.empty() ? options_.name : "prompt: " + options_.prompt;
    return read;
  }

  OpenAiChatOptions options_;
  Remote remote_;
};

}  // namespace

config::Options<OpenAiChatOptions> openai_chat_options() {
  return remote_options<OpenAiChatOptions>()
      .add("model", &OpenAiChatOptions::model, "the model that the server is asked for; empty: its own")
      .add("prompt", &OpenAiChatOptions::prompt, "what it is asked about each picture")
      .add("max_tokens", &OpenAiChatOptions::max_tokens, "longest answer; a longer one is marked cut_short",
           config::at_least(1))
      .add("name", &OpenAiChatOptions::name, "what results show as settings, instead of the prompt");
}

Result<TextReader> open_openai_chat(const OpenAiChatOptions& options) {
  auto remote = Remote::open(engine_name, remote_of(options), {"Authorization", "Bearer "});
  if (!remote) return tl::unexpected(remote.error());
  auto chat = std::make_shared<Chat>(options, std::move(*remote));
  return TextReader([chat](const Picture& picture) { return chat->look(picture); });
}

}  // namespace loom::engines
