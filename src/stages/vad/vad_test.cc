// Utterances on real recordings, with a detector that follows loudness: the model itself is tested with its engine, and
// both together in tests/test_speech.py.
#include "stages/vad/vad.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "base/bytes.h"
#include "base/wav.h"
#include "loom/json.h"
#include "stages/audio/audio.h"

namespace loom::stages {
namespace {

constexpr Micros start_of_2026 = 1767225600000000;

/// Loud is speech.
Result<float> by_loudness(SpeechMemory&, std::span<const float> window) {
  double sum = 0;
  for (float sample : window) sum += static_cast<double>(sample) * sample;
  return sum / static_cast<double>(window.size()) > 0.001 ? 0.9F : 0.05F;
}

struct Part {
  double seconds;
  bool is_loud;
};
std::vector<float> sound_of_parts(const std::vector<Part>& parts, int rate = sound_rate) {
  std::vector<float> sound;
  std::mt19937 random(7);
  std::uniform_real_distribution<float> noise(-0.5F, 0.5F);
  for (const auto& [seconds, is_loud] : parts)
    for (int i = 0; i < static_cast<int>(seconds * rate); ++i) sound.push_back(is_loud ? noise(random) : 0.0F);
  return sound;
}

struct Emitted {
  std::string id, part;
  double start, end;  // seconds since start_of_2026
  std::set<std::string> sources;
  std::string audio;
};

/// Feeds a joiner as the runner does and keeps count of how each chunk ended.
class Device {
 public:
  explicit Device(VadOptions options = {}) : joiner_(make_utterances({options, by_loudness, [] { return Micros{0}; }})) {}

  struct More {
    std::optional<double> at{};        // seconds: recorded_at
    std::optional<double> received{};  // seconds: timestamp
    std::string fields{};              // of data
    int rate = sound_rate;
  };
  std::string send(std::span<const float> samples, const std::string& id, More more) {
    auto at = more.at.value_or(next_);
    next_ = at + static_cast<double>(samples.size()) / more.rate;
    auto received = more.received.value_or(next_);
    struct Holder {
      json::Document document;
      std::string text;
      Envelope envelope;
    };
    auto holder = std::make_shared<Holder>();
    holder->text = R"({"data":{"note":"kept",)" + more.fields + R"("chunk_data":")" + base64_encode(wav_of(samples, more.rate)) +
                   R"("},"metadata":{}})";
    holder->envelope.value = *holder->document.parse(holder->text);
    holder->envelope.json = holder->text;
    holder->envelope.identity = {id, ""};
    holder->envelope.recorded_at = start_of_2026 + std::llround(at * 1e6);
    holder->envelope.timestamp = start_of_2026 + std::llround(received * 1e6);
    auto taken = joiner_->take(holder->envelope, Kept(holder, &holder->envelope));
    for (const auto& ended : taken.ended) note(ended);
    return note(id, taken.own);
  }
  std::string send(std::span<const float> samples, const std::string& id) { return send(samples, id, {}); }
  void send_in_chunks(const std::vector<float>& sound, double seconds, int rate = sound_rate) {
    auto size = static_cast<std::size_t>(seconds * rate);
    for (std::size_t at = 0; at < sound.size(); at += size)
      send({sound.data() + at, std::min(size, sound.size() - at)}, "c" + std::to_string(count_++), {.rate = rate});
  }
  void close() {
    for (const auto& ended : joiner_->close()) note(ended);
  }

  std::vector<Emitted> emitted;
  std::map<std::string, std::string> fate;  // id → joined, dropped reason, emitted, rejected
  std::unique_ptr<Joiner> joiner_;

  /// Every chunk is emitted, dropped, or joined and named in some utterance's sources: exactly one of them.
  void expect_accounted() const {
    std::set<std::string> named;
    for (const auto& one : emitted) named.insert(one.sources.begin(), one.sources.end());
    for (const auto& [id, how] : fate) {
      EXPECT_TRUE(how != "joined" || named.contains(id)) << id << " joined nothing";
      EXPECT_FALSE(how.starts_with("dropped") && named.contains(id)) << id << " was dropped and is a source";
    }
  }

 private:
  std::string note(const std::string& id, const Outcome& outcome) {
    std::string how = "joined";
    if (auto* drop = std::get_if<Drop>(&outcome)) how = "dropped " + drop->reason;
    if (auto* reject = std::get_if<Reject>(&outcome)) how = "rejected " + reject->error.field;
    if (auto* emit = std::get_if<Emit>(&outcome)) how = "emitted", note(id, *emit);
    EXPECT_TRUE(!fate.contains(id) || how == "dropped repeated") << id << " ended twice";
    if (how != "dropped repeated") fate[id] = how;
    return how;
  }
  void note(const Ended& ended) {
    auto id = ended.message->identity.message_id;
    EXPECT_TRUE(fate.contains(id)) << id << " ended before it settled";
    if (auto* drop = std::get_if<Drop>(&ended.how)) {
      EXPECT_EQ(fate[id], "joined") << "only what joined can be dropped later";
      fate[id] = "dropped " + drop->reason;
      return;
    }
    fate[id] = "emitted";
    note(id, std::get<Emit>(ended.how));
  }
  void note(const std::string& id, const Emit& emit) {
    for (const auto& output : emit.messages) {
      json::Document result, data;
      auto value = *result.parse(output.result);
      auto fields = *data.parse(*output.data);
      EXPECT_EQ(fields.get("note")->string(), "kept");
      Emitted one{id, output.part_step, seconds(value, "start"), seconds(value, "end"), {},
                  std::string(*fields.get("chunk_data")->string())};
      value.get("sources")->each_element(
          [&](json::Value source) { one.sources.insert(std::string(*source.get("message_id")->string())); });
      emitted.push_back(std::move(one));
    }
  }
  static double seconds(const json::Value& value, std::string_view name) {
    return static_cast<double>(*parse_time(*value.get(name)->string()) - start_of_2026) / 1e6;
  }
  double next_ = 0;
  int count_ = 0;
};

