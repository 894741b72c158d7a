// A batch's body cut into the texts of its records: a JSON array, or lines of JSON (NDJSON). Pure; views into the body.
// Only the cut is checked here; each record is parsed on its own. Errors: malformed (no array, not closed), too_large
// (more records than allowed).
//   auto cut = cut_batch(body, content_type, 10000);   cut->records.size() == 2
#pragma once

#include <string_view>
#include <vector>

#include "ingest/refusal.h"

namespace loom::ingest {

enum class BatchForm { array, lines };

struct Cut {
  BatchForm form = BatchForm::array;
  std::vector<std::string_view> records;
};

[[nodiscard]] Checked<Cut> cut_batch(std::string_view body, std::string_view content_type, std::size_t max_records);

}  // namespace loom::ingest
