// loom docs: the reference, from the tables that the code itself uses. docs/reference.md is this output; a test
// compares.
#include <cstdio>

#include "app/cli.h"
#include "app/commands.h"
#include "engines/kinds.h"
#include "ingest/endpoints.h"
#include "stages/kinds.h"

namespace loom::app {
namespace {

void print_options(const std::vector<config::OptionDoc>& options) {
  std::printf("| option | default | meaning |\n|---|---|---|\n");
  for (const auto& option : options)
    std::printf("| `%s` | %s | %s |\n", option.name.c_str(),
                option.fallback.empty() ? "" : ("`" + option.fallback + "`").c_str(), option.help.c_str());
  std::printf("\n");
}

}  // namespace

int docs_command() {
  std::printf("# Reference\n\nMade by `loom docs`; do not edit.\n\n## Commands\n\n%s", command_reference().c_str());
  std::printf(
      "## Configuration (`loom.yaml`)\n\nA variable `LOOM_<SECTION>_<KEY>` overrides an option of a section.\n\n");
  for (const auto& [section, options] : model::catalogue_docs()) {
    std::printf("### `%s`\n\n", section.c_str());
    print_options(options);
  }
  std::printf("## Stages\n\n");
  for (const auto& kind : stages::kinds()) {
    std::printf("### `use: %s`\n\n%s\n\n", std::string(kind.name).c_str(), std::string(kind.help).c_str());
    print_options(kind.options());
  }
  std::printf("## Engines\n\n");
  for (const auto& kind : engines::kinds()) {
    std::printf("### `engine: { use: %s }`\n\n%s\n\n", std::string(kind.name).c_str(), std::string(kind.help).c_str());
    print_options(kind.options());
  }
  std::printf("## Endpoints\n\n| endpoint | what |\n|---|---|\n");
  for (const auto& endpoint : ingest::endpoints())
    std::printf("| `%s %s` | %s |\n", std::string(endpoint.method).c_str(), std::string(endpoint.path).c_str(),
                std::string(endpoint.summary).c_str());
  return 0;
}

}  // namespace loom::app
