#include "engines/openai_audio.h"

#include <memory>

#include "base/bytes.h"
#include "base/wav.h"
#include "engines/remote.h"
#include "engines/speech_sound.h"
#include "loom/json.h"

namespace loom::engines {
namespace {

constexpr std::string_view engine_name = "openai_audio";

std::string trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// A form of fields and one file.
struct Form {
  std::string boundary, body;
  explicit Form(std::string_view file) : boundary("loom" + sha256_hex(file).substr(0, 40)) {}
  void field(std::string_view name, std::string_view value) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n";
    body.append(value).append("\r\n");
  }
  void file(std::string_view bytes) {
    body += "--" + boundary +
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"utterance.wav\"\r\n"
            "Content-Type: audio/wav\r\n\r\n";
    body.append(bytes).append("\r\n--" + boundary + "--\r\n");
  }
};

void add_word(std::vector<SpokenWord>& to, const json::Value& value) {
  auto text = value.get("word"), start = value.get("start"), end = value.get("end");
  if (!text || !text->string() || !start || !start->number() || !end || !end->number()) return;
  auto plain = trimmed(*text->string());
  if (plain.empty()) return;
  SpokenWord word{plain, *start->number(), *end->number(), {}};
  if (auto sure = value.get("probability"); sure && sure->number() && *sure->number() >= 0 && *sure->number() <= 1)
    word.confidence = sure->number();
  to.push_back(std::move(word));
}

Result<Transcript> read_reply(std::string_view body, double seconds) {
  json::Document document;
  auto root = document.parse(body, {.depth = 64, .allow_nul = true});
  if (!root || !root->is_object()) return rubbish(engine_name, "no JSON object");
  auto text = root->get("text");
  if (!text || !text->string()) return rubbish(engine_name, "no 'text'");
  Transcript heard;
  heard.text = trimmed(*text->string());
  if (auto language = root->get("language"); language && language->string()) heard.language = *language->string();
  auto add_words = [&](const json::Value& from) {
    if (auto words = from.get("words")) words->each_element([&](json::Value word) { add_word(heard.words, word); });
  };
  add_words(*root);
  if (auto segments = root->get("segments"); segments && heard.words.empty()) segments->each_element(add_words);
  settle_times(heard.words, seconds);
  return heard;
}

class Server {
 public:
  Server(OpenAiAudioOptions options, Remote remote) : options_(std::move(options)), remote_(std::move(remote)) {}

  Result<Transcript> hear(const Sound& sound) {
    auto wav = wav_of(sound, sound_rate);
    Form form(wav);
    bool openai = options_.protocol == "openai";
    if (openai) {
      form.field("model", options_.model);
      form.field("timestamp_granularities[]", "word");
    }
    if (!options_.language.empty()) form.field("language", options_.language);
    form.field("response_format", "verbose_json");
    form.field("temperature", "0");
    form.file(wav);
    auto type = "multipart/form-data; boundary=" + form.boundary;
    auto reply = remote_.post(openai ? "/v1/audio/transcriptions" : "/inference",
                              {.body = form.body, .content_type = type});
    if (!reply) return tl::unexpected(reply.error());
    auto heard = read_reply(*reply, static_cast<double>(sound.size()) / sound_rate);
    if (!heard) return heard;
    heard->engine = engine_name;
    heard->settings = !options_.name.empty() ? options_.name : openai ? "model " + options_.model : options_.protocol;
    if (heard->language.empty()) heard->language = options_.language;
    return heard;
  }

 private:
  OpenAiAudioOptions options_;
  Remote remote_;
};

std::optional<std::string> wrong_protocol(const std::string& name) {
  if (name == "openai" || name == "whisper_server") return std::nullopt;
  return "is no protocol; write openai or whisper_server";
}

}  // namespace

config::Options<OpenAiAudioOptions> openai_audio_options() {
  return remote_options<OpenAiAudioOptions>()
      .add("protocol", &OpenAiAudioOptions::protocol,
           "openai (/v1/audio/transcriptions) or whisper_server (/inference)", wrong_protocol)
      .add("model", &OpenAiAudioOptions::model, "the model that the server is asked for")
      .add("language", &OpenAiAudioOptions::language, "of the speech, e.g. en; empty: the server finds out")
      .add("name", &OpenAiAudioOptions::name, "what results show as settings, instead of the model");
}

Result<Transcriber> open_openai_audio(const OpenAiAudioOptions& options) {
  auto remote = Remote::open(engine_name, remote_of(options), {"Authorization", "Bearer "});
  if (!remote) return tl::unexpected(remote.error());
  auto server = std::make_shared<Server>(options, std::move(*remote));
  return Transcriber([server](std::span<const Sound> sounds) {
    return one_by_one(sounds, [&](const Sound& sound) { return server->hear(sound); });
  });
}

}  // namespace loom::engines
