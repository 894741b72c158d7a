// What the engines that send sound to a server share: what its answers mean, and the sound in another rate. Pure.
// Errors: a server that is down, busy, refuses the key or answers rubbish is unavailable (retried); one that refuses the
// sound itself is malformed or too_large (rejected).
//   if (auto fine = accepted(*reply, "whisper"); !fine) return tl::unexpected(fine.error());
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "loom/speech.h"

namespace loom::engines {

[[nodiscard]] Result<void> accepted(const http::ClientReply& reply, std::string_view engine);
[[nodiscard]] tl::unexpected<Error> rubbish(std::string_view engine, std::string what);

/// 16 kHz → 24 kHz: 3:2, by a windowed sinc; as long in time, within a sample.
[[nodiscard]] Sound resampled_to_24k(std::span<const float> sound);

/// Words in order and within the sound: starts don't go back, ends don't come before starts.
void settle_times(std::vector<SpokenWord>& words, double seconds);
[[nodiscard]] std::string text_of_words(const std::vector<SpokenWord>& words);

/// The value of an environment variable; "" where no variable is named. Errors: configuration, when it is not set.
[[nodiscard]] Result<std::string> key_of(const std::string& variable);

}  // namespace loom::engines
