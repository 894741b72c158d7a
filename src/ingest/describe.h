// The catalogue and the routes as JSON: GET /ingest/message-types and /openapi.json. Pure; made once at the start.
//   auto text = describe_types(catalogue);
#pragma once

#include <string>
#include <vector>

#include "http/routes.h"
#include "model/catalogue.h"

namespace loom::ingest {

[[nodiscard]] std::string describe_type(const model::Catalogue& catalogue, const model::MessageTypeSpec& type);
[[nodiscard]] std::string describe_types(const model::Catalogue& catalogue);
[[nodiscard]] std::string openapi(const model::Catalogue& catalogue, const std::vector<http::Route>& routes);

}  // namespace loom::ingest
