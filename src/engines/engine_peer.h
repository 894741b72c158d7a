// A server for tests that speaks the model servers' protocols, faults included: HTTP routes that answer what the test
// says, and moshi-server's WebSocket. Threads: its own; the settings are changed before it is asked. A failed start
// throws.
//   EnginePeer peer;  peer.reply = {.status = 503};   open_kyutai({.url = peer.url()})
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "engines/messagepack.h"
#include "http/server.h"

namespace loom::engines {

enum class Moshi { works, no_channels, drops, rubbish, hangs, refuses, closes_after_one };

/// As moshi-server: a word in each sound, from 0.16 s to 0.48 s of it; the marker comes back half a second later.
class MoshiListener final : public http::Listener {
 public:
  MoshiListener(Moshi how, std::shared_ptr<http::Stream> stream) : how_(how), stream_(stream) {
    if (how == Moshi::no_channels) {
      say(event("Error").text("message").text("no free channels"));
      stream->close(1011, "no free channels");
    } else if (how != Moshi::hangs) {
      stream->send(messagepack::Writer{}.map(1).text("type").text("Ready").bytes(), true);
    }
  }
  void on_message(http::Frame& frame) override {
    if (how_ == Moshi::hangs || how_ == Moshi::no_channels) return;
    auto fields = messagepack::read_map(frame.bytes);
    auto type = fields ? fields->text("type").value_or("") : "";
    if (type == "Audio") on_audio(frame.bytes);
    if (type == "Marker") marker_ = *fields->number("id"), marker_at_ = frames_;
  }
  void on_refused(const Error&, int) override {}
  [[nodiscard]] bool full() const override { return false; }
  [[nodiscard]] bool idle() const override { return true; }

 private:
  static messagepack::Writer event(std::string_view type) {
    return messagepack::Writer{}.map(2).text("type").text(type);
  }
  void say(const messagepack::Writer& writer) {
    if (auto stream = stream_.lock()) stream->send(writer.bytes(), true);
  }
  void on_audio(std::string_view bytes) {
    bool sounds = bytes.substr(bytes.size() - 1920 * 5).find_first_not_of(std::string_view("\xca\0", 2)) !=
                  std::string_view::npos;
    if (sounds && !sounding_) began_ = frames_;
    sounding_ = sounds;
    ++frames_;
    double second = 0.08 * static_cast<double>(began_);
    if (sounding_ && frames_ == began_ + 3) {
      if (how_ == Moshi::drops) return drop();
      if (how_ == Moshi::rubbish) return void(stream_.lock()->send("\xc1 rubbish", true));
      say(messagepack::Writer{}.map(3).text("type").text("Word").text("text").text("hello").text("start_time").number(second + 0.16));
    }
    if (sounding_ && frames_ == began_ + 7) say(event("EndWord").text("stop_time").number(second + 0.48));
    say(messagepack::Writer{}.map(3).text("type").text("Step").text("step_idx").integer(static_cast<std::uint32_t>(frames_)).text("prs").floats(std::array<float, 2>{0, 1}));
    if (marker_ && frames_ == marker_at_ + 6) {
      say(event("Marker").text("id").integer(static_cast<std::uint32_t>(*marker_)));
      marker_.reset();
      if (how_ == Moshi::closes_after_one) drop();
    }
  }
  void drop() {
    if (auto stream = stream_.lock()) stream->close(1011, "dropped");
  }
  Moshi how_;
  std::weak_ptr<http::Stream> stream_;
  std::size_t frames_ = 0, began_ = 0, marker_at_ = 0;
  bool sounding_ = false;
  std::optional<double> marker_;
};

class EnginePeer {
 public:
  explicit EnginePeer(Moshi how = Moshi::works) : moshi(how) {
    auto opened = http::Server::open({}, routes(), std::make_shared<http::ByteBudget>(64 << 20), Log::silent());
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    server_ = std::move(*opened);
    thread_ = std::thread([this] { server_->run(stop_); });
  }
  ~EnginePeer() {
    {
      std::lock_guard lock(mutex_);
      held_.clear();
    }
    stop_ = true;
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  std::string body() {
    std::lock_guard lock(mutex_);
    return body_;
  }
  std::string path() {
    std::lock_guard lock(mutex_);
    return path_;
  }
  std::string header(const std::string& name) {
    std::lock_guard lock(mutex_);
    return headers_[name];
  }

  http::Reply reply;   // to every HTTP request
  bool hangs = false;  // instead
  std::chrono::milliseconds thinks{0};  // before it answers
  std::atomic<Moshi> moshi;
  std::atomic<int> asked{0}, connections{0};

 private:
  http::Routes routes() {
    auto answer = [this](http::Request& request, http::Responder responder) {
      ++asked;
      std::lock_guard lock(mutex_);
      body_ = std::move(request.body);
      path_ = request.path();
      for (auto name : {"content-type", "authorization", "kyutai-api-key", "x-moondream-auth"})
        headers_[name] = std::string(request.header(name));
      if (hangs) return held_.push_back(std::move(responder));
      std::this_thread::sleep_for(thinks);
      responder.answer(reply);
    };
    std::vector<http::Route> routes;
    for (const auto* path : {"/v1/audio/transcriptions", "/inference", "/api/asr-streaming", "/v1/query", "/v1/caption",
                             "/v1/detect", "/v1/chat/completions", "/api/chat"})
      routes.push_back({"POST", path, "", 64 << 20, {}, answer});
    routes.push_back({"GET", "/api/asr-streaming", "", 1 << 20});
    routes.back().admit = [this](http::Request&) -> std::optional<http::Refusal> {
      if (moshi != Moshi::refuses) return std::nullopt;
      return http::Refusal{Error{ErrorKind::full, "busy", {}, {}, {}}, {}};
    };
    routes.back().upgrade = [this](http::Request& request, std::shared_ptr<http::Stream> stream) {
      ++connections;
      std::lock_guard lock(mutex_);
      headers_["kyutai-api-key"] = std::string(request.header("kyutai-api-key"));
      return std::make_shared<MoshiListener>(moshi, stream);
    };
    return http::Routes(std::move(routes));
  }

  std::mutex mutex_;
  std::string body_, path_;
  std::map<std::string, std::string> headers_;
  std::vector<http::Responder> held_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace loom::engines
