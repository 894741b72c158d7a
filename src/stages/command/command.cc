#include "stages/command/command.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/complaint.h"
#include "loom/deadline.h"
#include "loom/json.h"
#include "stages/answer/answer.h"
#include "stages/command/environment.h"

namespace loom::stages {
namespace {

constexpr std::chrono::milliseconds first_pause{100}, longest_pause{30000};  // before a program is started again

tl::unexpected<Error> rubbish(std::string_view line, const std::string& why) {
  return fail(ErrorKind::malformed, "the program answered " + why + ": " + beginning_of(line, 200),
              {.field = {}, .remedy = "answer each line with one line: {\"id\":…,\"result\":{…}}", .code = {}});
}

}  // namespace

Result<void> Command::start() {
  auto child = Child::start({options_.command, folder_, options_.max_output.count, options_.max_memory.count,
                             environment_for(environ, {secrets_, options_.pass_env})});
  if (!child) return tl::unexpected<Error>(std::move(child.error()));
  child_ = std::move(*child);
  return {};
}

/// A program is there, or it is not yet time to start one.
Result<void> Command::begin() {
  if (child_) return {};
  if (Clock::now() < not_before_)
    return fail(ErrorKind::unavailable, "the program ended before it read a message, and is started again after a pause",
                {.field = {}, .remedy = "see what it wrote to stderr", .code = {}});
  auto started = start();
  if (!started) return tl::unexpected<Error>(blamed_on_itself(started.error()));
  return {};
}

Error Command::blamed_on_itself(const Error& error) {
  auto pause = std::min(first_pause * (1 << std::min(bad_starts_++, 16)), longest_pause);
  not_before_ = Clock::now() + pause;
  auto blamed = error;
  blamed.kind = ErrorKind::unavailable;
  return blamed;
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
    if (!one.is_answered) *one.outcome = Retry{blamed(done.error())};
  }
  return outcomes;
}

/// Of a message that was asked alone.
Error Command::blamed(Error error) {
  if (error.kind == ErrorKind::timeout && std::exchange(has_answered_, false)) error.code = deadline_code;
  return error;
}

/// An error means that the program is gone, and those that are not answered have none.
Result<void> Command::ask(std::span<Asked> asked) {
  bool is_kept = child_ != nullptr;
  if (auto begun = begin(); !begun) return begun;
  auto read_before = child_->taken();
  send(asked);
  auto answered = take_answers(asked);
  bool has_read = child_->taken() > read_before;
  if (has_read) bad_starts_ = 0;
  if (answered) return answered;
  child_.reset();
  if (has_read || answered.error().kind == ErrorKind::timeout) return answered;
  if (is_kept) return ask(asked);  // it ended between two messages, as programs do that renew themselves
  return tl::unexpected<Error>(blamed_on_itself(answered.error()));
}

void Command::send(std::span<const Asked> asked) {
  if (options_.max_cpu_s > 0) child_->allow_cpu(std::chrono::seconds(options_.max_cpu_s) * asked.size());
  for (const auto& one : asked) {
    child_->send(R"({"id":)" + std::to_string(one.id) + R"(,"message":)");
    std::string line(one.message->json);  // a line break in it can only stand between its tokens
    std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    child_->send(line);
    child_->send("}\n");
  }
}

Result<void> Command::take_answers(std::span<Asked> asked) {
  auto patience = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.timeout_s));
  auto is_open = [](const Asked& one) { return !one.is_answered; };
  while (std::any_of(asked.begin(), asked.end(), is_open)) {
    auto line = child_->read_line(Clock::now() + patience);  // it may take so long for each
    auto taken = line ? take_answer(*line, asked) : tl::unexpected<Error>(std::move(line.error()));
    if (!taken) return taken;
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
  found->is_answered = has_answered_ = true;
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
      .add("max_output", &CommandOptions::max_output, "longest line that it may answer")
      .add("max_memory", &CommandOptions::max_memory, "data that each of its processes may hold (RLIMIT_DATA); 0: no limit")
      .add("max_cpu_s", &CommandOptions::max_cpu_s, "seconds of CPU time for a message (RLIMIT_CPU); 0: no limit but timeout_s",
           config::at_least(0))
      .add("pass_env", &CommandOptions::pass_env,
           "variables that it gets although they hold Loom's secrets; LOOM_*, PGPASSWORD and what api_key_env names are else withheld");
}

}  // namespace loom::stages
