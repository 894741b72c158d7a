// One WebSocket to moshi-server: sounds one after the other, each followed by a marker and by silence until the marker
// comes back; times are then the sound's own. One thread.
// Errors: unavailable and timeout; after either the connection is of no more use.
//   auto stream = KyutaiStream::connect(url, options);   auto words = stream->hear(sound, timeout);
#pragma once

#include "engines/kyutai_words.h"
#include "http/web_socket_client.h"

namespace loom::engines {

class KyutaiStream {
 public:
  static Result<KyutaiStream> connect(const std::string& url, const http::ClientOptions& options);
  Result<std::vector<SpokenWord>> hear(const Sound& sound, std::chrono::milliseconds timeout);
  [[nodiscard]] bool heard_from() const { return heard_from_; }  // the server has said something of this sound

 private:
  using Clock = std::chrono::steady_clock;
  explicit KyutaiStream(http::WebSocketClient socket) : socket_(std::move(socket)) {}
  Result<void> send_frame(std::span<const float> sound);
  Result<void> listen(std::chrono::milliseconds wait);
  Result<void> take(std::string_view bytes);

  http::WebSocketClient socket_;
  KyutaiWords words_;
  std::uint64_t sent_ = 0;  // samples of 24 kHz, since the connection was made
  double base_ = 0;         // seconds into the connection where this sound begins
  std::uint32_t marker_ = 0;
  bool returned_ = false, heard_from_ = false;
};

}  // namespace loom::engines
