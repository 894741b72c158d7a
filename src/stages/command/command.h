// The stage that hands messages to a program of any language, in JSON lines (docs/stages.md):
//   to the program    {"id":7,"message":{…the whole message…}}
//   from the program  {"id":7,"result":{…}} | {"id":7,"results":[{…},{…}]} | {"id":7,"drop":"reason"}
//                     | {"id":7,"error":"what is wrong","retry":false}
// Several messages are under way at once, answers may come in any order. A program that ends, hangs or writes rubbish is
// started again; the messages that it still had are given to the new one alone, so that one which always breaks it
// breaks nobody else's. A program that ends before it has read a message is at fault itself: it is started again after
// longer and longer pauses, and no message is blamed.
// A program that answers others and not this message in time took too long for it (overdue: a dead letter after its
// attempts); one that answers nobody is away (timeout: for ever).
// Ownership: a Command owns its program. Threads: the lane's.
//   Command command(options, folder);   std::vector<Outcome> outcomes = command.handle(messages);
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "loom/envelope.h"
#include "loom/outcome.h"
#include "stages/command/child.h"

namespace loom::stages {

struct CommandOptions {
  std::vector<std::string> command;
  int in_flight = 8;
  double timeout_s = 30;
  config::Bytes max_output{16ULL << 20};
  config::Bytes max_memory{2ULL << 30};
  int max_cpu_s = 0;
  std::vector<std::string> pass_env{};
};
[[nodiscard]] config::Options<CommandOptions> command_options();

class Command {
 public:
  /// `secrets`: variables of the environment that the program does not get.
  Command(CommandOptions options, std::string folder, std::vector<std::string> secrets = {})
      : options_(std::move(options)), folder_(std::move(folder)), secrets_(std::move(secrets)) {}
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::vector<Outcome> handle(std::span<const Envelope> messages);

 private:
  struct Asked {
    std::int64_t id = 0;
    Outcome* outcome = nullptr;
    const Envelope* message = nullptr;
    bool is_answered = false;
  };
  using Clock = std::chrono::steady_clock;
  Result<void> ask(std::span<Asked> asked);
  Result<void> begin();
  void send(std::span<const Asked> asked);
  Result<void> take_answers(std::span<Asked> asked);
  Error blamed_on_itself(const Error& error);
  [[nodiscard]] Error blamed(Error error);
  Result<void> take_answer(std::string_view line, std::span<Asked> asked);

  CommandOptions options_;
  std::string folder_;
  std::vector<std::string> secrets_;
  std::unique_ptr<Child> child_;
  int bad_starts_ = 0;  // in a row
  Clock::time_point not_before_{};
  std::int64_t next_id_ = 1;
  bool has_answered_ = false;  // since it was too late last
};

}  // namespace loom::stages
