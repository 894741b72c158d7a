#include "ingest/multipart.h"

#include "http/message.h"

namespace loom::ingest {
namespace {

using http::equal_ignoring_case;

tl::unexpected<Refusal> broken(std::string what) {
  return refuse(ErrorKind::malformed, "the multipart body " + std::move(what),
                {.field = "Content-Type", .remedy = "send it as RFC 7578 says (curl -F does)", .code = {}});
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes `"…"` (with \" and \\) or a token from the front of `rest`.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  if (!rest.starts_with('"')) {
    auto end = std::min(rest.find(';'), rest.size());
    value = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    return value;
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') return rest.remove_prefix(i + 1), value;
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    value += rest[i];
  }
  return std::nullopt;
}

/// RFC 2046: 1 to 70 of these, no space at the end.
bool is_boundary(std::string_view text) {
  constexpr std::string_view others = "'()+_,-./:=? ";
  if (text.empty() || text.size() > 70 || text.back() == ' ') return false;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (!plain && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

Checked<Part> read_head(std::string_view head) {
  Part part;
  bool disposed = false;
  while (!head.empty()) {
    auto end = std::min(head.find("\r\n"), head.size());
    auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.find('\0') != std::string_view::npos)
      return broken("has a part with a broken header");
    auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "content-type")) part.content_type = value;
    if (equal_ignoring_case(name, "content-transfer-encoding") && !equal_ignoring_case(value, "binary") &&
        !equal_ignoring_case(value, "8bit") && !equal_ignoring_case(value, "7bit"))
      return broken("has an encoded part: send the bytes as they are");
    if (!equal_ignoring_case(name, "content-disposition")) continue;
    auto field = header_parameter(value, "name");
    if (disposed || !equal_ignoring_case(trimmed(value.substr(0, value.find(';'))), "form-data") || !field)
      return broken("has a part that is no form-data with a name");
    disposed = true;
    part.name = std::move(*field);
    part.filename = header_parameter(value, "filename");
  }
  if (!disposed) return broken("has a part without a Content-Disposition");
  return part;
}

}  // namespace

std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
  auto semicolon = value.find(';');
  while (semicolon != std::string_view::npos) {
    auto rest = value.substr(semicolon + 1);
    auto equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto key = trimmed(rest.substr(0, equals));
    if (key.find(';') != std::string_view::npos) {  // a parameter without a value
      semicolon = value.find(';', semicolon + 1);
      continue;
    }
    rest = trimmed(rest.substr(equals + 1));
    auto found = take_value(rest);
    if (!found) return std::nullopt;
    if (equal_ignoring_case(key, name)) return found;
    value = rest;
    semicolon = value.find(';');
  }
  return std::nullopt;
}

bool is_multipart(std::string_view content_type) {
  return equal_ignoring_case(trimmed(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

Checked<std::vector<Part>> cut_multipart(std::string_view body, std::string_view content_type) {
  auto boundary = header_parameter(content_type, "boundary");
  if (!boundary || !is_boundary(*boundary)) return broken("has no usable boundary in its Content-Type");
  auto mark = "\r\n--" + *boundary;
  std::vector<Part> parts;
  // the first mark may stand at the very beginning, without its line break
  bool at_start = body.starts_with(std::string_view(mark).substr(2));
  auto at = at_start ? 0 : body.find(mark);
  if (at == std::string_view::npos) return broken("does not begin with its boundary");
  body.remove_prefix(at + mark.size() - (at_start ? 2 : 0));
  while (!body.starts_with("--")) {
    while (!body.empty() && (body.front() == ' ' || body.front() == '\t')) body.remove_prefix(1);
    if (!body.starts_with("\r\n")) return broken("ends within a boundary");
    if (parts.size() == max_parts)
      return refuse(ErrorKind::too_large, "the multipart body has more than " + std::to_string(max_parts) + " parts",
                    {.field = {}, .remedy = "send fewer fields", .code = {}});
    body.remove_prefix(2);
    auto blank = body.substr(0, max_part_head + 4).find("\r\n\r\n");
    if (blank == std::string_view::npos) return broken("has a part whose headers don't end, or are too long");
    auto part = read_head(body.substr(0, blank));
    if (!part) return tl::unexpected(std::move(part.error()));
    body.remove_prefix(blank + 2);  // an empty body's line break is the boundary's too
    auto end = body.find(mark);
    if (end == std::string_view::npos) return broken("does not end with its boundary");
    part->body = end == 0 ? std::string_view() : body.substr(2, end - 2);
    parts.push_back(std::move(*part));
    body.remove_prefix(end + mark.size());
  }
  return parts;
}

}  // namespace loom::ingest
