// The stage that hands messages to a program of any language, in JSON lines (docs/stages.md):
//   to the program    {"id":7,"message":{…the whole message…}}
//   from the program  {"id":7,"result":{…}} | {"id":7,"results":[{…},{…}]} | {"id":7,"drop":"reason"}
//                     | {"id":7,"error":"what is wrong","retry":false}
// Several messages are under way at once, answers may come in any order. A program that ends, hangs or writes rubbish is
// started again; the messages that it still had are given to the new one alone, so that one which always breaks it
// breaks nobody else's.
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
};
[[nodiscard]] config::Options<CommandOptions> command_options();

class Command {
 public:
  Command(CommandOptions options, std::string folder) : options_(std::move(options)), folder_(std::move(folder)) {}
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::vector<Outcome> handle(std::span<const Envelope> messages);

 private:
  struct Asked {
    std::int64_t id = 0;
    Outcome* outcome = nullptr;
    const Envelope* message = nullptr;
    bool is_answered = false;
  };
  Result<void> ask(std::span<Asked> asked);
  Result<void> take_answer(std::string_view line, std::span<Asked> asked);

  CommandOptions options_;
  std::string folder_;
  std::unique_ptr<Child> child_;
  std::int64_t next_id_ = 1;
};

}  // namespace loom::stages
