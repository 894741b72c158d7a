#include "http/message.h"

#include "http/problem.h"

namespace loom::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        plain += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    plain += text[i];
  }
  return plain;
}

std::string_view Request::path() const {
  auto whole = target();
  return whole.substr(0, whole.find('?'));
}

std::string_view Request::query() const {
  auto whole = target();
  auto mark = whole.find('?');
  return mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  auto rest = query();
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    auto equals = pair.find('=');
    if (percent_decode(pair.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& field : headers_)
    if (field.name.size == name.size() && equal_ignoring_case(view(field.name), name)) return view(field.value);
  return {};
}

void Request::clear() {
  body.clear();
  parameter.clear();
  principal = 0;
  max_body = no_limit;
  text_.clear();
  headers_.clear();
  method_ = target_ = {};
}

Request::Span Request::keep(std::string_view text) {
  Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
  text_.append(text);
  return span;
}

void Request::set_line(std::string_view method, std::string_view target) {
  method_ = keep(method);
  target_ = keep(target);
}

void Request::add_header(std::string_view name, std::string_view value) {
  auto kept = keep(name);
  headers_.push_back({kept, keep(value)});
}

Responder& Responder::operator=(Responder&& other) noexcept {
  std::swap(exchange_, other.exchange_);
  return *this;
}

Responder::~Responder() {
  if (exchange_)
    answer(reply_of(Error{ErrorKind::internal, "the request was given up by its handler", {}, "report this", {}}));
}

void Responder::answer(const Reply& reply) {
  if (auto* exchange = exchange_.get()) exchange->answer(std::move(exchange_), reply);
}

}  // namespace loom::http
