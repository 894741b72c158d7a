#include "engines/kyutai_stream.h"

#include "engines/messagepack.h"

namespace loom::engines {
namespace {

constexpr std::size_t frame = 1920;  // samples, 80 ms
constexpr double rate = 24000;
constexpr std::chrono::milliseconds frame_time{80};
constexpr std::string_view engine_name = "kyutai";

tl::unexpected<Error> of_server(std::string_view what) {
  return fail(ErrorKind::unavailable, "kyutai: the server says: " + std::string(what.substr(0, 200)),
              {.field = {}, .remedy = "try again; add channels to the server (batch_size)", .code = {}});
}

}  // namespace

Result<KyutaiStream> KyutaiStream::connect(const std::string& url, const http::ClientOptions& options) {
  auto socket = http::WebSocketClient::connect(url, options);
  if (socket) return KyutaiStream(std::move(*socket));
  auto error = socket.error();
  if (error.kind != ErrorKind::configuration && error.kind != ErrorKind::timeout) error.kind = ErrorKind::unavailable;
  return tl::unexpected(std::move(error));
}

Result<void> KyutaiStream::send_frame(std::span<const float> sound) {
  std::vector<float> whole(sound.begin(), sound.end());
  whole.resize(frame);  // the last one is filled up with silence
  messagepack::Writer writer;
  writer.map(2).text("type").text("Audio").text("pcm").floats(whole);
  sent_ += frame;
  return socket_.send(writer.bytes(), true);
}

Result<void> KyutaiStream::take(std::string_view bytes) {
  auto event = messagepack::read_map(bytes);
  auto type = event ? event->text("type") : std::nullopt;
  if (!type) return rubbish(engine_name, "an event that is no MessagePack map with a type");
  if (*type == "Error") return of_server(event->text("message").value_or("an error without words"));
  heard_from_ = heard_from_ || *type != "Ready";
  if (*type == "Word") {
    auto text = event->text("text");
    auto start = event->number("start_time");
    if (!text || !start) return rubbish(engine_name, "a Word without text or start_time");
    words_.begin(*text, *start - base_);
  } else if (*type == "EndWord") {
    auto stop = event->number("stop_time");
    if (!stop) return rubbish(engine_name, "an EndWord without stop_time");
    words_.end(*stop - base_);
  } else if (*type == "Marker") {
    if (event->number("id") == static_cast<double>(marker_)) returned_ = true;
  }
  return {};
}

/// Takes what has come; waits for the first of it.
Result<void> KyutaiStream::listen(std::chrono::milliseconds wait) {
  while (!returned_) {
    auto message = socket_.receive(wait);
    if (!message) {
      auto error = message.error();
      if (error.kind != ErrorKind::timeout) error.kind = ErrorKind::unavailable;
      return tl::unexpected(std::move(error));
    }
    if (!*message) return {};
    if (auto taken = take((*message)->bytes); !taken) return taken;
    wait = std::chrono::milliseconds(0);
  }
  return {};
}

Result<std::vector<SpokenWord>> KyutaiStream::hear(const Sound& sound, std::chrono::milliseconds timeout) {
  auto until = Clock::now() + timeout;
  auto late = [&] { return Clock::now() >= until; };
  base_ = static_cast<double>(sent_) / rate;
  returned_ = heard_from_ = false;
  ++marker_;
  auto samples = resampled_to_24k(sound);
  std::span<const float> rest(samples);
  Result<void> fine;
  // what the server says is read all along: one that can't get rid of its words would stop listening
  for (; fine && !rest.empty() && !late(); rest = rest.subspan(std::min(frame, rest.size()))) {
    fine = send_frame(rest.first(std::min(frame, rest.size())));
    if (fine) fine = listen(std::chrono::milliseconds(0));
  }
  if (fine)
    fine = socket_.send(messagepack::Writer{}.map(2).text("type").text("Marker").text("id").integer(marker_).bytes(), true);
  while (fine && !returned_ && !late()) {
    fine = send_frame({});
    if (fine) fine = listen(frame_time);
  }
  if (!fine) return tl::unexpected(fine.error());
  if (!returned_)
    return fail(ErrorKind::timeout, "kyutai: the marker did not come back in time",
                {.field = {}, .remedy = "try again, or raise the engine's timeout", .code = {}});
  return words_.take(static_cast<double>(sound.size()) / sound_rate);
}

}  // namespace loom::engines
