#include "engines/onnx.h"

#include <onnxruntime_cxx_api.h>

namespace loom::engines {
namespace {

/// One for the process. Its log goes nowhere but for fatal lines: what fails is in the Result.
Ort::Env& environment() {
  static Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "loom");
  return env;
}

Ort::Value to_value(const TensorIn& input, const Ort::MemoryInfo& memory) {
  return std::visit(
      [&](auto values) {
        using T = std::remove_const_t<typename decltype(values)::element_type>;
        // The C API takes a mutable pointer and only reads inputs.
        return Ort::Value::CreateTensor<T>(memory, const_cast<T*>(values.data()), values.size(), input.shape.data(),
                                           input.shape.size());
      },
      input.values);
}

TensorOut to_tensor(const Ort::Value& value) {
  auto shape = value.GetTensorTypeAndShapeInfo();
  const auto* first = value.GetTensorData<float>();
  return {shape.GetShape(), std::vector<float>(first, first + shape.GetElementCount())};
}

class Session : public OnnxModel {
 public:
  Session(const std::string& file, const Ort::SessionOptions& options)
      : session_(environment(), file.c_str(), options) {}

  Result<std::vector<TensorOut>> run(std::span<const TensorIn> inputs,
                                     std::span<const char* const> outputs) const override {
    try {
      std::vector<const char*> names;
      std::vector<Ort::Value> values;
      for (const auto& input : inputs) {
        names.push_back(input.name);
        values.push_back(to_value(input, memory_));
      }
      auto results = session_.Run(Ort::RunOptions{nullptr}, names.data(), values.data(), values.size(), outputs.data(),
                                  outputs.size());
      std::vector<TensorOut> tensors;
      for (const auto& result : results) tensors.push_back(to_tensor(result));
      return tensors;
    } catch (const Ort::Exception& thrown) {
      return fail(ErrorKind::internal, std::string("the model could not be run: ") + thrown.what());
    }
  }

  std::string input_name() const override {
    Ort::AllocatorWithDefaultOptions allocator;
    return session_.GetInputNameAllocated(0, allocator).get();
  }
  std::string output_name() const override {
    Ort::AllocatorWithDefaultOptions allocator;
    return session_.GetOutputNameAllocated(0, allocator).get();
  }

 private:
  mutable Ort::Session session_;  // Run is thread-safe, and not declared const
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
};

}  // namespace

Result<std::shared_ptr<const OnnxModel>> OnnxModel::open(const std::string& file, const OnnxOptions& options) {
  try {
    Ort::SessionOptions session;
    session.SetIntraOpNumThreads(options.threads);
    session.SetInterOpNumThreads(1);
    session.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
    session.AddConfigEntry("session.intra_op.allow_spinning", "0");
    return std::make_shared<const Session>(file, session);
  } catch (const Ort::Exception& thrown) {
    return fail(ErrorKind::configuration, "no model can be loaded from '" + file + "': " + thrown.what(),
                {.field = file, .remedy = "run tools/setup, which fetches the models anew"});
  }
}

std::string onnx_runtime_version() { return Ort::GetVersionString(); }

}  // namespace loom::engines
