// A request as a handler sees it, the reply it gives, and the Responder that carries the reply back, at once or later.
// Ownership: a Request belongs to its connection and is valid during the handler's call only; move the body out to
// keep it. A Responder is move-only and answers once; one that dies unanswered answers 500.
// Threads: the handler runs on the connection's io thread; `answer` may be called from any.
//   void hello(Request& request, Responder responder) { responder.answer(Reply{.body = R"({"hello":1})"}); }
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::http {

class Request {
 public:
  [[nodiscard]] std::string_view method() const { return view(method_); }
  [[nodiscard]] std::string_view target() const { return view(target_); }
  [[nodiscard]] std::string_view path() const;   // the target before '?', as sent
  [[nodiscard]] std::string_view query() const;  // after '?', "" where there is none
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;  // percent-decoded
  [[nodiscard]] std::string_view header(std::string_view name) const;                 // any case; "" when absent

  static constexpr auto no_limit = static_cast<std::size_t>(-1);

  std::string body;
  std::string parameter;      // what the {…} of the route's path matched, percent-decoded
  std::size_t principal = 0;  // who asks, as the route's `admit` found out, for its handler
  std::size_t held = 0;       // of the byte budget, for the body; what the handler leaves here is given back after it
  std::size_t max_body = no_limit;  // `admit` may set less than the route's
  std::size_t io_thread = 0;  // 0 … threads−1: whose scratch space a handler may use

  /// For the parser: a request is refilled, its memory is kept.
  void clear();
  void set_line(std::string_view method, std::string_view target);
  void add_header(std::string_view name, std::string_view value);
  [[nodiscard]] std::size_t header_count() const { return headers_.size(); }

 private:
  struct Span {
    std::uint32_t at = 0, size = 0;
  };
  struct HeaderField {
    Span name, value;
  };
  [[nodiscard]] std::string_view view(Span span) const { return std::string_view(text_).substr(span.at, span.size); }
  Span keep(std::string_view text);

  std::string text_;
  Span method_, target_;
  std::vector<HeaderField> headers_;
};

struct Reply {
  int status = 200;
  std::string body{};
  std::string_view content_type = "application/json";  // a literal
  std::string header_lines{};                          // further ones, each "Name: value\r\n"
};

/// The connection's side of a Responder; also what a test fakes. It is given its own last reference: a connection must
/// end on its io thread, whoever answers.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void answer(std::shared_ptr<Exchange> self, const Reply& reply) = 0;
};

class Responder {
 public:
  Responder() = default;
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  void answer(const Reply& reply);
  [[nodiscard]] bool answered() const { return exchange_ == nullptr; }

 private:
  std::shared_ptr<Exchange> exchange_;
};

using Handler = std::function<void(Request&, Responder)>;

[[nodiscard]] std::string percent_decode(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace loom::http
