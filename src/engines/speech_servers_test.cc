// The engines that send sound to servers, against peers that speak the protocols, faults included.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/wav.h"
#include "engines/kyutai.h"
#include "engines/openai_audio.h"
#include "engines/engine_peer.h"
#include "engines/remote.h"
#include "engines/speech_sound.h"

namespace loom::engines {
namespace {

using namespace std::chrono_literals;

Sound tone(double seconds, double hertz = 440) {
  Sound sound(static_cast<std::size_t>(seconds * sound_rate));
  for (std::size_t i = 0; i < sound.size(); ++i)
    sound[i] = static_cast<float>(0.5 * std::cos(2 * 3.14159265358979 * hertz * static_cast<double>(i) / sound_rate));
  return sound;
}

Result<Transcript> hear(const Result<Transcriber>& hears, const Sound& sound) {
  if (!hears) return tl::unexpected(hears.error());
  return (*hears)(std::span(&sound, 1)).front();
}

struct FaultRow {
  http::Reply reply;
  ErrorKind kind;
};
const FaultRow http_faults[] = {
    {{.status = 503}, ErrorKind::unavailable}, {{.status = 500}, ErrorKind::unavailable},
    {{.status = 429}, ErrorKind::unavailable}, {{.status = 401}, ErrorKind::unavailable},
    {{.status = 404}, ErrorKind::unavailable}, {{.status = 413}, ErrorKind::too_large},
    {{.status = 400}, ErrorKind::malformed},   {{.status = 200, .body = "rubbish"}, ErrorKind::unavailable},
    {{.status = 200, .body = ""}, ErrorKind::unavailable},
    {{.status = 200, .body = "{\"text\":7}"}, ErrorKind::unavailable},
};

TEST(OpenAiAudio, sends_a_wav_and_reads_words) {
  EnginePeer peer;
  peer.reply.body =
      R"({"text":" And so, my ","language":"english","duration":1.0,"words":[{"word":" And","start":0.1,"end":0.3},
      {"word":"so,","start":0.3,"end":0.2},{"word":" my","start":0.9,"end":7,"probability":0.5},{"word":7},{}]})";
  ::setenv("LOOM_TEST_SPEECH_KEY", "secret", 1);
  auto heard = hear(open_openai_audio({.url = peer.url(), .language = "en", .api_key_env = "LOOM_TEST_SPEECH_KEY"}), tone(1));
  ASSERT_TRUE(heard) << to_string(heard.error());
  EXPECT_EQ(heard->text, "And so, my");
  EXPECT_EQ(heard->language, "english");
  EXPECT_EQ(heard->engine, "openai_audio");
  EXPECT_FALSE(heard->confidence);
  ASSERT_EQ(heard->words.size(), 3u);
  EXPECT_EQ(heard->words[0].text, "And");
  EXPECT_DOUBLE_EQ(heard->words[0].end, 0.3);
  EXPECT_FALSE(heard->words[0].confidence);
  EXPECT_DOUBLE_EQ(heard->words[1].end, 0.3) << "an end before its start";
  EXPECT_DOUBLE_EQ(heard->words[2].end, 1.0) << "an end after the sound's";
  EXPECT_EQ(heard->words[2].confidence, 0.5);
  auto body = peer.body();
  auto file = body.find("\r\nContent-Type: audio/wav\r\n\r\n");
  ASSERT_NE(file, std::string::npos);
  auto header = wav_header_of(std::string_view(body).substr(file + 29));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->rate, 16000);
  for (auto part : {"name=\"model\"\r\n\r\nwhisper-1\r\n", "name=\"response_format\"\r\n\r\nverbose_json\r\n",
                    "name=\"timestamp_granularities[]\"\r\n\r\nword\r\n", "name=\"language\"\r\n\r\nen\r\n"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
  EXPECT_EQ(peer.header("authorization"), "Bearer secret");
}

TEST(OpenAiAudio, reads_whisper_servers_segments) {
  EnginePeer peer;
  peer.reply.body =
      R"({"text":"hello there","segments":[{"words":[{"word":" hello","start":0,"end":0.4,"probability":0.9}]},
      {"words":[{"word":" there","start":0.4,"end":0.8,"probability":2}]}]})";
  auto heard = hear(open_openai_audio({.url = peer.url(), .protocol = "whisper_server"}), tone(1));
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->words.size(), 2u);
  EXPECT_EQ(heard->words[0].confidence, 0.9);
  EXPECT_FALSE(heard->words[1].confidence) << "no probability";
  EXPECT_EQ(peer.body().find("name=\"model\""), std::string::npos);
}

