// The connection of a `use: http` stage: an http::Client behind the function that the stage knows.
// Threads: each Ask by one thread at a time. Errors: configuration (no address, no file of authorities).
//   stages::StageEntry entry;   entry.open_service = open_web_service;
#pragma once

#include "stages/http/service.h"

namespace loom::app {

[[nodiscard]] Result<stages::Ask> open_web_service(const stages::Service& service);

}  // namespace loom::app
