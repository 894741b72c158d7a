// The frames of a stream of messages: as they are, or (first byte odd) made well-formed, so that their contents are met.
#include "edge.h"

namespace {

/// opcode and length from the input, the mask zero.
std::string frame_of(loom::fuzz::Input& input) {
  auto first = static_cast<char>(input.byte());
  std::size_t length = input.byte();
  if (length >= 250) length = (length - 249) * 700;
  auto payload = input.take(length);
  std::string frame(1, first);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  frame.append(4, '\0');
  return frame.append(payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom::fuzz;
  static Edge edge;
  Input input(bytes, size);
  bool well_formed = input.byte() & 1;
  Client client(edge);
  client.send(
      "GET /ingest/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  while (well_formed && !input.rest().empty()) client.send(frame_of(input));
  if (!well_formed) client.send(input.rest());
  client.finish();
  return 0;
}