const std::vector<Part> talk = {{1, false}, {2, true}, {0.5, false}, {1.5, true}, {0.06, false}, {1, true}, {2, false},
                                {0.1, true}, {1, false}, {3, true}, {1, false}};

TEST(Vad, UtterancesAreTheSameWhateverTheChunks) {
  for (double seconds : {0.05, 0.2, 0.7, 1.0, 3.0, 10.0, 60.0}) {
    SCOPED_TRACE(seconds);
    Device device;
    device.send_in_chunks(sound_of_parts(talk), seconds);
    device.close();
    ASSERT_EQ(device.emitted.size(), 3U);
    const double wanted[][2] = {{1, 3}, {3.5, 6.06}, {9.16, 12.16}};
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(device.emitted[i].start, wanted[i][0] - 0.03, 0.033);
      EXPECT_NEAR(device.emitted[i].end, wanted[i][1] + 0.03, 0.033);
    }
    device.expect_accounted();
  }
}

TEST(Vad, OtherRatesGiveTheSameTimes) {
  for (int rate : {8000, 44100, 48000}) {
    SCOPED_TRACE(rate);
    Device device;
    device.send_in_chunks(sound_of_parts(talk, rate), 1, rate);
    device.close();
    ASSERT_EQ(device.emitted.size(), 3U);
    EXPECT_NEAR(device.emitted[1].start, 3.47, 0.04);
    EXPECT_NEAR(device.emitted[1].end, 6.09, 0.04);
    device.expect_accounted();
  }
}

TEST(Vad, AnUtteranceEndsWithTheSoundThoughAWindowDoesNot) {
  for (int rate : {8000, 16000, 48000}) {
    SCOPED_TRACE(rate);
    Device device;
    device.send_in_chunks(sound_of_parts({{0.5, false}, {1.005, true}}, rate), 0.7, rate);
    device.close();
    ASSERT_EQ(device.emitted.size(), 1U);
    EXPECT_NEAR(device.emitted[0].end, 1.505, 0.0002);
    auto seconds = static_cast<double>(base64_decode(device.emitted[0].audio)->size() - 44) / 32000;
    EXPECT_NEAR(seconds, device.emitted[0].end - device.emitted[0].start, 0.0002);
  }
}

