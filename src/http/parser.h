// The head of a request by Beast's parser, straight into a Request: no field container. Bodies with a Content-Length
// are read by the connection itself; chunked ones come through here, counted. One parser a request; one thread. Errors:
// Beast's codes; header_limit and body_limit where a limit was passed.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "http/message.h"

namespace loom::http {

namespace beast = boost::beast;

class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser(Request& request, std::size_t max_head) : request_(request) {
    header_limit(static_cast<std::uint32_t>(max_head));
    body_limit(boost::none);
  }
  [[nodiscard]] int version() const { return version_; }  // 10 or 11
  void allow_body(std::size_t bytes) { max_body_ = bytes; }

 private:
  using Text = beast::string_view;
  static std::string_view plain(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(beast::http::verb, Text method, Text target, int version, beast::error_code&) override {
    version_ = version;
    request_.set_line(plain(method), plain(target));
  }
  void on_field_impl(beast::http::field, Text name, Text value, beast::error_code&) override {
    request_.add_header(plain(name), plain(value));
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, beast::error_code& ec) override {
    if (request_.body.size() + body.size() > max_body_) {
      ec = beast::http::error::body_limit;
      return 0;
    }
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  std::size_t on_body_impl(Text body, beast::error_code&) override { return body.size(); }
  void on_response_impl(int, Text, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, Text, beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

  Request& request_;
  std::size_t max_body_ = 0;
  int version_ = 11;
};

}  // namespace loom::http
