// One client's WebSocket, after its connection was upgraded. Private to the server. Threads: its io thread; what a
// Stream offers from any. Ownership: kept alive by its operations and by those who hold the Stream.
#pragma once

#include <memory>

#include "http/io_thread.h"
#include "http/line.h"
#include "http/stream.h"

namespace loom::http {

/// Whether the request asks for a WebSocket; the Refusal says what is missing.
[[nodiscard]] std::optional<Refusal> wrong_upgrade(const Request& request);

/// What an io thread knows of a WebSocket.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  virtual void drain() = 0;
  virtual void sweep(Steady::time_point now) = 0;
};

/// Takes the line over, answers the handshake, and lives on its own.
[[nodiscard]] std::weak_ptr<OpenStream> open_stream(IoThread& thread, Line line, Request& request,
                                                    const Route& route);

}  // namespace loom::http
