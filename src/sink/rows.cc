#include "sink/rows.h"

#include <algorithm>

#include "base/clock.h"
#include "model/message.h"
#include "sink/convert.h"

namespace loom::sink {
namespace {

using model::ColumnType;

Error no_room_for(const BoundColumn& column, std::string_view what, std::string_view text) {
  return Error{ErrorKind::invalid_value,
               "column '" + column.name + "' wants " + std::string(with_article(column.type)) + ", " +
                   std::string(what) + " is " + excerpt(text),
               std::string(what), "change the column's type", ""};
}

Result<Cell> text_cell(const BoundColumn& column, std::string_view what, std::string_view text) {
  if (has_nul(text)) return tl::unexpected(no_room_for(column, what, text));
  if (column.type == ColumnType::uuid) {
    if (text.empty()) return Null{};
    auto bytes = uuid_bytes(text);
    if (!bytes) return tl::unexpected(no_room_for(column, what, text));
    return Uuid{*bytes};
  }
  if (column.type == ColumnType::bytes) return Blob{std::string(text)};
  if (column.type != ColumnType::string) return tl::unexpected(no_room_for(column, what, text));
  return Text{std::string(text)};
}

/// What a foreign record does not have: NULL where the column allows it.
Result<Cell> optional_cell(const BoundColumn& column, std::string_view what, std::string_view text) {
  if (text.empty() && !column.not_null) return Null{};
  return text_cell(column, what, text);
}

Result<Cell> time_cell(const BoundColumn& column, Micros time) {
  if (column.type == ColumnType::timestamp) return Timestamp{time};
  if (column.type == ColumnType::string) return Text{to_rfc3339(time)};
  return tl::unexpected(no_room_for(column, column.name, to_rfc3339(time)));
}

Result<Cell> number_cell(const BoundColumn& column, std::int64_t number) {
  if (column.type == ColumnType::integer) return number;
  if (column.type == ColumnType::string) return Text{std::to_string(number)};
  return tl::unexpected(no_room_for(column, column.name, std::to_string(number)));
}

std::optional<json::Value> foreign_value(const BoundColumn& column, const Envelope& envelope) {
  return column.foreign_path.empty() ? std::nullopt : envelope.value.at_path(column.foreign_path);
}

std::string_view device_of(const BoundColumn& column, const Envelope& envelope) {
  if (!envelope.device_id.empty()) return envelope.device_id;
  auto value = foreign_value(column, envelope);
  return value ? value->string().value_or("") : "";
}

Micros recorded_at_of(const BoundColumn& column, const Envelope& envelope) {
  if (envelope.value.get("recorded_at") || envelope.value.get("timestamp")) return envelope.recorded_at;
  auto value = foreign_value(column, envelope);
  std::optional<Micros> time;
  if (value && value->string()) time = parse_time(*value->string());
  if (value && value->number()) time = time_of_number(*value->number());
  return time.value_or(envelope.recorded_at);
}

Result<Cell> standard_cell(const BoundColumn& column, const model::Record& record, const Envelope& envelope,
                           std::int64_t sequence) {
  switch (column.standard) {
    case Standard::message_id:
      return text_cell(column, "message_id", envelope.identity.message_id);
    case Standard::part:
      return text_cell(column, "part", envelope.identity.part);
    case Standard::device_id:
      return optional_cell(column, "device_id", device_of(column, envelope));
    case Standard::message_type:
      return optional_cell(column, "message_type", envelope.message_type);
    case Standard::pipeline_hint:
      return optional_cell(column, "pipeline_hint", envelope.pipeline_hint);
    case Standard::trace_id:
      return optional_cell(column, "trace_id", envelope.trace_id);
    case Standard::recorded_at:
      return time_cell(column, recorded_at_of(column, envelope));
    case Standard::timestamp:
      return time_cell(column, envelope.timestamp);
    case Standard::kafka_topic:
      return text_cell(column, "the topic", record.topic());
    case Standard::kafka_partition:
      return number_cell(column, record.partition().get());
    case Standard::kafka_offset:
      return number_cell(column, record.offset().get());
    case Standard::fingerprint:
      return text_cell(column, "fingerprint", model::fingerprint(record.value()));
    case Standard::sequence:
      return number_cell(column, sequence);
    case Standard::none:
      break;
  }
  return Null{};
}

/// The value of the last stage's results that has this name.
std::optional<json::Value> latest_result(const Envelope& envelope, std::string_view name) {
  auto results = envelope.value.get("results");
  if (!results) return std::nullopt;
  std::optional<json::Value> found;
  results->each_member([&](std::string_view, json::Value result) {
    if (auto value = result.get(name); value && !value->is_null()) found = value;
  });
  return found;
}

bool wants_text(const BoundColumn& column) {
  return column.type == ColumnType::json || column.transform == model::Transform::json_stringify;
}

std::optional<std::string_view> raw_of(const BoundColumn& column, const Envelope& envelope, std::string_view path,
                                       const json::Value& value) {
  auto kind = value.kind();
  bool number = kind == json::Kind::number || kind == json::Kind::integer || kind == json::Kind::unsigned_integer;
  if (!wants_text(column) && !(number && column.type == ColumnType::string)) return std::nullopt;
  return json::raw_path(envelope.json, path);
}

Result<Cell> mapped_cell(const BoundColumn& column, const Envelope& envelope) {
  std::optional<Error> first;
  auto attempt = [&](std::string_view path, const json::Value& value,
                     std::optional<std::string_view> raw) -> std::optional<Result<Cell>> {
    auto cell = convert(column, Source{path, value, raw});
    if (cell) return Result<Cell>(std::move(*cell));
    if (!cell.error().wrong_kind) return Result<Cell>(tl::unexpected(std::move(cell.error().error)));
    if (!first) first = std::move(cell.error().error);
    return std::nullopt;
  };
  for (const auto& path : column.paths) {
    auto value = envelope.value.at_path(path);
    if (!value || value->is_null()) continue;
    if (auto done = attempt(path, *value, raw_of(column, envelope, path, *value))) return *std::move(done);
  }
  if (column.by_name) {
    if (auto value = latest_result(envelope, column.name)) {
      if (auto done = attempt("results.*." + column.name, *value, std::nullopt)) return *std::move(done);
    }
  }
  if (first) return tl::unexpected(*std::move(first));
  return column.fallback ? *column.fallback : Cell{Null{}};
}

/// What no column took: members of `data`, and those top-level ones that have no column and no meaning of their own.
Cell rest_cell(const Binding& binding, const Envelope& envelope) {
  auto has_column = [&](std::string_view name) {
    return std::any_of(binding.columns.begin(), binding.columns.end(),
                       [&](const BoundColumn& c) { return !c.rest && c.name == name; });
  };
  json::Writer rest;
  bool any = false;
  auto take = [&](std::string_view key, std::string_view raw) {
    any = true;
    rest.raw(key, raw);
  };
  json::each_raw_member(envelope.json, [&](std::string_view key, std::string_view raw) {
    if (has_column(key) || key == "schema_version" || standard_of(key) != Standard::none) return;
    if (key == "data" && raw.starts_with('{')) {
      json::each_raw_member(raw, [&](std::string_view inner, std::string_view value) {
        if (!has_column(inner)) take(inner, value);
      });
    } else if (raw != "{}") {
      take(key, raw);
    }
  });
  return any ? Cell{Json{rest.text()}} : Cell{Null{}};
}

bool present(const Envelope& envelope, const std::string& path) {
  switch (standard_of(path)) {
    case Standard::message_id:
      return !envelope.identity.message_id.empty();
    case Standard::device_id:
      return !envelope.device_id.empty();
    case Standard::message_type:
      return !envelope.message_type.empty();
    case Standard::recorded_at:
    case Standard::timestamp:
      return true;
    default:
      break;
  }
  auto value = envelope.value.at_path(path);
  return value && !value->is_null();
}

}  // namespace

Result<Row> to_row(const Binding& binding, const model::Record& record, const Envelope& envelope,
                   std::int64_t sequence) {
  for (const auto& path : binding.required) {
    if (present(envelope, path)) continue;
    return fail(
        ErrorKind::missing_field, "required field '" + path + "' is missing or null",
        {.field = path, .remedy = "send it, or take it out of required_fields of topic '" + binding.topic.get() + "'"});
  }
  Row row;
  row.cells.reserve(binding.columns.size());
  for (const auto& column : binding.columns) {
    auto cell =
        column.standard != Standard::none ? standard_cell(column, record, envelope, sequence) : mapped_cell(column, envelope);
    if (!cell) return tl::unexpected(std::move(cell.error()));
    if (column.standard != Standard::none && is_null(*cell) && column.fallback) cell = *column.fallback;
    if (column.rest && is_null(*cell)) cell = rest_cell(binding, envelope);
    row.cells.push_back(*std::move(cell));
  }
  for (auto index : binding.key) {
    if (!is_null(row.cells[index])) continue;
    return fail(ErrorKind::missing_field,
                "column '" + binding.columns[index].name + "' is part of the key of table '" + binding.table.get() +
                    "' and has no value",
                {.field = binding.columns[index].name, .remedy = "send its source, or take it out of upsert_key"});
  }
  return row;
}

}  // namespace loom::sink