TEST(OpenAiAudio, faults_are_retried_or_rejected) {
  for (const auto& [reply, kind] : http_faults) {
    EnginePeer peer;
    peer.reply = reply;
    auto heard = hear(open_openai_audio({.url = peer.url()}), tone(0.1));
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().kind, kind) << reply.status << reply.body;
  }
}

TEST(OpenAiAudio, a_hang_is_a_timeout_and_the_others_are_not_tried) {
  EnginePeer peer;
  peer.hangs = true;
  auto hears = open_openai_audio({.url = peer.url(), .timeout = 100ms});
  std::vector<Sound> sounds(3, tone(0.1));
  auto all = (*hears)(sounds);
  ASSERT_EQ(all.size(), 3u);
  for (const auto& one : all) EXPECT_EQ(one.error().kind, ErrorKind::timeout);
  EXPECT_EQ(peer.asked, 1);
}

TEST(OpenAiAudio, a_server_that_is_away_is_unavailable) {
  auto heard = hear(open_openai_audio({.url = "http://127.0.0.1:1"}), tone(0.1));
  EXPECT_EQ(heard.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(open_openai_audio({.url = "http://x", .api_key_env = "LOOM_TEST_UNSET"}).error().kind,
            ErrorKind::configuration);
}

TEST(KyutaiBatch, reads_events) {
  EnginePeer peer;
  peer.reply.body = R"([{"type":"Word","text":"and","start_time":0.1},{"type":"EndWord","stop_time":0.3},{"type":"Step"},
      {"type":"Word","text":"so","start_time":0.4},{"type":"Word","text":"my","start_time":0.7}])";
  ::setenv("LOOM_TEST_SPEECH_KEY", "secret", 1);
  auto heard = hear(open_kyutai({.url = peer.url(), .protocol = "batch", .api_key_env = "LOOM_TEST_SPEECH_KEY"}), tone(1));
  ASSERT_TRUE(heard) << to_string(heard.error());
  EXPECT_EQ(heard->text, "and so my");
  ASSERT_EQ(heard->words.size(), 3u);
  EXPECT_DOUBLE_EQ(heard->words[0].end, 0.3);
  EXPECT_DOUBLE_EQ(heard->words[1].end, 0.7);
  EXPECT_DOUBLE_EQ(heard->words[2].end, 1);
  EXPECT_FALSE(heard->words[0].confidence);
  EXPECT_EQ(peer.header("kyutai-api-key"), "secret");
  EXPECT_TRUE(wav_header_of(peer.body()));
}

TEST(KyutaiBatch, faults_are_retried_or_rejected) {
  for (const auto& [reply, kind] : http_faults) {
    EnginePeer peer;
    peer.reply = reply;
    auto heard = hear(open_kyutai({.url = peer.url(), .protocol = "batch"}), tone(0.1));
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().kind, kind) << reply.status << reply.body;
  }
  for (auto body : {R"([{"type":"Word","text":"a"}])", R"([{"type":"EndWord"}])", "[7]", R"([{"type":"Error"}])"}) {
    EnginePeer peer;
    peer.reply.body = body;
    EXPECT_EQ(hear(open_kyutai({.url = peer.url(), .protocol = "batch"}), tone(0.1)).error().kind, ErrorKind::unavailable) << body;
  }
}

