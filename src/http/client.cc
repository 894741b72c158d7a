#include "http/client.h"

#include <charconv>
#include <optional>

#include "http/message.h"
#include "http/reply_parser.h"
#include "http/wire.h"

namespace loom::http {

struct Client::State {
  Url url;
  ClientOptions options;
  std::shared_ptr<TlsContext> tls;  // of https
  std::optional<Wire> wire;         // the kept connection

  Result<ClientReply> ask(std::string_view method, std::string_view path, const Posted* posted);
  Result<void> connect();
  Result<ClientReply> ask_once(std::string_view head, std::string_view body);
  [[nodiscard]] std::string head_of(std::string_view method, std::string_view path, const Posted* posted) const;
};

namespace {

std::optional<std::string> unsafe_in_head(std::string_view path, const Posted* posted) {
  if (path.find_first_of("\r\n ") != std::string_view::npos) return "path";
  if (!posted) return std::nullopt;
  for (const auto& [name, value] : posted->headers)
    if (name.find_first_of("\r\n: ") != std::string::npos || value.find_first_of("\r\n") != std::string::npos)
      return name;
  return std::nullopt;
}

}  // namespace

Result<Url> parse_url(std::string_view text, std::string_view scheme) {
  std::string plain = std::string(scheme) + "://", safe = std::string(scheme) + "s://";
  auto wrong = [&](std::string remedy) {
    return fail(ErrorKind::configuration, "'" + std::string(text) + "' is no address of a server",
                {.field = {}, .remedy = std::move(remedy), .code = {}});
  };
  Url url;
  url.secure = text.starts_with(safe);
  if (url.secure) url.port = 443;
  if (!url.secure && !text.starts_with(plain)) return wrong("write it as " + plain + "127.0.0.1:8000");
  auto rest = text.substr(url.secure ? safe.size() : plain.size());
  auto slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    auto digits = authority.substr(colon + 1);
    auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (bad != std::errc() || end != digits.data() + digits.size() || url.port < 1 || url.port > 65535)
      return wrong("the port is a number from 1 to 65535");
    authority = authority.substr(0, colon);
  }
  if (authority.size() > 1 && authority.front() == '[') authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return wrong("name the host");
  url.host = authority;
  return url;
}

std::string Url::host_header() const {
  auto name = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return port == (secure ? 443 : 80) ? name : name + ':' + std::to_string(port);
}

std::string_view ClientReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equal_ignoring_case(key, name)) return value;
  return {};
}

std::string Client::State::head_of(std::string_view method, std::string_view path, const Posted* posted) const {
  std::string head(method);
  head += ' ';
  head += url.path;
  head += path.empty() && url.path.empty() ? "/" : path;
  head += " HTTP/1.1\r\nHost: " + url.host_header() + "\r\n";
  auto add = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  for (const auto& [name, value] : options.headers) add(name, value);
  if (posted) {
    for (const auto& [name, value] : posted->headers) add(name, value);
    add("Content-Type", posted->content_type);
    add("Content-Length", std::to_string(posted->body.size()));
  }
  return head + "\r\n";
}

Result<ClientReply> Client::State::ask_once(std::string_view head, std::string_view body) {
  auto until = Wire::Clock::now() + options.timeout;
  if (auto sent = wire->send(head, until); !sent) return tl::unexpected(sent.error());
  if (auto sent = wire->send(body, until); !sent) return tl::unexpected(sent.error());
  ReplyParser parser(options.max_body);
  char piece[16 << 10];
  while (!parser.done()) {
    auto count = wire->receive(piece, sizeof piece, until);
    if (!count) return tl::unexpected(count.error());
    auto taken = *count == 0 ? parser.end() : parser.feed(std::string_view(piece, *count));
    if (!taken) return tl::unexpected(taken.error());
  }
  if (!parser.keep_alive()) wire.reset();
  return parser.take();
}

Result<void> Client::State::connect() {
  auto until = Wire::Clock::now() + options.connect_timeout;
  auto made = Wire::connect(url.host, url.port, options.connect_timeout);
  if (!made) return tl::unexpected(made.error());
  if (url.secure) {
    if (auto secured = made->secure(*tls, url.host, until); !secured) {
      auto error = secured.error();
      if (error.kind == ErrorKind::timeout) error.kind = ErrorKind::unavailable;  // no request was sent yet
      return tl::unexpected(std::move(error));
    }
  }
  wire = std::move(*made);
  return {};
}

Result<ClientReply> Client::State::ask(std::string_view method, std::string_view path, const Posted* posted) {
  if (auto unsafe = unsafe_in_head(path, posted))
    return fail(ErrorKind::invalid_value, "a request can't carry this",
                {.field = *unsafe, .remedy = "escape it", .code = {}});
  if (wire && wire->closed_by_peer()) wire.reset();
  if (!wire)
    if (auto made = connect(); !made) return tl::unexpected(made.error());
  auto reply = ask_once(head_of(method, path, posted), posted ? posted->body : std::string_view());
  if (!reply) wire.reset();
  return reply;
}

Result<Client> Client::open(std::string_view base_url, ClientOptions options) {
  auto url = parse_url(base_url);
  if (!url) return tl::unexpected(url.error());
  auto state = std::make_unique<State>();
  state->url = std::move(*url);
  state->options = std::move(options);
  if (state->url.secure) {
    auto tls = TlsContext::open(state->options.ca_file);
    if (!tls) return tl::unexpected(tls.error());
    state->tls = std::move(*tls);
  }
  return Client(std::move(state));
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<ClientReply> Client::get(std::string_view path) { return state_->ask("GET", path, nullptr); }
Result<ClientReply> Client::post(std::string_view path, const Posted& posted) {
  return state_->ask("POST", path, &posted);
}

}  // namespace loom::http
