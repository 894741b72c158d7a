#include "app/records.h"

namespace loom::app {

std::string record_json(const model::Record& record) {
  json::Writer headers;
  for (const auto& [name, value] : record.headers())
    headers.field(name, is_utf8(value) ? value : "base64:" + base64_encode(value));
  json::Writer line;
  line.field("topic", record.topic())
      .field("partition", record.partition().get())
      .field("offset", record.offset().get())
      .field("timestamp", to_rfc3339(record.timestamp_ms() * 1000));
  if (record.key())
    line.field("key", is_utf8(*record.key()) ? std::string(*record.key()) : base64_encode(*record.key()));
  line.raw("headers", headers.text());
  json::Document document;
  if (document.parse(record.value(), {.depth = 512, .allow_nul = true})) {
    line.raw("value", record.value());
  } else if (is_utf8(record.value())) {
    line.field("value", record.value());
  } else {
    line.field("value_base64", base64_encode(record.value()));
  }
  return line.text();
}

namespace {

void append_shortened(std::string& to, json::Value value, std::size_t longest) {
  if (auto text = value.string(); text && text->size() > longest) {
    to += "\"<" + std::to_string(text->size()) + " characters>\"";
  } else if (value.kind() == json::Kind::object) {
    to += '{';
    bool first = true;
    value.each_member([&](std::string_view key, json::Value member) {
      if (!first) to += ", ";
      first = false;
      json::append_string(to, key);
      to += ": ";
      append_shortened(to, member, longest);
    });
    to += '}';
  } else if (value.kind() == json::Kind::array && value.size() > 8) {
    to += "[<" + std::to_string(value.size()) + " elements>]";
  } else {
    to += value.text();
  }
}

}  // namespace

std::string shortened(std::string_view text, std::size_t longest) {
  json::Document document;
  auto value = document.parse(text, {.depth = 512, .allow_nul = true});
  if (!value)
    return is_utf8(text) ? std::string(text.substr(0, longest)) : "<" + std::to_string(text.size()) + " bytes>";
  std::string shown;
  append_shortened(shown, *value, longest);
  return shown;
}

std::string record_line(const model::Record& record) {
  auto line = to_rfc3339(record.timestamp_ms() * 1000) + "  " + std::to_string(record.partition().get()) + "/" +
              std::to_string(record.offset().get());
  if (auto type = record.header("message_type")) line += "  " + std::string(*type);
  if (auto key = record.key(); key && is_utf8(*key)) line += "  " + std::string(*key);
  return line + "  " + shortened(record.value());
}

}  // namespace loom::app
