#include "books/receipts.h"

#include <fstream>

#include "loom/json.h"

namespace loom::books {

Result<std::optional<Entry>> receipt_of(std::string_view line, const Plan& plan) {
  json::Document document;
  auto value = document.parse(line);
  if (!value || !value->is_object())
    return fail(ErrorKind::malformed, "is no JSON object",
                {.remedy = "give the file that 'loom send --receipts' wrote: an answer of the API a line"});
  auto text_at = [&](std::string_view name) {
    auto member = value->get(name);
    return member ? member->string().value_or("") : std::string_view();
  };
  auto number_at = [&](std::string_view name) {
    auto member = value->get(name);
    return member ? member->integer() : std::nullopt;
  };
  auto id = uuid_bytes(text_at("message_id"));
  auto partition = number_at("partition"), offset = number_at("offset");
  if (text_at("status") == "error" || !id || !partition || !offset) return std::optional<Entry>{};
  Entry entry;
  entry.kind = Entry::Kind::receipt;
  entry.id = *id;
  entry.at = {plan.topic(text_at("topic")), static_cast<std::int32_t>(*partition), *offset};
  if (entry.at.topic == nobody)
    return fail(ErrorKind::not_found, "names topic '" + std::string(text_at("topic")) + "', which no type has",
                {.remedy = "verify with the configuration that the API ran with"});
  return std::optional<Entry>{entry};
}

Result<void> read_receipts(const std::string& file, const Plan& plan,
                           const std::function<Result<void>(const Entry&)>& put) {
  std::ifstream in(file);
  if (!in) return fail(ErrorKind::usage, "cannot read receipts from '" + file + "'", {.remedy = "name a file that exists"});
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto receipt = receipt_of(line, plan);
    if (!receipt) {
      auto error = std::move(receipt.error());
      error.message = file + ":" + std::to_string(number) + " " + error.message;
      return tl::unexpected(std::move(error));
    }
    if (!*receipt) continue;
    if (auto done = put(**receipt); !done) return done;
  }
  return {};
}

}  // namespace loom::books
