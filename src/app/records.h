// Records shown: as one line for people, as JSON for programs.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "loom/json.h"
#include "model/record.h"

namespace loom::app {

/// {topic, partition, offset, timestamp, key, headers, value}; a value that is no JSON is text, or base64 under
/// value_base64.
[[nodiscard]] std::string record_json(const model::Record& record);

/// Time, place, type, device, id, then the data with long strings shortened to their size.
[[nodiscard]] std::string record_line(const model::Record& record);

/// JSON with strings over `longest` characters replaced by "<N characters>"; text that is no JSON is cut.
[[nodiscard]] std::string shortened(std::string_view json, std::size_t longest = 120);

}  // namespace loom::app
