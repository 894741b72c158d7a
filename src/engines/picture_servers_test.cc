// The engines that show pictures to servers, against a peer that speaks their protocols, faults included.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/bytes.h"
#include "engines/engine_peer.h"
#include "engines/moondream.h"
#include "engines/ollama.h"
#include "engines/openai_chat.h"
#include "engines/remote.h"
#include "http/scripted_peer.h"

namespace loom::engines {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

Picture picture() { return {.bytes = std::string("\x89PNG\0\xff", 6), .format = PictureFormat::png, .width = 400, .height = 200}; }

Result<ReadText> look(const Result<TextReader>& reader) {
  if (!reader) return tl::unexpected(reader.error());
  return (*reader)(picture());
}

struct Row {
  std::string name;
  std::string path, good;  // a whole answer that says "tide pools"
  Result<TextReader> (*open)(const std::string& url, milliseconds timeout);
};
const Row rows[] = {
    {"moondream", "/v1/query", R"({"request_id":"r1","answer":" tide pools\n"})",
     [](const std::string& url, milliseconds timeout) { return open_moondream({.url = url, .timeout = timeout}); }},
    {"openai_chat", "/v1/chat/completions",
     R"({"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":" tide pools\n"}}],"model":"m.gguf"})",
     [](const std::string& url, milliseconds timeout) { return open_openai_chat({.url = url, .timeout = timeout}); }},
    {"ollama", "/api/chat",
     R"({"model":"m.gguf","message":{"role":"assistant","content":" tide pools\n"},"done":true,"done_reason":"stop"})",
     [](const std::string& url, milliseconds timeout) { return open_ollama({.url = url, .timeout = timeout}); }},
};

/// What the engine that is under test makes of a reply.
Result<ReadText> answered(const Row& row, const http::Reply& reply) {
  EnginePeer peer;
  peer.reply = reply;
  return look(row.open(peer.url(), 20000ms));
}

TEST(PictureServers, read_text_and_invent_nothing) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EnginePeer peer;
    peer.reply.body = row.good;
    peer.thinks = 50ms;
    auto read = look(row.open(peer.url(), 20000ms));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->text, "tide pools");
    EXPECT_EQ(read->engine, row.name);
    EXPECT_EQ(read->engine_version, row.name == "moondream" ? "" : "m.gguf");
    EXPECT_NE(read->settings.find(reading_prompt), std::string::npos);
    EXPECT_TRUE(read->words.empty());
    EXPECT_FALSE(read->confidence);
    EXPECT_FALSE(read->objects);
    EXPECT_FALSE(read->cut_short);
    EXPECT_EQ(peer.path(), row.path);
  }
}

TEST(PictureServers, refusals_are_retried_or_rejected) {
  struct Fault {
    http::Reply reply;
    ErrorKind kind;
    std::string says;
  };
  const Fault faults[] = {
      {{.status = 503, .body = R"({"error":"engine down"})"}, ErrorKind::unavailable, "503: engine down"},
      {{.status = 500}, ErrorKind::unavailable, "500"},
      {{.status = 429}, ErrorKind::unavailable, "429"},
      {{.status = 401, .body = R"({"error":{"message":"bad key"}})"}, ErrorKind::unavailable, "401: bad key"},
      {{.status = 404, .body = R"({"error":"model 'x' not found"})"}, ErrorKind::unavailable, "model 'x' not found"},
      {{.status = 413}, ErrorKind::too_large, "413"},
      {{.status = 400, .body = R"({"error":{"code":400,"message":"Failed to load image","type":"invalid_request_error"}})"},
       ErrorKind::malformed, "400: Failed to load image"},
      {{.status = 400, .body = R"({"error":{"code":400,"message":"exceeds","type":"exceed_context_size_error","n_ctx":256}})"},
       ErrorKind::too_large, "400: exceeds"},
      {{.body = "rubbish"}, ErrorKind::unavailable, "understood"},
      {{.body = ""}, ErrorKind::unavailable, "understood"},
      {{.body = "[]"}, ErrorKind::unavailable, "understood"},
      {{.body = "{}"}, ErrorKind::unavailable, "understood"},
      {{.body = R"({"answer":7,"choices":[{"message":{"content":null}}],"message":{"content":[]},"done":true})"},
       ErrorKind::unavailable, "understood"},
  };
  for (const auto& row : rows)
    for (const auto& fault : faults) {
      SCOPED_TRACE(row.name + " " + std::to_string(fault.reply.status) + " " + fault.reply.body);
      auto read = answered(row, fault.reply);
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().kind, fault.kind);
      EXPECT_NE(read.error().message.find(fault.says), std::string::npos) << read.error().message;
      EXPECT_NE(read.error().message.find(row.name), std::string::npos) << read.error().message;
      EXPECT_FALSE(read.error().remedy.empty());
    }
}

