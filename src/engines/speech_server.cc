#include "engines/speech_server.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace loom::engines {
namespace {

constexpr int reach = 24;  // input samples to each side of an output sample
using Phase = std::array<float, 2 * reach>;

/// Low-pass a little below 8 kHz, Blackman window; one filter for each third between two input samples.
std::array<Phase, 3> make_phases() {
  constexpr double cutoff = 0.96, pi = std::numbers::pi;
  std::array<Phase, 3> phases{};
  for (std::size_t third = 0; third < 3; ++third) {
    double sum = 0;
    for (int tap = 0; tap < 2 * reach; ++tap) {
      double x = tap - (reach - 1) - static_cast<double>(third) / 3;
      double sinc = x == 0 ? cutoff : std::sin(pi * cutoff * x) / (pi * x);
      double window = 0.42 + 0.5 * std::cos(pi * x / reach) + 0.08 * std::cos(2 * pi * x / reach);
      phases[third][static_cast<std::size_t>(tap)] = static_cast<float>(sinc * window);
      sum += sinc * window;
    }
    for (auto& weight : phases[third]) weight = static_cast<float>(weight / sum);
  }
  return phases;
}

}  // namespace

tl::unexpected<Error> rubbish(std::string_view engine, std::string what) {
  return fail(ErrorKind::unavailable, std::string(engine) + ": the server's answer can't be understood: " + what,
              {.field = {}, .remedy = "check that the address is such a server's", .code = {}});
}

Result<void> accepted(const http::ClientReply& reply, std::string_view engine) {
  if (reply.status / 100 == 2) return {};
  auto kind = ErrorKind::unavailable;
  std::string remedy = "check the server";
  switch (reply.status) {
    case 400:
    case 415:
    case 422:
      kind = ErrorKind::malformed;
      remedy = "send sound that the server takes";
      break;
    case 413:
      kind = ErrorKind::too_large;
      remedy = "cut utterances shorter";
      break;
    case 401:
    case 403:
      remedy = "check the key (api_key_env)";
      break;
    case 404:
    case 405:
      remedy = "check the url and the protocol of this engine";
      break;
    default:
      break;
  }
  auto status = std::to_string(reply.status);
  return fail(kind, std::string(engine) + ": the server answered " + status,
              {.field = {}, .remedy = std::move(remedy), .code = status});
}

Sound resampled_to_24k(std::span<const float> sound) {
  static const auto phases = make_phases();
  Sound out(sound.size() * 3 / 2);
  auto size = static_cast<std::ptrdiff_t>(sound.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto first = static_cast<std::ptrdiff_t>(i * 2 / 3) - (reach - 1);
    const auto& phase = phases[i * 2 % 3];
    auto from = std::max<std::ptrdiff_t>(0, -first), to = std::min<std::ptrdiff_t>(2 * reach, size - first);
    float sum = 0;
    for (auto tap = from; tap < to; ++tap)
      sum += sound[static_cast<std::size_t>(first + tap)] * phase[static_cast<std::size_t>(tap)];
    out[i] = sum;
  }
  return out;
}

void settle_times(std::vector<SpokenWord>& words, double seconds) {
  double before = 0;
  for (auto& word : words) {
    word.start = std::clamp(word.start, before, std::max(before, seconds));
    word.end = std::clamp(word.end, word.start, std::max(word.start, seconds));
    before = word.start;
  }
}

std::string text_of_words(const std::vector<SpokenWord>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

Result<std::string> key_of(const std::string& variable) {
  if (variable.empty()) return std::string();
  const char* value = std::getenv(variable.c_str());
  if (value && *value) return std::string(value);
  return fail(ErrorKind::configuration, "the environment variable " + variable + " is not set",
              {.field = "api_key_env", .remedy = "set it to the server's key", .code = {}});
}

}  // namespace loom::engines
