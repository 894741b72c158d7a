#include "http/reply_parser.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace loom::http {

namespace beast = boost::beast;

struct ReplyParser::State {
  using Parser = beast::http::response_parser<beast::http::string_body>;
  explicit State(std::size_t limit) : max_body(limit) { renew(); }
  void renew() {
    parser.emplace();
    parser->eager(true);
    parser->body_limit(max_body);
    parser->header_limit(64 << 10);
  }
  Result<void> failed(const beast::error_code& ec) const {
    if (ec == beast::http::error::body_limit)
      return fail(ErrorKind::too_large, "the reply is over " + std::to_string(max_body) + " bytes");
    if (ec == beast::http::error::partial_message || ec == beast::http::error::end_of_stream)
      return fail(ErrorKind::unavailable, "the connection ended before the reply did",
                  {.field = {}, .remedy = "try again", .code = {}});
    return fail(ErrorKind::malformed, "the reply is no HTTP: " + ec.message());
  }

  std::size_t max_body;
  std::string pending;
  std::optional<Parser> parser;
};

ReplyParser::ReplyParser(std::size_t max_body) : state_(std::make_unique<State>(max_body)) {}
ReplyParser::~ReplyParser() = default;

Result<void> ReplyParser::feed(std::string_view bytes) {
  auto& pending = state_->pending;
  pending += bytes;
  while (!pending.empty() && !done()) {
    beast::error_code ec;
    auto taken = state_->parser->put(boost::asio::buffer(pending), ec);
    pending.erase(0, taken);
    if (ec == beast::http::error::need_more) return {};
    if (ec) return state_->failed(ec);
    if (done() && state_->parser->get().result_int() / 100 == 1) state_->renew();  // 100 Continue: the reply follows
  }
  return {};
}

Result<void> ReplyParser::end() {
  beast::error_code ec;
  if (!state_->parser->got_some()) return state_->failed(beast::http::error::end_of_stream);
  state_->parser->put_eof(ec);
  if (ec) return state_->failed(ec);
  return {};
}

bool ReplyParser::done() const { return state_->parser->is_done(); }
bool ReplyParser::keep_alive() const { return state_->parser->keep_alive(); }

ClientReply ReplyParser::take() {
  auto& message = state_->parser->get();
  ClientReply reply;
  reply.status = static_cast<int>(message.result_int());
  reply.body = std::move(message.body());
  for (const auto& field : message)
    reply.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return reply;
}

}  // namespace loom::http
