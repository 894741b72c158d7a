// Media through the whole API, with a fake broker: what lies in Kafka, and what is refused.
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/picture_bytes.h"
#include "base/wav.h"
#include "ingest/running_api.h"

namespace loom::ingest {
namespace {

model::Catalogue catalogue_of_media() {
  auto catalogue = test_catalogue();
  model::MessageTypeSpec audio;
  audio.name = MessageType{"audio_chunk"};
  audio.topic = TopicName{"device.audio.raw"};
  audio.fields = {field("chunk_data", model::FieldKind::base64), field("sample_rate", model::FieldKind::integer),
                  field("duration_ms", model::FieldKind::number)};
  add_type(catalogue, audio);
  model::MessageTypeSpec pair;
  pair.name = MessageType{"stereo"};
  pair.topic = TopicName{"pairs"};
  pair.fields = {field("left", model::FieldKind::base64), field("right", model::FieldKind::base64)};
  add_type(catalogue, pair);
  catalogue.topics.at(TopicName{"device.audio.raw"}).max_message_bytes = config::Bytes{100000};
  return catalogue;
}

Answer upload(http::Client& client, const std::string& path, std::string_view body, std::string_view content_type) {
  return Answer(client.post("/ingest/media/" + path, {.body = body, .content_type = content_type}));
}

/// The last record's value, parsed.
struct Stored {
  explicit Stored(Running& running) : value(running.broker->sent().back().value) { root = *document.parse(value); }
  std::string media(std::string_view path) {
    return base64_decode(*root.at_path(path)->string()).value_or("no base64");
  }
  std::string value;
  json::Document document;
  json::Value root;
};

TEST(Media, raw_bytes_become_the_message) {
  Running running(catalogue_of_media());
  auto client = running.client();
  auto picture = png_bytes(600, 390);
  auto answer = upload(client, "screenshot?device_id=phone%201&recorded_at=2026-11-23T12:00:00Z&pipeline_hint=mine&app=007&message_id=" + std::string(id),
                       picture, "image/png");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.text("message_id"), id);
  Stored stored(running);
  EXPECT_EQ(stored.media("data.image_data"), picture);
  EXPECT_EQ(stored.root.at_path("data.width")->integer(), 600);
  EXPECT_EQ(stored.root.at_path("data.height")->integer(), 390);
  EXPECT_EQ(stored.root.at_path("data.app")->string(), "007");
  EXPECT_EQ(stored.root.at_path("device_id")->string(), "phone 1");
  EXPECT_EQ(stored.root.at_path("pipeline_hint")->string(), "mine");
  EXPECT_EQ(stored.root.at_path("recorded_at")->string(), "2026-11-23T12:00:00.000000Z");
}

TEST(Media, what_is_sent_wins_over_the_header) {
  Running running(catalogue_of_media());
  auto client = running.client();
  ASSERT_EQ(upload(client, "screenshot?device_id=d&width=7", png_bytes(600, 390), "image/png").status, 200);
  EXPECT_EQ(Stored(running).root.at_path("data.width")->integer(), 7);
}

TEST(Media, sound_says_its_rate_and_length) {
  Running running(catalogue_of_media());
  auto client = running.client();
  auto sound = wav_of(std::vector<float>(8000), 16000);
  ASSERT_EQ(upload(client, "audio_chunk?device_id=d", sound, "audio/wav").status, 200);
  {
    Stored stored(running);
    EXPECT_EQ(stored.media("data.chunk_data"), sound);
    EXPECT_EQ(stored.root.at_path("data.sample_rate")->integer(), 16000);
    EXPECT_EQ(stored.root.at_path("data.duration_ms")->number(), 500);
    EXPECT_EQ(stored.root.at_path("data.channels")->integer(), 1);
  }
  ASSERT_EQ(upload(client, "audio_chunk?device_id=d", std::string(3200, 'x'), "audio/L16;rate=8000").status, 200);
  Stored raw(running);
  EXPECT_EQ(raw.root.at_path("data.sample_rate")->integer(), 8000);
  EXPECT_EQ(raw.root.at_path("data.duration_ms")->number(), 200);
}

TEST(Media, a_form_says_the_same) {
  Running running(catalogue_of_media());
  auto client = running.client();
  auto picture = jpeg_bytes(30, 20);
  auto form = "--B\r\nContent-Disposition: form-data; name=\"device_id\"\r\n\r\nd\r\n"
              "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n"
              "{\"os\": 1.0}\r\n"
              "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" +
              picture + "\r\n--B--\r\n";
  auto answer = upload(client, "screenshot", form, "multipart/form-data; boundary=B");
  ASSERT_EQ(answer.status, 200) << answer.body;
  Stored stored(running);
  EXPECT_EQ(stored.media("data.image_data"), picture);
  EXPECT_EQ(stored.root.at_path("data.width")->integer(), 30);
  EXPECT_NE(stored.value.find("\"metadata\":{\"os\": 1.0}"), std::string::npos);
}

TEST(Media, refusals_name_what_is_wrong) {
  Running running(catalogue_of_media());
  auto client = running.client();
  auto picture = png_bytes(6, 3);
  struct Row {
    std::string path, body, type;
    int status;
    std::string field;
  };
  const std::string form = "multipart/form-data; boundary=B";
  const Row rows[] = {
      {"screenshod?device_id=d", picture, "image/png", 404, "message_type_id"},
      {"gps_reading?device_id=d", picture, "image/png", 422, "message_type_id"},
      {"stereo?device_id=d", picture, "image/png", 422, "message_type_id"},
      {"screenshot?device_id=d", picture, "text/html", 415, "Content-Type"},
      {"screenshot", picture, "image/png", 400, "device_id"},
      {"screenshot?device_id=d", "", "image/png", 400, "file"},
      {"screenshot?device_id=d", "no picture", "image/png", 400, "data.width"},
      {"screenshot?device_id=d&width=wide", picture, "image/png", 422, "data.width"},
      {"screenshot?device_id=d&message_id=7", picture, "image/png", 422, "message_id"},
      {"screenshot?device_id=d&device_id=e", picture, "image/png", 400, "device_id"},
      {"screenshot?device_id=d&image_data=eA==", picture, "image/png", 422, "data.image_data"},
      {"screenshot?device_id=d&metadata=[1]", picture, "image/png", 400, "metadata"},
      {"screenshot?device_id=d&data={}", picture, "image/png", 422, "data"},
      {"screenshot?device_id=%ff", picture, "image/png", 400, ""},
      {"screenshot?device_id=d", "--B--", form, 400, "file"},
      {"screenshot?device_id=d", "nonsense", form, 400, "Content-Type"},
  };
  for (const auto& row : rows) {
    auto answer = upload(client, row.path, row.body, row.type);
    EXPECT_EQ(answer.status, row.status) << row.path << answer.body;
    EXPECT_EQ(answer.text("field"), row.field) << row.path << answer.body;
  }
  EXPECT_TRUE(running.broker->sent().empty());
}

TEST(Media, too_large_is_said_before_the_body_is_read) {
  Running running(catalogue_of_media());
  auto wire = http::Wire::connect("127.0.0.1", running.api->port(), 5s);
  auto until = http::Wire::Clock::now() + 10s;
  // 100,000 bytes of message hold 75,000 of media; not one byte of the body is sent
  ASSERT_TRUE(wire->send("POST /ingest/media/audio_chunk?device_id=d HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n"
                         "Content-Length: 75001\r\n\r\n", until));
  char piece[2000];
  auto count = wire->receive(piece, sizeof piece, until);
  ASSERT_TRUE(count);
  std::string_view text(piece, *count);
  EXPECT_NE(text.find(" 413 "), std::string_view::npos) << text;
  EXPECT_NE(text.find("device.audio.raw"), std::string_view::npos) << text;
  auto client = running.client();
  EXPECT_EQ(upload(client, "audio_chunk?device_id=d&sample_rate=1&duration_ms=1", std::string(74000, 'x'), "audio/wav").status, 200);
  EXPECT_EQ(upload(client, "audio_chunk?device_id=d&sample_rate=1&duration_ms=1", std::string(74990, 'x'), "audio/wav").status, 413);
}

TEST(Media, a_chunked_body_stops_at_the_limit) {
  Running running(catalogue_of_media());
  auto wire = http::Wire::connect("127.0.0.1", running.api->port(), 5s);
  auto until = http::Wire::Clock::now() + 10s;
  ASSERT_TRUE(wire->send("POST /ingest/media/audio_chunk?device_id=d HTTP/1.1\r\nHost: x\r\nContent-Type: audio/wav\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n12500\r\n" + std::string(0x12500, 'x') + "\r\n", until));
  char piece[2000];
  auto count = wire->receive(piece, sizeof piece, until);
  ASSERT_TRUE(count);
  EXPECT_NE(std::string_view(piece, *count).find(" 413 "), std::string_view::npos);
}

TEST(Media, nothing_stays_held) {
  Running running(catalogue_of_media());
  auto client = running.client();
  running.broker->set(Mode::hold);
  std::thread sender([&] { EXPECT_EQ(upload(client, "screenshot?device_id=d", png_bytes(6, 3), "image/png").status, 200); });
  running.broker->wait_for(1);
  running.broker->release();
  sender.join();
  auto metrics = Answer(client.get("/metrics")).body;
  EXPECT_NE(metrics.find("loom_ingest_bytes_held 0"), std::string::npos) << metrics;
}

}  // namespace
}  // namespace loom::ingest
