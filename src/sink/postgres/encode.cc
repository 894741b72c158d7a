#include "sink/postgres/encode.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "loom/json.h"
#include "sink/classify.h"
#include "sink/postgres/numeric.h"

namespace loom::sink::postgres {
namespace {

constexpr Micros postgres_epoch = 946684800000000;  // 2000-01-01

template <class T>
void append_big_endian(std::string& to, T value) {
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  to.append(bytes, sizeof(T));
}

template <class T>
void append_fixed(std::string& to, T value) {
  append_big_endian(to, static_cast<std::uint32_t>(sizeof(T)));
  append_big_endian(to, value);
}

void append_sized(std::string& to, std::string_view bytes) {
  append_big_endian(to, static_cast<std::uint32_t>(bytes.size()));
  to.append(bytes);
}

void append_null(std::string& to) { append_big_endian(to, std::uint32_t{0xffffffff}); }

template <class T>
bool append_integer(std::string& to, const Cell& cell) {
  const auto* value = std::get_if<std::int64_t>(&cell);
  if (!value || *value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max()) return false;
  append_fixed(to, static_cast<std::make_unsigned_t<T>>(*value));
  return true;
}

bool append_float4(std::string& to, double value) {
  auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) return false;
  append_fixed(to, std::bit_cast<std::uint32_t>(narrow));
  return true;
}

bool append_timestamp(std::string& to, const Cell& cell) {
  constexpr Micros earliest = -210000000000000000, latest = 9220000000000000000;  // 4713 BC, and what 64 bits hold
  const auto* time = std::get_if<Timestamp>(&cell);
  if (!time || time->value < earliest || time->value > latest) return false;
  append_fixed(to, static_cast<std::uint64_t>(time->value - postgres_epoch));
  return true;
}

void begin_array(std::string& to, std::uint32_t element_type, std::size_t size) {
  append_big_endian(to, std::uint32_t{size > 0});  // dimensions
  append_big_endian(to, std::uint32_t{1});         // may hold NULL
  append_big_endian(to, element_type);
  if (size == 0) return;
  append_big_endian(to, static_cast<std::uint32_t>(size));
  append_big_endian(to, std::uint32_t{1});  // lower bound
}

/// Writes a length before what `fill` appends.
template <class Fill>
bool append_measured(std::string& to, Fill fill) {
  auto at = to.size();
  append_big_endian(to, std::uint32_t{0});
  if (!fill()) return false;
  std::string length;
  append_big_endian(length, static_cast<std::uint32_t>(to.size() - at - 4));
  to.replace(at, 4, length);
  return true;
}

std::uint32_t element_oid(Wire wire) {
  switch (wire) {
    case Wire::varchar_array:
      return 1043;
    case Wire::bpchar_array:
      return 1042;
    case Wire::float4_array:
      return 700;
    case Wire::float8_array:
      return 701;
    default:
      return 25;  // text
  }
}

bool append_text_array(std::string& to, const Cell& cell, Wire wire) {
  const auto* array = std::get_if<TextArray>(&cell);
  return array && append_measured(to, [&] {
           begin_array(to, element_oid(wire), array->values.size());
           for (const auto& value : array->values) {
             if (value) {
               append_sized(to, *value);
             } else {
               append_null(to);
             }
           }
           return true;
         });
}

bool append_float_array(std::string& to, const Cell& cell, Wire wire) {
  const auto* array = std::get_if<FloatArray>(&cell);
  return array && append_measured(to, [&] {
           begin_array(to, element_oid(wire), array->values.size());
           for (double value : array->values) {
             if (wire == Wire::float8_array) {
               append_fixed(to, std::bit_cast<std::uint64_t>(value));
             } else if (!append_float4(to, value)) {
               return false;
             }
           }
           return true;
         });
}

bool append_bytes(std::string& to, const Cell& cell) {
  const auto* blob = std::get_if<Blob>(&cell);
  if (blob) append_sized(to, blob->value);
  return blob != nullptr;
}

bool append_jsonb(std::string& to, const Cell& cell) {
  const auto* json = std::get_if<Json>(&cell);
  if (!json) return false;
  append_big_endian(to, static_cast<std::uint32_t>(json->value.size() + 1));
  to += '\1';  // the format's version
  to += json->value;
  return true;
}

bool append_double(std::string& to, const Cell& cell, Wire wire) {
  const auto* value = std::get_if<double>(&cell);
  if (!value) return false;
  if (wire == Wire::float4) return append_float4(to, *value);
  append_fixed(to, std::bit_cast<std::uint64_t>(*value));
  return true;
}

bool append_text(std::string& to, const Cell& cell) {
  if (const auto* text = std::get_if<Text>(&cell)) {
    append_sized(to, text->value);
  } else {
    append_sized(to, as_text(cell));
  }
  return true;
}

bool append_boolean(std::string& to, const Cell& cell) {
  const auto* value = std::get_if<bool>(&cell);
  if (value) append_fixed(to, static_cast<std::uint8_t>(*value ? 1 : 0));
  return value != nullptr;
}

bool append_uuid(std::string& to, const Cell& cell) {
  const auto* uuid = std::get_if<Uuid>(&cell);
  if (uuid) append_sized(to, {reinterpret_cast<const char*>(uuid->value.data()), uuid->value.size()});
  return uuid != nullptr;
}

bool append_cell(std::string& to, Wire wire, const Cell& cell) {
  switch (wire) {
    case Wire::text:
    case Wire::json:
      return append_text(to, cell);
    case Wire::int2:
      return append_integer<std::int16_t>(to, cell);
    case Wire::int4:
      return append_integer<std::int32_t>(to, cell);
    case Wire::int8:
      return append_integer<std::int64_t>(to, cell);
    case Wire::float4:
    case Wire::float8:
      return append_double(to, cell, wire);
    case Wire::numeric:
      return append_measured(to, [&] { return append_numeric(to, cell); });
    case Wire::boolean:
      return append_boolean(to, cell);
    case Wire::timestamp:
      return append_timestamp(to, cell);
    case Wire::uuid:
      return append_uuid(to, cell);
    case Wire::jsonb:
      return append_jsonb(to, cell);
    case Wire::bytea:
      return append_bytes(to, cell);
    case Wire::text_array:
    case Wire::varchar_array:
    case Wire::bpchar_array:
      return append_text_array(to, cell, wire);
    case Wire::float4_array:
    case Wire::float8_array:
      return append_float_array(to, cell, wire);
  }
  return false;
}

Wire wire_of(std::string_view native) {
  constexpr std::pair<std::string_view, Wire> names[] = {{"int2", Wire::int2},
                                                         {"int4", Wire::int4},
                                                         {"int8", Wire::int8},
                                                         {"float4", Wire::float4},
                                                         {"float8", Wire::float8},
                                                         {"numeric", Wire::numeric},
                                                         {"bool", Wire::boolean},
                                                         {"timestamptz", Wire::timestamp},
                                                         {"timestamp", Wire::timestamp},
                                                         {"uuid", Wire::uuid},
                                                         {"json", Wire::json},
                                                         {"jsonb", Wire::jsonb},
                                                         {"bytea", Wire::bytea},
                                                         {"_text", Wire::text_array},
                                                         {"_varchar", Wire::varchar_array},
                                                         {"_bpchar", Wire::bpchar_array},
                                                         {"_float4", Wire::float4_array},
                                                         {"_float8", Wire::float8_array}};
  for (const auto& [name, wire] : names)
    if (name == native) return wire;
  return Wire::text;
}

void append_element(std::string& to, std::string_view text) {
  to += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    to += c;
  }
  to += '"';
}

}  // namespace