TEST(Vad, TheIdentityIsThatOfTheChunkItEndsIn) {
  Device device;
  device.send_in_chunks(sound_of_parts(talk), 1);
  device.close();
  ASSERT_EQ(device.emitted.size(), 3U);
  EXPECT_EQ(device.emitted[0].id + "/" + device.emitted[0].part, "c3/0") << "its last window ends 8 ms into it";
  EXPECT_EQ(device.emitted[0].sources, (std::set<std::string>{"c1", "c2", "c3"}));
  EXPECT_EQ(device.emitted[1].id, "c6");
  EXPECT_EQ(device.fate["c0"], "dropped silence");
  Device whole;
  whole.send_in_chunks(sound_of_parts(talk), 100);
  ASSERT_EQ(whole.emitted.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(whole.emitted[i].id + whole.emitted[i].part, "c0" + std::to_string(i));
}

TEST(Vad, WhatIsTooShortIsDroppedThoughItHadJoined) {
  Device device;
  device.send_in_chunks(sound_of_parts({{0.2, false}, {0.15, true}, {1, false}}), 0.1);
  device.close();
  EXPECT_TRUE(device.emitted.empty());
  EXPECT_EQ(device.fate["c2"], "dropped speech_too_short");
  device.expect_accounted();
}

TEST(Vad, AGapAMissingAndALateChunkEndAnUtterance) {
  auto second = sound_of_parts({{1, true}});
  struct Case {
    const char* what;
    double second_at;
    std::string fields;
  };
  for (const auto& [what, at, fields] :
       {Case{"gap", 10, ""}, Case{"missing", 2, ""}, Case{"late", -1, ""}, Case{"sequence", 1, R"("sequence":7,)"}}) {
    SCOPED_TRACE(what);
    Device device;
    device.send(second, "a", {.at = 0, .fields = R"("sequence":1,)"});
    device.send(second, "b", {.at = at, .received = 2, .fields = fields});
    EXPECT_EQ(device.fate["a"], "emitted");
    device.close();
    ASSERT_EQ(device.emitted.size(), 2U);
    EXPECT_NEAR(device.emitted[0].end, 1, 0.033);
    device.expect_accounted();
  }
}

TEST(Vad, JitterIsNoGap) {
  Device device;
  auto second = sound_of_parts({{1, true}});
  double jitter[] = {0, 0.1, -0.15, 0.2, 0};
  for (int i = 0; i < 5; ++i) device.send(second, "c" + std::to_string(i), {.at = i + jitter[i], .received = i + 1.0});
  device.close();
  EXPECT_EQ(device.emitted.size(), 1U);
}

TEST(Vad, TheClockEndsWhatIsOpenAndAReplayCutsAtTheSamePlace) {
  Device device;
  auto second = sound_of_parts({{1, true}});
  EXPECT_EQ(device.joiner_->closes_after(), std::nullopt);
  device.send(second, "a", {.at = 0, .received = 1});
  EXPECT_EQ(device.joiner_->closes_after(), 14'000'000);
  device.close();
  EXPECT_EQ(device.joiner_->closes_after(), std::nullopt);
  Device replay;  // the same, read again: the next chunk came after the clock had ended the first
  replay.send(second, "a", {.at = 0, .received = 1});
  replay.send(second, "b", {.at = 1, .received = 14});
  ASSERT_EQ(replay.emitted.size(), 1U);
  EXPECT_EQ(replay.emitted[0].audio, device.emitted[0].audio);
  EXPECT_EQ(replay.emitted[0].id, "a");
}

TEST(Vad, ARepeatIsNotHeardTwice) {
  Device device;
  auto second = sound_of_parts({{1, true}});
  device.send(second, "a");
  EXPECT_EQ(device.send(second, "a", {.at = 0}), "dropped repeated");
  device.send(second, "b", {.at = 1});
  device.close();
  ASSERT_EQ(device.emitted.size(), 1U);
  EXPECT_NEAR(device.emitted[0].end - device.emitted[0].start, 2, 0.033);
}

TEST(Vad, TheLongestUtteranceIsAsLargeAsItIsSaid) {
  VadOptions options{.max_utterance_s = 5};
  Device device(options);
  device.send_in_chunks(sound_of_parts({{1, false}, {12, true}, {1, false}}), 1);
  std::size_t most = 0;
  for (const auto& one : device.emitted) most = std::max(most, one.audio.size());
  auto said = largest_utterance(options) - (64 << 10);
  EXPECT_LE(most, said);
  EXPECT_GT(most, said - 8000) << "but for a window and a pad";
}

TEST(Vad, LongSpeechIsCut) {
  Device device({.max_utterance_s = 5});
  device.send_in_chunks(sound_of_parts({{12, true}, {1, false}}), 1);
  EXPECT_EQ(device.emitted.size(), 3U);
  device.expect_accounted();
}

TEST(Vad, BadSoundIsRejectedAndTheStreamGoesOn) {
  Device device;
  auto second = sound_of_parts({{1, true}});
  device.send(second, "a");
  EXPECT_EQ(device.send(second, "bad", {.fields = R"("sample_rate":8000,)"}), "rejected data.sample_rate");
  EXPECT_EQ(device.send(second, "worse", {.fields = R"("duration_ms":5,)"}), "rejected data.duration_ms");
  device.close();
  EXPECT_EQ(device.emitted.size(), 1U);
}

TEST(Vad, AnyChunkingAccountsForEveryChunkOnce) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::vector<Part> parts;
    for (int i = 0; i < 12; ++i)
      parts.push_back({std::uniform_real_distribution<double>(0.05, 3)(random), random() % 2 == 0});
    auto rate = std::array{8000, 16000, 44100}[round % 3];
    auto sound = sound_of_parts(parts, rate);
    Device device;
    int n = 0;
    for (std::size_t at = 0; at < sound.size();) {
      auto size = std::min<std::size_t>(std::uniform_int_distribution<std::size_t>(400, 40000)(random), sound.size() - at);
      Device::More more{.rate = rate};
      if (random() % 10 == 0) more = {.at = n * 100.0, .received = 5, .rate = rate};
      device.send({sound.data() + at, size}, "c" + std::to_string(n++), more);
      at += size;
    }
    device.close();
    device.expect_accounted();
  }
}

