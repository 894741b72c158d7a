// What the user's own program answers about a message, whichever way it is asked (`use: command`, `use: http`; the contract
// is docs/stages.md):
//   {"result":{…}} | {"results":[{…},{…}]} | {"drop":"reason"} | {"error":"what is wrong","retry":false}
// Pure. Errors: malformed (it is none of these).
//   auto outcome = outcome_of_answer(text, *document.parse(text));   // Result<Outcome>
#pragma once

#include <string_view>

#include "loom/json.h"
#include "loom/outcome.h"

namespace loom::stages {

/// `answer` is `text`, parsed; members beside these are not looked at.
[[nodiscard]] Result<Outcome> outcome_of_answer(std::string_view text, const json::Value& answer);

}  // namespace loom::stages
