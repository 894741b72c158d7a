// A Proof in words and in JSON. Pure.
#pragma once

#include <string>

#include "books/verify.h"

namespace loom::books {

/// Tables of hops and pipelines, what breaks the proof, and one last line: "verify: … lost=0 duplicated=0".
[[nodiscard]] std::string proof_text(const Plan& plan, const Proof& proof);
[[nodiscard]] std::string proof_json(const Plan& plan, const Proof& proof);

}  // namespace loom::books
