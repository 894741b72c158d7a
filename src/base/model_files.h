// The model files that tools/setup brought, each proved by its checksum the first time this process asks for it.
// Threads: any; a file is hashed once. Errors: configuration (missing, or another checksum), with the remedy.
//   auto path = model_file("silero_vad.onnx");   // Result<std::string>
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loom/error.h"

namespace loom {

struct ModelFile {
  std::string_view name;    // under .deps/models
  std::string_view sha256;  // hex; the same as in tools/models.sha256 (tested)
};
[[nodiscard]] std::span<const ModelFile> model_files();

[[nodiscard]] Result<std::string> model_file(std::string_view name);

/// Those that this process has asked for so far, with how that went.
struct AskedModelFile {
  std::string name;
  Result<std::string> path;
};
[[nodiscard]] std::vector<AskedModelFile> asked_model_files();

}  // namespace loom
