#include "http/web_socket_client.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "http/message.h"
#include "http/reply_parser.h"
#include "http/wire.h"

namespace loom::http {
namespace {

enum Opcode : unsigned { continuation = 0, text = 1, binary = 2, closing = 8, ping_frame = 9, pong = 10 };

std::string random_bytes(int count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), count);
  return bytes;
}

std::string accept_of(const std::string& key) {
  auto whole = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::string sum(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const unsigned char*>(whole.data()), whole.size(),
       reinterpret_cast<unsigned char*>(sum.data()));
  return base64_encode(sum);
}

std::string masked_frame(Opcode opcode, std::string_view bytes) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  auto add_length = [&](unsigned char first, int count) {
    frame += static_cast<char>(first);
    for (int i = count - 1; i >= 0; --i) frame += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
  };
  if (bytes.size() < 126)
    frame += static_cast<char>(0x80 | bytes.size());
  else if (bytes.size() <= 0xffff)
    add_length(0x80 | 126, 2);
  else
    add_length(0x80 | 127, 8);
  auto mask = random_bytes(4);
  frame += mask;
  auto at = frame.size();
  frame += bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) frame[at + i] = static_cast<char>(frame[at + i] ^ mask[i % 4]);
  return frame;
}

std::string_view header_in(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    auto line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    auto colon = line.find(':');
    if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name)) continue;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
  }
  return {};
}

tl::unexpected<Error> no_websocket(std::string what) {
  return fail(ErrorKind::malformed, "the peer speaks no WebSocket: " + std::move(what),
              {.field = {}, .remedy = "check the address", .code = {}});
}

}  // namespace

struct WebSocketClient::State {
  using Time = Wire::Clock::time_point;
  ClientOptions options;
  Wire wire;
  std::string pending;  // received, not yet taken
  WebSocketMessage message;
  bool begun = false;
  std::optional<Error> ended;

  State(ClientOptions with, Wire over) : options(std::move(with)), wire(std::move(over)) {}
  Result<void> more(Time until);
  Result<void> shake_hands(const Url& url);
  Result<void> refused(std::string_view head);
  Result<std::optional<WebSocketMessage>> next();
  Result<void> write(Opcode opcode, std::string_view bytes);
  Result<std::optional<WebSocketMessage>> take(unsigned opcode, bool last, std::string_view payload);
  tl::unexpected<Error> end(Error error) {
    ended = error;
    return tl::unexpected(std::move(error));
  }
};

Result<void> WebSocketClient::State::more(Time until) {
  char piece[16 << 10];
  auto count = wire.receive(piece, sizeof piece, until);
  if (!count) {
    if (count.error().kind == ErrorKind::timeout) return tl::unexpected(count.error());
    return end(count.error());
  }
  if (*count == 0)
    return end(Error{ErrorKind::unavailable, "the peer ended the connection without a close", {}, "try again", "1006"});
  pending.append(piece, *count);
  return {};
}

/// The server answered with a status of HTTP instead.
Result<void> WebSocketClient::State::refused(std::string_view head) {
  ReplyParser parser(64 << 10);
  if (auto fed = parser.feed(head); !fed) return tl::unexpected(fed.error());
  auto status = std::string(head.substr(std::min(head.size(), head.find(' ') + 1), 3));
  return fail(ErrorKind::unavailable, "the server answered " + status + " instead of opening a WebSocket",
              {.field = {}, .remedy = "check the address and the key", .code = status});
}