TEST(PictureServers, half_an_answer_is_retried_wherever_it_ends) {
  for (const auto& row : rows)
    for (std::size_t length = 0; length < row.good.size(); length += 7) {
      auto read = answered(row, {.body = row.good.substr(0, length)});
      ASSERT_FALSE(read) << row.name << " " << length;
      EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
    }
}

TEST(PictureServers, what_is_no_whole_reply_is_retried) {
  for (const auto& row : rows)
    for (const std::string reply : {"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"ans", "", "nonsense\r\n\r\n",
                                    "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"}) {
      http::Scripted server({reply});
      auto read = look(row.open(server.url(), 20000ms));
      ASSERT_FALSE(read) << row.name << " " << reply;
      EXPECT_EQ(read.error().kind, ErrorKind::unavailable) << row.name << " " << reply << to_string(read.error());
    }
}

TEST(PictureServers, who_is_down_hangs_or_is_too_slow_is_tried_again) {
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(look(row.open("http://127.0.0.1:1", 20000ms)).error().kind, ErrorKind::unavailable);
    EnginePeer hanging, slow;
    hanging.hangs = true;
    EXPECT_EQ(look(row.open(hanging.url(), 100ms)).error().kind, ErrorKind::timeout);
    slow.reply.body = row.good;
    slow.thinks = 400ms;
    EXPECT_EQ(look(row.open(slow.url(), 100ms)).error().kind, ErrorKind::timeout);
  }
}

TEST(PictureServers, a_reader_outlives_its_servers_troubles) {
  for (const auto& row : rows) {
    EnginePeer peer;
    auto reader = row.open(peer.url(), 20000ms);
    peer.reply = {.status = 503};
    EXPECT_FALSE(look(reader)) << row.name;
    peer.reply = {.body = row.good};
    EXPECT_TRUE(look(reader)) << row.name;
  }
}

TEST(Moondream, asks_as_station_and_cloud_want_it) {
  struct Case {
    MoondreamOptions options;
    std::string reply, path, body, settings;
  };
  auto url = R"({"image_url":"data:image/png;base64,)" + base64_encode(picture().bytes) + "\",";
  const Case cases[] = {
      {{.prompt = "Who?"}, R"({"answer":"me"})", "/v1/query", url + R"("question":"Who?","stream":false})", "query: Who?"},
      {{.skill = "caption", .length = "short"}, R"({"caption":"me"})", "/v1/caption", url + R"("length":"short","stream":false})", "caption: short"},
      {{.skill = "detect", .object = "cat"}, R"({"objects":[]})", "/v1/detect", url + R"("object":"cat"})", "detect: cat"},
  };
  ::setenv("LOOM_TEST_PICTURE_KEY", "secret", 1);
  for (const auto& one : cases) {
    EnginePeer peer;
    peer.reply.body = one.reply;
    auto options = one.options;
    options.url = peer.url();
    options.api_key_env = "LOOM_TEST_PICTURE_KEY";
    auto read = look(open_moondream(options));
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(peer.path(), one.path);
    EXPECT_EQ(peer.body(), one.body);
    EXPECT_EQ(peer.header("x-moondream-auth"), "secret");
    EXPECT_EQ(read->settings, one.settings);
    EXPECT_EQ(read->text, one.options.skill == "detect" ? "" : "me");
  }
}

TEST(Moondream, finds_objects_in_pixels) {
  EnginePeer peer;
  MoondreamOptions options{.url = peer.url(), .skill = "detect", .object = "cat"};
  auto reader = open_moondream(options);
  peer.reply.body = R"({"objects":[{"x_min":0.25,"y_min":0.1,"x_max":0.5,"y_max":0.5},{"x_min":-1,"y_min":0,"x_max":2,"y_max":1}]})";
  auto read = look(reader);
  ASSERT_TRUE(read && read->objects);
  ASSERT_EQ(read->objects->size(), 2u);
  EXPECT_EQ(read->objects->at(0).label, "cat");
  EXPECT_EQ(read->objects->at(0).box, (Box{100, 20, 100, 80}));
  EXPECT_EQ(read->objects->at(1).box, (Box{0, 0, 400, 200}));
  for (auto body : {R"({"objects":{}})", R"({"objects":[{"x_min":0.1}]})", R"({"objects":[7]})", R"({"answer":"x"})",
                    R"({"objects":[{"x_min":0.9,"y_min":0,"x_max":0.1,"y_max":1}]})"}) {
    peer.reply.body = body;
    EXPECT_EQ(look(reader).error().kind, ErrorKind::unavailable) << body;
  }
}

