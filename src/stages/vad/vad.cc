#include "stages/vad/vad.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/wav.h"
#include "loom/json.h"
#include "stages/vad/chunks.h"
#include "stages/vad/stream.h"

namespace loom::stages {
namespace {

constexpr Micros second = 1'000'000;
constexpr Micros sync_every = 15 * second;  // of event time: where a process that begins to read later falls into step
constexpr Micros clock_margin = 5 * second;  // longer than a message is under way between the API and here
constexpr Micros least_jitter = second / 4, most_jitter = second;
constexpr std::size_t remembered_ids = 64;
constexpr auto longest_reach = std::chrono::duration_cast<std::chrono::microseconds>(vad_lookback).count() - 5 * second;

Samples samples_of(double seconds) { return static_cast<Samples>(std::llround(seconds * sound_rate)); }

SegmentRules rules_of(const VadOptions& options) {
  return {static_cast<float>(options.threshold), static_cast<float>(options.negative_threshold),
          samples_of(options.min_speech_ms / 1000.0), samples_of(options.min_silence_ms / 1000.0),
          samples_of(options.max_utterance_s)};
}

double thousandths(double value) { return std::round(value * 1000) / 1000; }

std::string settings_of(const VadOptions& options) {
  auto number = [](double value) {
    std::string text;
    json::append_number(text, value);
    return text;
  };
  return "threshold " + number(options.threshold) + "/" + number(options.negative_threshold) + ", speech " +
         number(options.min_speech_ms) + " ms, silence " + number(options.min_silence_ms) + " ms, pad " +
         number(options.pad_ms) + " ms";
}

/// The chunk's data with the utterance's sound in place of its own.
std::string data_with(const Envelope& message, const Sound& sound) {
  std::string data = "{";
  auto raw = json::raw_member(message.json, "data");
  if (raw)
    json::each_raw_member(*raw, [&](std::string_view key, std::string_view value) {
      for (std::string_view own : {"chunk_data", "sample_rate", "channels", "format", "duration_ms"})
        if (key == own) return;
      (((data += '"') += key) += "\":") += value;
      data += ',';
    });
  data += R"("sample_rate":16000,"channels":1,"format":"wav","duration_ms":)";
  json::append_number(data, thousandths(static_cast<double>(sound.size()) * 1000 / sound_rate));
  ((data += R"(,"chunk_data":")") += base64_encode(wav_of(sound, sound_rate))) += "\"}";
  return data;
}

std::optional<std::int64_t> sequence_of(const Envelope& message) {
  for (const auto* path : {"data.sequence", "data.chunk_index", "metadata.sequence"})
    if (auto value = message.value.at_path(path))
      if (auto number = value->integer()) return number;
  return std::nullopt;
}

class Utterances : public Joiner {
 public:
  explicit Utterances(const Vad& vad) : vad_(vad) {}

  Taken take(const Envelope& message, const Kept& kept) override;
  [[nodiscard]] std::optional<Micros> closes_after() const override {
    bool is_open = stream_ && (stream_->segmenter().is_open() || is_any_waiting());
    return is_open ? std::optional(last_duration_ + gap() + clock_margin) : std::nullopt;
  }
  std::vector<Ended> close() override {
    std::vector<Ended> ended;
    end_stream(ended);
    return ended;
  }

 private:
  [[nodiscard]] Micros gap() const { return static_cast<Micros>(vad_.options.gap_s * second); }
  [[nodiscard]] bool is_any_waiting() const;
  [[nodiscard]] bool is_repeat(const Identity& identity) const {
    return std::find(recent_.begin(), recent_.end(), identity) != recent_.end();
  }
  [[nodiscard]] bool breaks_off(const Envelope& message) const;
  [[nodiscard]] bool is_time_to_sync(const Envelope& message) const;
  void note(const Envelope& message, Micros duration);

  Result<void> feed(const RecordedSound& sound, std::vector<Ended>& ended);
  void end_stream(std::vector<Ended>& ended);
  void finish(const Segment& segment, std::vector<Ended>& ended);
  Output output_of(const Segment& segment, Chunk& chunk, const std::vector<Chunk*>& sources) const;
  void drop_waiting(std::vector<Ended>& ended);
  static Outcome own_outcome(Chunk& chunk, std::vector<Ended>& ended, bool is_open);

  Vad vad_;
  std::optional<SpeechStream> stream_;
  Chunks chunks_;
  std::deque<Identity> recent_;
  Micros stream_began_ = 0;      // event time
  Micros last_end_ = 0;          // event time
  Micros last_timestamp_ = 0, last_duration_ = 0, started_ = 0;
  std::optional<std::int64_t> last_sequence_;
  std::optional<Micros> open_since_;  // `timestamp` of the first chunk of what is open
};

bool Utterances::is_any_waiting() const {
  auto& all = const_cast<Chunks&>(chunks_).all();
  return std::any_of(all.begin(), all.end(),
                     [](const Chunk& chunk) { return chunk.state == Chunk::State::joined && !chunk.is_named; });
}

/// Whether this chunk does not go on where the one before ended. By the messages' own times, never by the clock.
bool Utterances::breaks_off(const Envelope& message) const {
  auto hole = message.recorded_at - last_end_;
  auto tolerance = std::clamp(last_duration_ / 2, least_jitter, most_jitter);
  if (hole > std::min(tolerance, gap()) || hole < -tolerance) return true;
  auto sequence = sequence_of(message);
  if (sequence && last_sequence_ && *sequence != *last_sequence_ + 1) return true;
  if (message.timestamp >= last_timestamp_ + last_duration_ + gap()) return true;  // the clock may have ended it
  return open_since_ && message.timestamp - *open_since_ > longest_reach;
}

bool Utterances::is_time_to_sync(const Envelope& message) const {
  return !stream_->segmenter().is_open() && message.recorded_at / sync_every != stream_began_ / sync_every;
}

void Utterances::note(const Envelope& message, Micros duration) {
  recent_.push_back(message.identity);
  if (recent_.size() > remembered_ids) recent_.pop_front();
  last_end_ = message.recorded_at + duration;
  last_timestamp_ = message.timestamp;
  last_duration_ = duration;
  last_sequence_ = sequence_of(message);
}

Taken Utterances::take(const Envelope& message, const Kept& kept) {
  if (is_repeat(message.identity)) return {Drop{"repeated"}};
  auto sound = sound_of(message, {vad_.options.max_seconds});
  if (!sound) return {outcome_of(std::move(sound.error()))};
  started_ = vad_.clock();
  std::vector<Ended> ended;
  if (stream_ && (stream_->rate() != sound->rate || breaks_off(message) || is_time_to_sync(message))) end_stream(ended);
  if (!stream_) {
    stream_.emplace(vad_.detect, rules_of(vad_.options), samples_of(vad_.options.pad_ms / 1000.0), sound->rate);
    stream_began_ = message.recorded_at;
  }
  auto first = stream_->pushed();
  auto size = static_cast<Samples>(sound->samples.size()) * sound_rate / sound->rate;
  chunks_.add({kept, message.identity, first, first + size, message.recorded_at});
  auto fed = feed(*sound, ended);
  if (!fed) {  // what had ended in this chunk is in its dead letter
    std::erase_if(ended, [&](const Ended& one) { return one.message == kept; });
    chunks_.last().state = Chunk::State::dropped;
    end_stream(ended);
    return {outcome_of(std::move(fed.error())), std::move(ended)};
  }
  note(message, size * second / sound_rate);
  bool is_open = stream_->segmenter().is_open();
  if (is_open && !open_since_) open_since_ = message.timestamp;
  auto own = own_outcome(chunks_.last(), ended, is_open);
  chunks_.forget_before(is_open ? std::min(stream_->segmenter().start(), stream_->segmenter().likely_end()) : first);
  return {std::move(own), std::move(ended)};
}

Result<void> Utterances::feed(const RecordedSound& sound, std::vector<Ended>& ended) {
  return stream_->push(sound.samples, [&](const Segment& segment) { finish(segment, ended); });
}

void Utterances::end_stream(std::vector<Ended>& ended) {
  if (!stream_) return;
  (void)stream_->finish([&](const Segment& segment) { finish(segment, ended); });  // at worst its last windows are lost
  drop_waiting(ended);
  stream_.reset();
  chunks_ = {};
  open_since_.reset();
}

/// An utterance goes on with the identity of the chunk it ends in; what was too short for speech is dropped.
void Utterances::finish(const Segment& segment, std::vector<Ended>& ended) {
  open_since_.reset();
  if (!segment.is_speech) return drop_waiting(ended);
  auto* chunk = &chunks_.holding(segment.end - 1);
  auto sources = chunks_.taking_part(segment.start, segment.end);
  if (chunk->state == Chunk::State::dropped) chunk = sources.empty() ? &chunks_.last() : sources.back();
  ended.push_back({chunk->kept, Emit{{output_of(segment, *chunk, sources)}}});
  ++chunk->utterances;
  chunk->state = Chunk::State::emitted;
  for (auto* source : sources) source->is_named = true;
}

Output Utterances::output_of(const Segment& segment, Chunk& chunk, const std::vector<Chunk*>& sources) const {
  auto sound = stream_->cut(segment);
  auto [from, to] = stream_->padded(segment);  // the times are those of the sound that goes on
  std::vector<std::string> names;
  for (const auto* source : sources)
    names.push_back(
        json::Writer{}.field("message_id", source->identity.message_id).field("part", source->identity.part).text());
  auto result = json::Writer{}
                    .field("start", to_rfc3339(chunk.time_of(to) - (to - from) * second / sound_rate))
                    .field("end", to_rfc3339(chunk.time_of(to)))
                    .field("duration_ms", thousandths(static_cast<double>(to - from) * 1000 / sound_rate))
                    .raw("probabilities", json::Writer{}
                                              .field("mean", thousandths(segment.mean))
                                              .field("max", thousandths(segment.most))
                                              .field("min", thousandths(segment.least))
                                              .text())
                    .raw("sources", json::array_of(names))
                    .field("engine", "silero")
                    .field("engine_version", "6.2")
                    .field("settings", settings_of(vad_.options))
                    .field("took_ms", static_cast<double>(std::max<Micros>(vad_.clock() - started_, 0)) / 1000)
                    .text();
  return {std::move(result), data_with(*chunk.kept, sound), std::to_string(chunk.utterances)};
}

/// Chunks that waited for an utterance which is none.
void Utterances::drop_waiting(std::vector<Ended>& ended) {
  for (auto& chunk : chunks_.all()) {
    if (chunk.state != Chunk::State::joined || chunk.is_named) continue;
    chunk.state = Chunk::State::dropped;
    ended.push_back({chunk.kept, Drop{"speech_too_short"}});
  }
}

/// Of the chunk at hand: what ended in it is its own outcome, not a later one's.
Outcome Utterances::own_outcome(Chunk& chunk, std::vector<Ended>& ended, bool is_open) {
  Emit emit;
  for (auto& one : ended)
    if (one.message == chunk.kept)
      for (auto& output : std::get<Emit>(one.how).messages) emit.messages.push_back(std::move(output));
  std::erase_if(ended, [&](const Ended& one) { return one.message == chunk.kept; });
  if (!emit.messages.empty()) return emit;
  if (is_open) {
    chunk.state = Chunk::State::joined;
    return Joined{};
  }
  if (chunk.is_named) return Joined{};  // an utterance that ended in an earlier chunk reached into it
  chunk.state = Chunk::State::dropped;
  return Drop{"silence"};
}

}  // namespace

config::Options<VadOptions> vad_options() {
  auto share = [](double value) -> std::optional<std::string> {
    return value > 0 && value < 1 ? std::nullopt : std::optional<std::string>("must be between 0 and 1");
  };
  auto positive = [](double value) -> std::optional<std::string> {
    return value > 0 ? std::nullopt : std::optional<std::string>("must be more than 0");
  };
  auto utterance = [](double value) -> std::optional<std::string> {
    return value >= 1 && value <= 30 ? std::nullopt : std::optional<std::string>("must be 1 to 30");
  };
  return config::Options<VadOptions>("stages.vad")
      .add("threshold", &VadOptions::threshold, "speech begins where it is at least so probable", share)
      .add("negative_threshold", &VadOptions::negative_threshold, "and ends where it is less probable than this", share)
      .add("min_speech_ms", &VadOptions::min_speech_ms, "what is shorter is no speech", config::at_least(0))
      .add("min_silence_ms", &VadOptions::min_silence_ms, "the pause that ends an utterance", config::at_least(64))
      .add("pad_ms", &VadOptions::pad_ms, "sound kept before and after an utterance", config::at_least(0))
      .add("max_utterance_s", &VadOptions::max_utterance_s, "longer speech is cut", utterance)
      .add("gap_s", &VadOptions::gap_s, "seconds without sound that end an utterance", positive)
      .add("max_seconds", &VadOptions::max_seconds, "longest chunk; a longer one is a dead letter", positive);
}

std::size_t largest_utterance(const VadOptions& options) {
  constexpr std::size_t header = 44, bytes_of_sample = 2, rest = 64 << 10;
  auto samples = samples_of(options.max_utterance_s) + 2 * samples_of(options.pad_ms / 1000.0);
  return (header + bytes_of_sample * static_cast<std::size_t>(samples) + 2) / 3 * 4 + rest;
}

std::unique_ptr<Joiner> make_utterances(const Vad& vad) { return std::make_unique<Utterances>(vad); }

}  // namespace loom::stages
