#include "engines/kyutai.h"

#include <memory>
#include <optional>

#include "base/wav.h"
#include "engines/kyutai_stream.h"
#include "engines/remote.h"
#include "engines/speech_sound.h"
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
  Server(KyutaiOptions options, Remote remote) : options_(std::move(options)), remote_(std::move(remote)) {}

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
    auto reply = remote_.post(path, {.body = wav, .content_type = "audio/wav"});
    if (!reply) return tl::unexpected(reply.error());
    return read_batch(*reply, static_cast<double>(sound.size()) / sound_rate);
  }

  /// A kept connection may have ended meanwhile: then once more with a new one.
  Result<std::vector<SpokenWord>> by_stream(const Sound& sound) {
    if (stream_ && Steady::now() - used_ > options_.keep) stream_.reset();  // the server drops silent clients
    for (bool again = stream_.has_value();; again = false) {
      if (!stream_) {
        auto made = KyutaiStream::connect("ws" + options_.url.substr(4) + std::string(path), remote_.settings());
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
  Remote remote_;
  std::optional<KyutaiStream> stream_;
  Steady::time_point used_;
};

std::optional<std::string> wrong_protocol(const std::string& name) {
  if (name == "stream" || name == "batch") return std::nullopt;
  return "is no protocol; write stream or batch";
}

}  // namespace

config::Options<KyutaiOptions> kyutai_options() {
  return remote_options<KyutaiOptions>()
      .add("protocol", &KyutaiOptions::protocol, "stream (WebSocket) or batch (one HTTP request an utterance)",
           wrong_protocol)
      .add("keep", &KyutaiOptions::keep, "how long an unused WebSocket is kept; the server drops it after 20s")
      .add("name", &KyutaiOptions::name, "what results show as settings, instead of the protocol");
}

Result<Transcriber> open_kyutai(const KyutaiOptions& options) {
  auto remote = Remote::open(engine_name, remote_of(options), {"kyutai-api-key", ""});
  if (!remote) return tl::unexpected(remote.error());
  auto server = std::make_shared<Server>(options, std::move(*remote));
  return Transcriber([server](std::span<const Sound> sounds) {
    return one_by_one(sounds, [&](const Sound& sound) { return server->hear(sound); });
  });
}

}  // namespace loom::engines
