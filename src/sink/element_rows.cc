#include "loom/json.h"
#include "sink/rows.h"

namespace loom::sink {
namespace {

/// The message as its element sees it: the element's own members, the message's identity and times.
class Elements {
 public:
  Elements(const Binding& binding, std::string path, const model::Record& record, const Envelope& envelope)
      : binding_(binding), path_(std::move(path)), record_(record), element_(envelope) {}

  Result<void> add(std::string_view raw) {
    if (raw.starts_with('{')) return add_object(raw);
    std::string scalar = R"({"value":)";
    return add_object((scalar += raw) += '}');
  }
  Result<void> add_entry(std::string_view key, std::string_view raw) {
    std::string entry = R"({"key":")";  // as it is written, escapes and all
    return add_object((((entry += key) += R"(","value":)") += raw) += '}');
  }
  std::vector<Row> rows;

 private:
  Result<void> add_object(std::string_view text) {
    auto value = document_.parse(text);
    if (!value) return tl::unexpected<Error>(std::move(value.error()));
    element_.json = text;
    element_.value = *value;
    auto row = to_row(binding_, record_, element_, static_cast<std::int64_t>(rows.size()));
    if (!row) {
      auto error = std::move(row.error());
      error.message = path_ + "." + std::to_string(rows.size()) + ": " + error.message;
      return tl::unexpected<Error>(std::move(error));
    }
    rows.push_back(*std::move(row));
    return {};
  }

  const Binding& binding_;
  std::string path_;
  const model::Record& record_;
  Envelope element_;
  json::Document document_;
};

}  // namespace

Result<std::vector<Row>> to_element_rows(const Binding& binding, const std::string& path, const model::Record& record,
                                         const Envelope& envelope) {
  auto value = envelope.value.at_path(path);
  if (!value || value->is_null()) return std::vector<Row>{};
  Elements elements(binding, path, record, envelope);
  Result<void> added;
  auto kind = value->kind();
  if (kind == json::Kind::array) {
    std::size_t count = value->size();
    for (std::size_t i = 0; i < count && added; ++i)
      added = elements.add(json::raw_path(envelope.json, path + "." + std::to_string(i)).value_or("null"));
  } else if (kind == json::Kind::object) {
    json::each_raw_member(*json::raw_path(envelope.json, path), [&](std::string_view key, std::string_view raw) {
      if (added) added = elements.add_entry(key, raw);
    });
  } else {
    return fail(ErrorKind::invalid_value, path + " is " + value->text().substr(0, 100) + ", no array",
                {.field = path, .remedy = "send an array, or take it out of array_mappings"});
  }
  if (!added) return tl::unexpected<Error>(std::move(added.error()));
  return std::move(elements.rows);
}

}  // namespace loom::sink
