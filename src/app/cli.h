// The command line: words to a call of one command function. Exit codes are sysexits.
#pragma once

#include <string>

namespace loom::app {

int run_cli(int argc, char** argv);

/// Every command with its options as Markdown, from the same declarations that parse them.
[[nodiscard]] std::string command_reference();

}  // namespace loom::app