std::vector<Wire> wires_of(const Binding& binding) {
  std::vector<Wire> wires;
  for (const auto& column : binding.columns) wires.push_back(wire_of(column.native));
  return wires;
}

Result<void> encode_row(std::string& to, const Binding& binding, const std::vector<Wire>& wires, const Row& row) {
  auto before = to.size();
  append_big_endian(to, static_cast<std::uint16_t>(row.cells.size()));
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (is_null(row.cells[i])) {
      append_null(to);
    } else if (!append_cell(to, wires[i], row.cells[i])) {
      to.resize(before);
      const auto& column = binding.columns[i];
      auto value = as_text(row.cells[i]).substr(0, 40);
      return fail(ErrorKind::invalid_value,
                  "column '" + column.name + "' is " + column.native + ", which cannot hold " + value,
                  {.field = column.name, .remedy = "widen the column, or send a smaller value", .code = "22003"});
    }
  }
  return {};
}

std::string as_text(const Cell& cell) {
  if (auto plain = plain_text(cell)) return *plain;
  if (const auto* value = std::get_if<bool>(&cell)) return *value ? "true" : "false";
  if (const auto* value = std::get_if<std::int64_t>(&cell)) return std::to_string(*value);
  if (const auto* time = std::get_if<Timestamp>(&cell)) return to_rfc3339(time->value);
  if (const auto* json = std::get_if<Json>(&cell)) return json->value;
  std::string to;
  if (const auto* value = std::get_if<double>(&cell)) json::append_number(to, *value);
  if (const auto* array = std::get_if<TextArray>(&cell)) {
    for (const auto& value : array->values) {
      to += to.empty() ? "{" : ",";
      if (value) {
        append_element(to, *value);
      } else {
        to += "NULL";
      }
    }
    to += to.empty() ? "{}" : "}";
  }
  if (const auto* array = std::get_if<FloatArray>(&cell)) {
    for (double value : array->values) json::append_number(to += to.empty() ? '{' : ',', value);
    to += to.empty() ? "{}" : "}";
  }
  return to;
}

std::string array_literal(const std::vector<const Cell*>& cells) {
  std::string to = "{";
  for (const auto* cell : cells) {
    if (to.size() > 1) to += ',';
    append_element(to, as_text(*cell));
  }
  return to += '}';
}

}  // namespace loom::sink::postgres
