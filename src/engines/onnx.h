// A model file run by ONNX Runtime on the CPU: named tensors in, named tensors out.
// Ownership: shared; the inputs' values are only looked at during `run`. Threads: `run` from any, several at once.
// Errors: configuration (no such file, no model), internal (a shape that the model refuses).
//   auto model = OnnxModel::open("silero_vad.onnx", {});
//   auto out = (*model)->run({{"input", {1, 576}, samples}, {"sr", {}, rate}}, {"output", "stateN"});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "loom/error.h"

namespace loom::engines {

struct TensorIn {
  const char* name;
  std::vector<std::int64_t> shape;  // {}: a scalar
  std::variant<std::span<const float>, std::span<const std::int64_t>> values;
};
struct TensorOut {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct OnnxOptions {
  int threads = 1;  // of one `run`
};

class OnnxModel {
 public:
  static Result<std::shared_ptr<const OnnxModel>> open(const std::string& file, const OnnxOptions& options);
  virtual ~OnnxModel() = default;
  /// Outputs in the order asked for; all have to be of type float.
  [[nodiscard]] virtual Result<std::vector<TensorOut>> run(std::span<const TensorIn> inputs,
                                                           std::span<const char* const> outputs) const = 0;
  [[nodiscard]] virtual std::string input_name() const = 0;  // of the first
  [[nodiscard]] virtual std::string output_name() const = 0;
  [[nodiscard]] Result<std::vector<TensorOut>> run(std::initializer_list<TensorIn> inputs,
                                                   std::initializer_list<const char*> outputs) const {
    return run(std::span<const TensorIn>(inputs.begin(), inputs.size()),
               std::span<const char* const>(outputs.begin(), outputs.size()));
  }
};

[[nodiscard]] std::string onnx_runtime_version();  // "1.29.0"

}  // namespace loom::engines