/// A process that begins to read the lookback before some point gives, from that point on, what the other one gave.
TEST(Vad, WhoBeginsLaterFallsIntoStep) {
  for (auto [rate, chunk] : {std::pair{44100, 30011UL}, {8000, 5443UL}}) {  // chunks are no multiple of anything
    SCOPED_TRACE(rate);
    std::mt19937 random(5);
    std::vector<Part> parts;
    for (int i = 0; i < 160; ++i) parts.push_back({std::uniform_real_distribution<double>(0.1, 2)(random), i % 2 == 0});
    auto sound = sound_of_parts(parts, rate);
    auto feed = [&, rate = rate, chunk = chunk](Device& device, std::size_t from) {
      for (std::size_t i = from; i * chunk < sound.size(); ++i)
        device.send({sound.data() + i * chunk, std::min(chunk, sound.size() - i * chunk)}, "c" + std::to_string(i),
                    {.at = static_cast<double>(i * chunk) / rate, .rate = rate});
      device.close();
    };
    Device all, later;
    feed(all, 0);
    feed(later, 60);
    auto point = 60.0 * static_cast<double>(chunk) / rate + 55;
    std::vector<std::string> from_all, from_later;
    for (auto [device, to] : {std::pair{&all, &from_all}, {&later, &from_later}})
      for (const auto& one : device->emitted)
        if (one.end > point) to->push_back(one.id + "/" + one.part + " " + sha256_hex(one.audio));
    EXPECT_GT(from_all.size(), 20U);
    EXPECT_EQ(from_all, from_later);
  }
}

}  // namespace
}  // namespace loom::stages
