#include "engines/kyutai.h"

#include <memory>
#include <optional>

#include "base/wav.h"
#include "engines/kyutai_stream.h"
#include "loom/json.h"

namespace loom::engines {
namespace {

constexpr std::string_view engine_name = "kyutai";
constexpr std::string_view path = "/api/asr-streaming";
using Steady = std::chrono::steady_clock;

Result<std::vector<SpokenWord>> read_batch(std::string_view body, double seconds) {
  json::Document document;
  auto root = document.parse(body, {.depth = 64, .allow_nul = true});
  if (!root || root->kind() != json::Kind::array) return rubbish(engine_name, "no JSON array of events");
  KyutaiWords words;
  std::string wrong;
  root->each_element([&](json::Value event) {
    auto type = event.get("type"), text = event.get("text"), start = event.get("start_time"),
         stop = event.get("stop_time");
    if (!type || !type->string()) {
      wrong = "an event without a type";
    } else if (*type->string() == "Word") {
      if (text && text->string() && start && start->number())
        words.begin(std::string(*text->string()), *start->number());
      else
        wrong = "a Word without text or start_time";
    } else if (*type->string() == "EndWord") {
      if (stop && stop->number())
        words.end(*stop->number());
      else
        wrong = "an EndWord without stop_time";
    } else if (*type->string() == "Error") {
      wrong = "it is an error";
    }
  });
  if (!wrong.empty()) return rubbish(engine_name, wrong);
  return words.take(seconds);
}

class Server {
 public:
  Server(KyutaiOptions options, http::ClientOptions with, http::Client client)
      : options_(std::move(options)), with_(std::move(with)), client_(std::move(client)) {}

  Result<Transcript> hear(const Sound& sound) {
    auto words = options_.protocol == "batch" ? by_batch(sound) : by_stream(sound);
    if (!words) return tl::unexpected(words.error());
    Transcript heard;
    heard.text = text_of_words(*words);
    heard.words = std::move(*words);
    heard.engine = engine_name;
    heard.settings = options_.name.empty() ? options_.protocol : options_.name;
    return heard;
  }

 private:
  Result<std::vector<SpokenWord>> by_batch(const Sound& sound) {
    auto wav = wav_of(sound, sound_rate);
    auto reply = client_.post(path, {.body = wav, .content_type = "audio/wav"});
    if (!reply) {
      bool reached = reply.error().kind == ErrorKind::malformed || reply.error().kind == ErrorKind::too_large;
      return reached ? rubbish(engine_name, reply.error().message) : tl::unexpected(reply.error());
    }
    if (auto fine = accepted(*reply, engine_name); !fine) return tl::unexpected(fine.error());
    return read_batch(reply->body, static_cast<double>(sound.size()) / sound_rate);
  }

  /// A kept connection may have ended meanwhile: then once more with a new one.
  Result<std::vector<SpokenWord>> by_stream(const Sound& sound) {
    if (stream_ && Steady::now() - used_ > options_.keep) stream_.reset();  // the server drops silent clients
    for (bool again = stream_.has_value();; again = false) {
      if (!stream_) {
        auto made = KyutaiStream::connect("ws" + options_.url.substr(4) + std::string(path), with_);
        if (!made) return tl::unexpected(made.error());
        stream_.emplace(std::move(*made));
      }
      auto words = stream_->hear(sound, options_.timeout);
      used_ = Steady::now();
      if (words) return words;
      bool stale = again && !stream_->heard_from() && words.error().kind == ErrorKind::unavailable;
      stream_.reset();
      if (!stale) return words;
    }
  }

  KyutaiOptions options_;
  http::ClientOptions with_;
  http::Client client_;
  std::optional<KyutaiStream> stream_;
  Steady::time_point used_;
};

std::optional<std::string> wrong_protocol(const std::string& name) {
  if (name == "stream" || name == "batch") return std::nullopt;
  return "is no protocol; write stream or batch";
}

std::optional<std::string> wrong_url(const std::string& url) {
  if (url.starts_with("http://") || url.starts_with("https://")) return std::nullopt;
  return "is no address; write it as http://127.0.0.1:8080";
}

}  // namespace

config::Options<KyutaiOptions> kyutai_options() {
  return config::Options<KyutaiOptions>("engine")
      .add("url", &KyutaiOptions::url, "the server's address, http:// or https://, also for its WebSocket", wrong_url)
      .add("protocol", &KyutaiOptions::protocol, "stream (WebSocket) or batch (one HTTP request an utterance)",
           wrong_protocol)
      .add("api_key_env", &KyutaiOptions::api_key_env, "environment variable that holds the server's key")
      .add("ca_file", &KyutaiOptions::ca_file, "PEM file of the authorities for https, instead of the system's")
      .add("timeout", &KyutaiOptions::timeout, "of one utterance")
      .add("keep", &KyutaiOptions::keep, "how long an unused WebSocket is kept; the server drops it after 20s")
      .add("name", &KyutaiOptions::name, "what results show as settings, instead of the protocol");
}

Result<Transcriber> open_kyutai(const KyutaiOptions& options) {
  auto key = key_of(options.api_key_env);
  if (!key) return tl::unexpected(key.error());
  http::ClientOptions with;
  with.timeout = options.timeout;
  with.max_body = 8 << 20;
  with.ca_file = options.ca_file;
  if (!key->empty()) with.headers.emplace_back("kyutai-api-key", *key);
  auto client = http::Client::open(options.url, with);
  if (!client) return tl::unexpected(client.error());
  auto server = std::make_shared<Server>(options, std::move(with), std::move(*client));
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
