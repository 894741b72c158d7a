#include "stages/audio/audio.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace loom::stages {
namespace {

constexpr auto field = "data.chunk_data";

std::string seconds_text(double seconds) { return std::to_string(std::llround(seconds * 1000)) + " ms"; }

/// A member that has to be a number where it is given.
Result<std::optional<double>> claim(const Envelope& message, const std::string& path) {
  auto given = message.value.at_path(path);
  if (!given || given->is_null()) return std::nullopt;
  if (auto number = given->number()) return number;
  return fail(ErrorKind::invalid_value, path + " is no number", {.field = path, .remedy = "send a number, or leave it out"});
}

/// A `format` that names a file's; PCM has many names, and none.
bool names_a_file(std::string_view format) {
  for (std::string_view part : {"wav", "flac", "ogg", "opus", "vorbis", "mp3", "mpeg", "webm", "m4a", "mp4", "aac", "aiff"})
    if (format.find(part) != std::string_view::npos) return true;
  return false;
}

struct Claims {
  std::optional<double> rate, channels, duration_ms;
};

Result<Claims> claims_of(const Envelope& message) {
  Claims claims;
  for (auto [path, to] : {std::pair{"data.sample_rate", &claims.rate}, {"data.channels", &claims.channels},
                          {"data.duration_ms", &claims.duration_ms}}) {
    auto number = claim(message, path);
    if (!number) return tl::unexpected<Error>(std::move(number.error()));
    *to = *number;
  }
  return claims;
}

tl::unexpected<Error> contradiction(const std::string& path, double claimed, const std::string& is) {
  return fail(ErrorKind::invalid_value, path + " is " + std::to_string(std::llround(claimed)) + ", the sound has " + is,
              {.field = path, .remedy = "send what the sound has, or leave it out"});
}

Result<RecordedSound> pcm_of(std::string_view bytes, const Claims& claims, const SoundLimits& limits) {
  auto rate = claims.rate.value_or(0), channels = claims.channels.value_or(1);
  if (rate < 4000 || rate > 192000)
    return fail(ErrorKind::invalid_value, "data.sample_rate is " + std::to_string(std::llround(rate)) + ", PCM has 4000 to 192000",
                {.field = "data.sample_rate", .remedy = "send the rate that the sound was recorded with"});
  if (channels != 1 && channels != 2)
    return fail(ErrorKind::invalid_value, "data.channels is " + std::to_string(std::llround(channels)) + ", PCM has 1 or 2",
                {.field = "data.channels", .remedy = "send mono or stereo"});
  auto frame = static_cast<std::size_t>(channels) * 2;
  if (bytes.size() % frame != 0)
    return fail(ErrorKind::malformed, "the sound has " + std::to_string(bytes.size()) + " bytes, no whole number of 16 bit samples",
                {.field = field, .remedy = "send signed 16 bit little-endian PCM, or a WAV, FLAC, OGG or MP3 file"});
  auto frames = bytes.size() / frame;
  if (static_cast<double>(frames) > limits.max_seconds * rate)
    return fail(ErrorKind::too_large, "the sound lasts " + seconds_text(static_cast<double>(frames) / rate) + ", more than " +
                                          seconds_text(limits.max_seconds),
                {.field = field, .remedy = "send shorter chunks or raise the stage's max_seconds"});
  RecordedSound sound{std::vector<float>(frames), static_cast<int>(rate)};
  for (std::size_t i = 0; i < frames; ++i) {
    float sum = 0;
    for (std::size_t at = i * frame; at < (i + 1) * frame; at += 2) {
      auto low = static_cast<unsigned char>(bytes[at]), high = static_cast<unsigned char>(bytes[at + 1]);
      sum += static_cast<float>(static_cast<std::int16_t>(low | high << 8)) / 32768.0F;
    }
    sound.samples[i] = sum / static_cast<float>(channels);
  }
  return sound;
}

}  // namespace

Result<RecordedSound> sound_of(const Envelope& message, const SoundLimits& limits) {
  auto text = message.string_at(field);
  if (!text) return tl::unexpected<Error>(std::move(text.error()));
  auto bytes = base64_decode(*text);
  if (!bytes)
    return fail(ErrorKind::malformed, "the sound is no base64",
                {.field = field, .remedy = "encode it as RFC 4648 base64 with padding"});
  if (bytes->empty()) return fail(ErrorKind::malformed, "the sound is empty", {.field = field, .remedy = "leave such chunks out"});
  auto claims = claims_of(message);
  if (!claims) return tl::unexpected<Error>(std::move(claims.error()));
  int channels = 0;
  auto file = read_sound_file(*bytes, limits, &channels);
  if (!file) {
    file.error().field = field;
    return tl::unexpected<Error>(std::move(file.error()));
  }
  if (*file && claims->rate && *claims->rate != (*file)->rate)
    return contradiction("data.sample_rate", *claims->rate, std::to_string((*file)->rate));
  if (*file && claims->channels && *claims->channels != channels)
    return contradiction("data.channels", *claims->channels, std::to_string(channels));
  auto format = message.value.at_path("data.format");
  if (!*file && format && names_a_file(format->string().value_or("")))
    return fail(ErrorKind::malformed, "data.format is '" + std::string(*format->string()) + "', and the bytes begin as no sound file",
                {.field = field, .remedy = "send a WAV, FLAC, OGG or MP3 file, or 16 bit PCM with format pcm"});
  auto sound = *file ? Result<RecordedSound>(std::move(**file)) : pcm_of(*bytes, *claims, limits);
  if (!sound) return sound;
  auto lasts = sound->seconds() * 1000;
  if (auto claimed = claims->duration_ms; claimed && std::abs(*claimed - lasts) > std::max(100.0, lasts / 20))
    return contradiction("data.duration_ms", *claimed, seconds_text(sound->seconds()));
  return sound;
}

}  // namespace loom::stages