TEST(KyutaiStream, hears_each_sound_with_its_own_times) {
  EnginePeer peer;
  auto hears = open_kyutai({.url = peer.url()});
  ASSERT_TRUE(hears);
  std::vector<Sound> sounds{tone(1), tone(2.33), tone(0.75)};
  for (int round = 0; round < 2; ++round)
    for (const auto& heard : (*hears)(sounds)) {
      ASSERT_TRUE(heard) << to_string(heard.error());
      ASSERT_EQ(heard->words.size(), 1u);
      EXPECT_EQ(heard->text, "hello");
      EXPECT_NEAR(heard->words[0].start, 0.16, 1e-9);
      EXPECT_NEAR(heard->words[0].end, 0.48, 1e-9);
    }
  EXPECT_EQ(peer.connections, 1);
}

TEST(KyutaiStream, faults_are_retried) {
  struct Row {
    Moshi how;
    ErrorKind kind;
    const char* says;
  };
  const Row rows[] = {{Moshi::no_channels, ErrorKind::unavailable, "no free channels"},
                      {Moshi::drops, ErrorKind::unavailable, "dropped"},
                      {Moshi::rubbish, ErrorKind::unavailable, "understood"},
                      {Moshi::hangs, ErrorKind::timeout, "marker"},
                      {Moshi::refuses, ErrorKind::unavailable, "503"}};
  for (const auto& row : rows) {
    EnginePeer peer(row.how);
    auto hears = open_kyutai({.url = peer.url(), .timeout = row.how == Moshi::hangs ? 300ms : 20000ms});
    auto heard = hear(hears, tone(2));
    ASSERT_FALSE(heard) << row.says;
    EXPECT_EQ(heard.error().kind, row.kind) << to_string(heard.error());
    EXPECT_NE(heard.error().message.find(row.says), std::string::npos) << to_string(heard.error());
    peer.moshi = Moshi::works;
    EXPECT_TRUE(hear(hears, tone(2))) << "not connected again after: " << row.says;
  }
}

TEST(KyutaiStream, a_kept_connection_that_ended_is_made_anew) {
  EnginePeer peer(Moshi::closes_after_one);
  auto hears = open_kyutai({.url = peer.url()});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(hear(hears, tone(1)));
  EXPECT_EQ(peer.connections, 3);
  auto brief = open_kyutai({.url = peer.url(), .keep = 0ms});
  peer.moshi = Moshi::works;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(hear(brief, tone(1)));
  EXPECT_EQ(peer.connections, 5);
}

TEST(Resampling, keeps_tones_and_times) {
  for (double hertz : {100.0, 440.0, 3000.0, 6500.0}) {
    auto out = resampled_to_24k(tone(1, hertz));
    ASSERT_EQ(out.size(), 24000u);
    double worst = 0;
    for (std::size_t i = 200; i < out.size() - 200; ++i)
      worst = std::max(worst, std::abs(out[i] - 0.5 * std::cos(2 * 3.14159265358979 * hertz * static_cast<double>(i) / 24000)));
    EXPECT_LT(worst, 0.005) << hertz;
  }
  EXPECT_TRUE(resampled_to_24k({}).empty());
}

TEST(MessagePack, is_read_as_it_was_written_and_any_cut_is_safe) {
  auto bytes = messagepack::Writer{}.map(5).text("type").text("Word").text("time").number(1.5).text("id").integer(300)
                   .text("pcm").floats(std::array<float, 3>{1, 2, 3}).text(std::string(40, 'n')).text(std::string(40, 'v')).bytes();
  auto fields = messagepack::read_map(bytes);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->text("type"), "Word");
  EXPECT_EQ(fields->number("time"), 1.5);
  EXPECT_EQ(fields->number("id"), 300);
  EXPECT_FALSE(fields->text("pcm"));
  EXPECT_EQ(fields->text(std::string(40, 'n')), std::string(40, 'v'));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(messagepack::read_map(std::string_view(bytes).substr(0, length))) << length;
  EXPECT_FALSE(messagepack::read_map(bytes + "x"));
  EXPECT_FALSE(messagepack::read_map("\xdf\xff\xff\xff\xff"));
  EXPECT_FALSE(messagepack::read_map("\x81\xa1" "a" + std::string(1 << 20, '\x91')));
  for (int kind = 0; kind < 256; ++kind) (void)messagepack::read_map("\x81\xa1" "a" + std::string(1, static_cast<char>(kind)) + "12345678");
}

}  // namespace
}  // namespace loom::engines