TEST(Moondream, an_error_with_status_200_is_read) {
  EnginePeer peer;
  auto reader = open_moondream({.url = peer.url()});
  struct Case {
    std::string error;
    ErrorKind kind;
  };
  for (const auto& one : {Case{"Queue is full", ErrorKind::unavailable}, Case{"Request timeout", ErrorKind::timeout},
                          Case{"Invalid image", ErrorKind::malformed}, Case{"cannot identify image file", ErrorKind::malformed},
                          Case{"CUDA out of memory", ErrorKind::unavailable}, Case{"", ErrorKind::unavailable}}) {
    peer.reply.body = R"({"error":")" + one.error + R"(","answer":"no"})";
    auto read = look(reader);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, one.kind) << one.error;
    EXPECT_NE(read.error().message.find(one.error), std::string::npos);
  }
}

TEST(OpenAiChat, asks_with_a_data_url_and_reads_how_it_ended) {
  EnginePeer peer;
  ::setenv("LOOM_TEST_PICTURE_KEY", "secret", 1);
  auto reader = open_openai_chat({.url = peer.url(), .model = "minicpm", .prompt = "Read \"it\".", .max_tokens = 9,
                                  .api_key_env = "LOOM_TEST_PICTURE_KEY", .name = "brief"});
  peer.reply.body = R"({"choices":[{"finish_reason":"length","message":{"content":"a\u0000\u001b\r\n\tb\u007fé"}}]})";
  auto read = look(reader);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(peer.body(),
            R"({"model":"minicpm","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                base64_encode(picture().bytes) +
                R"("}},{"type":"text","text":"Read \"it\"."}]}],"temperature":0,"max_tokens":9,"stream":false})");
  EXPECT_EQ(peer.header("authorization"), "Bearer secret");
  EXPECT_EQ(read->text, "a\n\tbé") << "control characters were kept";
  EXPECT_TRUE(read->cut_short);
  EXPECT_EQ(read->engine_version, "") << "the server told no model";
  EXPECT_EQ(read->settings, "brief");
  for (auto [body, kind] : {std::pair{R"({"error":{"message":"overloaded"}})", ErrorKind::unavailable},
                            {R"({"choices":[{"message":{"content":"half"}}]})", ErrorKind::unavailable},
                            {R"({"choices":[{"finish_reason":null,"message":{"content":"half"}}]})", ErrorKind::unavailable},
                            {R"({"choices":[]})", ErrorKind::unavailable},
                            {R"({"choices":[{"finish_reason":"content_filter","message":{"content":""}}]})", ErrorKind::malformed},
                            {R"({"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I can't"}}]})", ErrorKind::malformed}}) {
    peer.reply.body = body;
    auto refused = look(reader);
    ASSERT_FALSE(refused) << body;
    EXPECT_EQ(refused.error().kind, kind) << body;
  }
}

TEST(Ollama, asks_with_bare_base64_and_room_for_the_picture) {
  EnginePeer peer;
  auto reader = open_ollama({.url = peer.url(), .prompt = "Read."});
  peer.reply.body = R"({"model":"minicpm-v","message":{"content":"so far"},"done":true,"done_reason":"length"})";
  auto read = look(reader);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(peer.body(), R"({"model":"minicpm-v","messages":[{"role":"user","content":"Read.","images":[")" +
                             base64_encode(picture().bytes) +
                             R"("]}],"stream":false,"options":{"temperature":0,"num_ctx":8192,"num_predict":2048}})");
  EXPECT_EQ(read->engine_version, "minicpm-v");
  EXPECT_TRUE(read->cut_short);
  for (auto body : {R"({"error":"unexpected EOF"})", R"({"message":{"content":"half"},"done":false})",
                    R"({"message":{"content":"half"}})", R"({"done":true})"}) {
    peer.reply.body = body;
    EXPECT_EQ(look(reader).error().kind, ErrorKind::unavailable) << body;
  }
}

TEST(PictureServers, a_key_that_is_not_set_is_a_fault_of_the_configuration) {
  EXPECT_EQ(open_moondream({.url = "http://x", .api_key_env = "LOOM_TEST_UNSET"}).error().kind, ErrorKind::configuration);
  EXPECT_EQ(open_openai_chat({.url = "http://x", .api_key_env = "LOOM_TEST_UNSET"}).error().kind, ErrorKind::configuration);
  EXPECT_EQ(open_ollama({.url = "http://x", .api_key_env = "LOOM_TEST_UNSET"}).error().kind, ErrorKind::configuration);
}

TEST(PictureServers, a_key_with_a_line_break_is_a_fault_of_the_configuration) {
  ::setenv("LOOM_TEST_PICTURE_KEY", "secret\n", 1);
  auto opened = open_ollama({.url = "http://x", .api_key_env = "LOOM_TEST_PICTURE_KEY"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::configuration);
  EXPECT_EQ(to_string(opened.error()).find("secret"), std::string::npos);
}

TEST(PictureServers, an_address_holds_no_password) {
  EXPECT_FALSE(wrong_address("http://host:8080/a@b"));
  EXPECT_TRUE(wrong_address("http://user:pass@host:8080"));
  EXPECT_TRUE(wrong_address("host:8080"));
}

}  // namespace
}  // namespace loom::engines
