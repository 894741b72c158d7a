#include "stages/answer/answer.h"

#include "base/complaint.h"

namespace loom::stages {
namespace {

constexpr std::size_t longest_reason = 64, longest_error = 1000, shown = 200;  // bytes

tl::unexpected<Error> none_of_these(std::string_view text, std::string_view why) {
  return fail(ErrorKind::malformed, "the program answered " + std::string(why) + ": " + beginning_of(text, shown),
              {.field = {}, .remedy = R"(answer {"result":{…}}, {"results":[…]}, {"drop":"…"} or {"error":"…"})", .code = {}});
}

Result<Outcome> several(std::string_view text, std::size_t count) {
  Emit emit;
  for (std::size_t i = 0; i < count; ++i) {
    auto raw = json::raw_path(text, "results." + std::to_string(i));
    if (!raw || !raw->starts_with('{')) return none_of_these(text, "a result that is no object");
    emit.messages.push_back({std::string(*raw), std::nullopt, std::to_string(i)});
  }
  return emit;
}

Outcome refused(std::string_view said, bool comes_again) {
  Error error{ErrorKind::invalid_value, beginning_of(said, longest_error), "", "", "stage"};
  if (!comes_again) return Reject{std::move(error)};
  error.kind = ErrorKind::unavailable;
  return Retry{std::move(error)};
}

}  // namespace

Result<Outcome> outcome_of_answer(std::string_view text, const json::Value& answer) {
  if (auto result = answer.get("result"); result && result->is_object())
    return with_result(std::string(*json::raw_member(text, "result")));
  if (auto results = answer.get("results"); results && results->kind() == json::Kind::array)
    return several(text, results->size());
  if (auto drop = answer.get("drop"); drop && drop->string()) return Drop{beginning_of(*drop->string(), longest_reason)};
  auto error = answer.get("error");
  if (!error || !error->string()) return none_of_these(text, "without result, results, drop or error");
  auto retry = answer.get("retry");
  return refused(*error->string(), retry && retry->boolean().value_or(false));
}

}  // namespace loom::stages
