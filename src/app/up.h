// loom up: everything of a configuration on this machine. Kafka if none answers, topics, tables, then the API, every
// stage and the sink as child processes that are restarted when they die and drained on Ctrl-C.
// Threads: main's only. Exit: 0 after a stop, 78 when a part refused its configuration, 69 when something is not there.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/supervisor.h"
#include "app/wiring.h"

namespace loom::app {

struct UpOptions {
  std::vector<std::string> scale;  // GROUP=N
};

using Instances = std::map<ConsumerGroup, int>;
/// How many processes each group has here: one, or what --scale says (0: none). Errors: usage.
[[nodiscard]] Result<Instances> instances_of(const model::Catalogue& catalogue, const std::vector<std::string>& scale);

/// The API, the stages and the sink, as this binary's own commands.
[[nodiscard]] std::vector<ChildSpec> parts_of(const model::Catalogue& catalogue, const Instances& instances,
                                              const std::string& config);

/// Where a client on this machine reaches the API: a wildcard address becomes loopback.
[[nodiscard]] std::string api_url(const model::ApiSettings& api);
/// A database URL without its password.
[[nodiscard]] std::string without_password(std::string_view url);

int up_command(const Common& common, const UpOptions& options);

}  // namespace loom::app
