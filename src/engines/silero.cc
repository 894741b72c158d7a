#include "engines/silero.h"

#include <algorithm>

#include "base/model_files.h"
#include "engines/onnx.h"

namespace loom::engines {
namespace {

constexpr std::int64_t state_shape[] = {2, 1, 128};

Result<float> probability_of(const OnnxModel& model, SpeechMemory& memory, std::span<const float> window) {
  if (window.size() != speech_window && window.size() != telephone_window)
    return fail(ErrorKind::internal, "a speech window has " + std::to_string(speech_window) + " samples, or " +
                                         std::to_string(telephone_window) + " at 8 kHz, not " + std::to_string(window.size()));
  auto context = window.size() / 8;  // samples of the window before; without them every answer is about 0
  if (memory.state.empty()) memory.state.assign(256, 0.0F), memory.context.assign(context, 0.0F);
  if (memory.context.size() != context) return fail(ErrorKind::internal, "a stream's speech windows have different rates");
  std::vector<float> input(memory.context);
  input.insert(input.end(), window.begin(), window.end());
  const std::int64_t rate = window.size() == speech_window ? sound_rate : telephone_rate;
  auto out = model.run({{"input", {1, static_cast<std::int64_t>(input.size())}, std::span<const float>(input)},
                        {"state", {std::begin(state_shape), std::end(state_shape)}, std::span<const float>(memory.state)},
                        {"sr", {}, std::span<const std::int64_t>(&rate, 1)}},
                       {"output", "stateN"});
  if (!out) return tl::unexpected<Error>(std::move(out.error()));
  memory.state = std::move((*out)[1].values);
  memory.context.assign(window.end() - static_cast<std::ptrdiff_t>(context), window.end());
  return (*out)[0].values.at(0);
}

}  // namespace

config::Options<SileroOptions> silero_options() { return config::Options<SileroOptions>("engines.silero"); }

Result<SpeechDetector> open_silero() {
  auto file = model_file("silero_vad.onnx");
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  auto model = OnnxModel::open(*file, {});
  if (!model) return tl::unexpected<Error>(std::move(model.error()));
  return SpeechDetector([model = *model](SpeechMemory& memory, std::span<const float> window) {
    return probability_of(*model, memory, window);
  });
}

}  // namespace loom::engines
