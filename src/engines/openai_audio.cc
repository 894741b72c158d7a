#include "engines/openai_audio.h"

#include <memory>

#include "base/bytes.h"
#include "base/wav.h"
#include "engines/speech_server.h"
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
  Server(OpenAiAudioOptions options, http::Client client) : options_(std::move(options)), client_(std::move(client)) {}

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
    auto reply = client_.post(openai ? "/v1/audio/transcriptions" : "/inference",
                              {.body = form.body, .content_type = type});
    if (!reply) {
      // an answer that is no HTTP, or larger than any transcript, is the server's fault and not the sound's
      bool reached = reply.error().kind == ErrorKind::malformed || reply.error().kind == ErrorKind::too_large;
      return reached ? rubbish(engine_name, reply.error().message) : tl::unexpected(reply.error());
    }
    if (auto fine = accepted(*reply, engine_name); !fine) return tl::unexpected(fine.error());
    auto heard = read_reply(reply->body, static_cast<double>(sound.size()) / sound_rate);
    if (!heard) return heard;
    heard->engine = engine_name;
    heard->settings = !options_.name.empty() ? options_.name : openai ? "model " + options_.model : options_.protocol;
    if (heard->language.empty()) heard->language = options_.language;
    return heard;
  }

 private:
  OpenAiAudioOptions options_;
  http::Client client_;
};

std::optional<std::string> wrong_protocol(const std::string& name) {
  if (name == "openai" || name == "whisper_server") return std::nullopt;
  return "is no protocol; write openai or whisper_server";
}

std::optional<std::string> missing(const std::string& url) {
  if (url.starts_with("http://") || url.starts_with("https://")) return std::nullopt;
  return "is no address; write it as http://127.0.0.1:8080";
}

}  // namespace

config::Options<OpenAiAudioOptions> openai_audio_options() {
  return config::Options<OpenAiAudioOptions>("engine")
      .add("url", &OpenAiAudioOptions::url, "the server's address, without the endpoint's path", missing)
      .add("protocol", &OpenAiAudioOptions::protocol,
           "openai (/v1/audio/transcriptions) or whisper_server (/inference)", wrong_protocol)
      .add("model", &OpenAiAudioOptions::model, "the model that the server is asked for")
      .add("language", &OpenAiAudioOptions::language, "of the speech, e.g. en; empty: the server finds out")
      .add("api_key_env", &OpenAiAudioOptions::api_key_env, "environment variable that holds the server's key")
      .add("ca_file", &OpenAiAudioOptions::ca_file, "PEM file of the authorities for https, instead of the system's")
      .add("timeout", &OpenAiAudioOptions::timeout, "of one utterance")
      .add("name", &OpenAiAudioOptions::name, "what results show as settings, instead of the model");
}

Result<Transcriber> open_openai_audio(const OpenAiAudioOptions& options) {
  auto key = key_of(options.api_key_env);
  if (!key) return tl::unexpected(key.error());
  http::ClientOptions with;
  with.timeout = options.timeout;
  with.max_body = 8 << 20;
  with.ca_file = options.ca_file;
  if (!key->empty()) with.headers.emplace_back("Authorization", "Bearer " + *key);
  auto client = http::Client::open(options.url, std::move(with));
  if (!client) return tl::unexpected(client.error());
  auto server = std::make_shared<Server>(options, std::move(*client));
  return Transcriber([server](std::span<const Sound> sounds) {
    std::vector<Result<Transcript>> all;
    for (const auto& sound : sounds) {
      // a server that is away is not asked again for each of the others
      bool away = !all.empty() && !all.back() && traits_of(all.back().error().kind).remedy == Remedy::retry;
      all.push_back(away ? all.back() : server->hear(sound));
    }
    return all;
  });
}

}  // namespace loom::engines