Result<void> WebSocketClient::State::shake_hands(const Url& url) {
  auto until = Wire::Clock::now() + options.timeout;
  auto key = base64_encode(random_bytes(16));
  std::string head = "GET " + (url.path.empty() ? "/" : url.path) + " HTTP/1.1\r\nHost: " + url.host_header() +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: " +
                     key + "\r\n";
  for (const auto& [name, value] : options.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (auto sent = wire.send(head + "\r\n", until); !sent) return sent;
  std::size_t end_of_head = 0;
  while ((end_of_head = pending.find("\r\n\r\n")) == std::string::npos) {
    if (pending.size() > (64 << 10)) return no_websocket("its head does not end");
    if (auto read = more(until); !read) return read;
  }
  auto reply = pending.substr(0, end_of_head + 4);
  if (!reply.starts_with("HTTP/1.1 ")) return no_websocket("it does not answer in HTTP/1.1");
  if (reply.substr(9, 3) != "101") return refused(reply);
  if (header_in(reply, "sec-websocket-accept") != accept_of(key)) return no_websocket("its handshake is wrong");
  pending.erase(0, end_of_head + 4);
  return {};
}

Result<void> WebSocketClient::State::write(Opcode opcode, std::string_view bytes) {
  if (ended) return tl::unexpected(*ended);
  auto sent = wire.send(masked_frame(opcode, bytes), Wire::Clock::now() + options.timeout);
  return sent ? sent : end(sent.error());
}

/// A frame of what has come, if it is whole.
Result<std::optional<WebSocketMessage>> WebSocketClient::State::next() {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(pending[at]); };
  while (pending.size() >= 2) {
    std::size_t size = byte(1) & 0x7f, head = 2;
    if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0)
      return end(no_websocket("a frame's flags are wrong").value());
    std::size_t further = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (pending.size() < head + further) return std::nullopt;
    if (further != 0) size = 0;
    for (std::size_t i = 0; i < further; ++i) size = size << 8 | byte(head + i);
    head += further;
    if (size > options.max_body || message.bytes.size() + size > options.max_body)
      return end(Error{ErrorKind::too_large, "the peer's message is over the limit", {}, "raise the limit", {}});
    if (pending.size() < head + size) return std::nullopt;
    auto payload = pending.substr(head, size);
    unsigned opcode = byte(0) & 0x0f;
    bool last = (byte(0) & 0x80) != 0;
    pending.erase(0, head + size);
    auto taken = take(opcode, last, payload);
    if (!taken || *taken) return taken;
  }
  return std::nullopt;
}

Result<std::optional<WebSocketMessage>> WebSocketClient::State::take(unsigned opcode, bool last,
                                                                     std::string_view payload) {
  switch (opcode) {
    case ping_frame:
      if (auto sent = write(pong, payload); !sent) return tl::unexpected(sent.error());
      return std::nullopt;
    case pong:
      return std::nullopt;
    case closing: {
      int code = payload.size() < 2 ? 1005
                                    : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
      (void)write(closing, payload.substr(0, 2));
      auto reason = payload.size() > 2 ? ": " + std::string(payload.substr(2)) : "";
      return end(Error{ErrorKind::unavailable,
                       "the peer closed the WebSocket with " + std::to_string(code) + reason,
                       {},
                       "connect again",
                       std::to_string(code)});
    }
    case text:
    case binary:
      if (begun) return end(no_websocket("a message begins within another").value());
      begun = true;
      message.binary = opcode == binary;
      break;
    case continuation:
      if (begun) break;
      [[fallthrough]];
    default:
      return end(no_websocket("a frame of an unknown kind").value());
  }
  message.bytes += payload;
  if (!last) return std::nullopt;
  begun = false;
  return std::optional(std::exchange(message, {}));
}

Result<WebSocketClient> WebSocketClient::connect(std::string_view address, ClientOptions options) {
  auto url = parse_url(address, "ws");
  if (!url) return tl::unexpected(url.error());
  auto wire = Wire::connect(url->host, url->port, options.connect_timeout);
  if (!wire) return tl::unexpected(wire.error());
  if (url->secure) {
    auto tls = TlsContext::open(options.ca_file);
    if (!tls) return tl::unexpected(tls.error());
    auto secured = wire->secure(**tls, url->host, Wire::Clock::now() + options.connect_timeout);
    if (!secured) return tl::unexpected(secured.error());
  }
  auto state = std::make_unique<State>(std::move(options), std::move(*wire));
  if (auto shaken = state->shake_hands(*url); !shaken) return tl::unexpected(shaken.error());
  return WebSocketClient(std::move(state));
}

WebSocketClient::WebSocketClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
WebSocketClient::WebSocketClient(WebSocketClient&&) noexcept = default;
WebSocketClient& WebSocketClient::operator=(WebSocketClient&&) noexcept = default;
WebSocketClient::~WebSocketClient() = default;

Result<void> WebSocketClient::send(std::string_view bytes, bool as_binary) {
  return state_->write(as_binary ? binary : text, bytes);
}
Result<void> WebSocketClient::ping() { return state_->write(ping_frame, {}); }

Result<std::optional<WebSocketMessage>> WebSocketClient::receive(std::chrono::milliseconds timeout) {
  auto until = Wire::Clock::now() + timeout;
  while (true) {
    if (auto message = state_->next(); !message || *message) return message;
    if (state_->ended) return tl::unexpected(*state_->ended);
    // with no time to wait, what lies in the socket is still read
    auto read = state_->more(std::max(until, Wire::Clock::now()));
    if (read) continue;
    if (read.error().kind == ErrorKind::timeout && !state_->ended) return std::nullopt;
    return tl::unexpected(read.error());
  }
}

void WebSocketClient::close(int code) {
  const char bytes[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  (void)state_->write(closing, std::string_view(bytes, 2));
}

}  // namespace loom::http
