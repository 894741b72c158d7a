#include "stages/command/command.h"

#include <algorithm>

#include "loom/json.h"
#include "stages/answer/answer.h"

namespace loom::stages {
namespace {

tl::unexpected<Error> rubbish(std::string_view line, const std::string& why) {
  return fail(ErrorKind::malformed, "the program answered " + why + ": " + beginning_of(line, 200),
              {.field = {}, .remedy = "answer each line with one line: {\"id\":…,\"result\":{…}}", .code = {}});
}

}  // namespace

Result<void> Command::start() {
  auto child = Child::start({options_.command, folder_, options_.max_output.count});
  if (!child) return tl::unexpected<Error>(std::move(child.error()));
  child_ = std::move(*child);
  return {};
}

std::vector<Outcome> Command::handle(std::span<const Envelope> messages) {
  std::vector<Outcome> outcomes(messages.size(), Drop{});
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < messages.size(); ++i) asked.push_back({next_id_++, &outcomes[i], &messages[i], false});
  auto done = ask(asked);
  if (done) return outcomes;
  for (auto& one : asked) {
    if (one.is_answered) continue;
    one.id = next_id_++;
    if (asked.size() > 1) done = ask({&one, 1});
    if (!one.is_answered) *one.outcome = Retry{done.error()};
  }
  return outcomes;
}

/// An error means that the program is gone, and those that are not answered have none.
Result<void> Command::ask(std::span<Asked> asked) {
  if (!child_)
    if (auto started = start(); !started) return started;
  auto patience = std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(options_.timeout_s));
  for (const auto& one : asked) {
    child_->send(R"({"id":)" + std::to_string(one.id) + R"(,"message":)");
    std::string line(one.message->json);  // a line break in it can only stand between its tokens
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    child_->send(line);
    child_->send("}\n");
  }
  auto is_open = [](const Asked& one) { return !one.is_answered; };
  while (std::any_of(asked.begin(), asked.end(), is_open)) {
    auto line = child_->read_line(std::chrono::steady_clock::now() + patience);  // it may take so long for each
    auto taken = line ? take_answer(*line, asked) : tl::unexpected<Error>(std::move(line.error()));
    if (taken) continue;
    child_.reset();
    return taken;
  }
  return {};
}

Result<void> Command::take_answer(std::string_view line, std::span<Asked> asked) {
  json::Document document;
  auto answer = document.parse(line);
  if (!answer || !answer->is_object()) return rubbish(line, "what is no JSON object");
  auto id = answer->get("id");
  auto found = std::find_if(asked.begin(), asked.end(),
                            [&](const Asked& one) { return id && id->integer() == one.id && !one.is_answered; });
  if (found == asked.end()) return rubbish(line, "with an id that is not asked for");
  auto outcome = outcome_of_answer(line, *answer);
  if (!outcome) return tl::unexpected<Error>(std::move(outcome.error()));
  *found->outcome = std::move(*outcome);
  found->is_answered = true;
  return {};
}

config::Options<CommandOptions> command_options() {
  auto some = [](const std::vector<std::string>& words) -> std::optional<std::string> {
    return words.empty() || words.front().empty() ? std::optional<std::string>("names no program") : std::nullopt;
  };
  auto positive = [](double value) -> std::optional<std::string> {
    return value > 0 ? std::nullopt : std::optional<std::string>("must be more than 0");
  };
  return config::Options<CommandOptions>("stages.command")
      .add("command", &CommandOptions::command, "the program and its arguments, run beside loom.yaml", some)
      .add("in_flight", &CommandOptions::in_flight, "messages that the program has at once", config::at_least(1))
      .add("timeout_s", &CommandOptions::timeout_s, "seconds for an answer; then the program is started again", positive)
      .add("max_output", &CommandOptions::max_output, "longest line that it may answer");
}

}  // namespace loom::stages
