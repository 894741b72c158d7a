#include "model/catalogue.h"

#include <gtest/gtest.h>

#include "model/mapping.h"

namespace loom::model {
namespace {

const std::vector<std::string> kinds{"store", "ocr", "vad", "transcribe", "sentiment"};

struct Read {
  config::Faults faults;
  Catalogue catalogue;
};

Read read(std::string_view yaml, const config::Environment& environment = {}) {
  Read result;
  auto root = config::Node::parse(yaml, "loom.yaml", result.faults);
  result.catalogue = read_catalogue(root, environment, kinds, result.faults);
  return result;
}

// design.md §5, with a digest where it has "…"
constexpr std::string_view documents_own = R"(kafka:    { bootstrap: 127.0.0.1:9092 }
database: { url: "sqlite:loom.db" }
api:      { listen: 127.0.0.1:8000, keys: [ { name: phone, sha256: "2BD806C97F0E00AF1A1FC3328FA763A9269723C8DB8FAC4F93AF71DB186D6E90", types: ["*"] } ] }
message_types:
  screenshot:         { topic: device.video.screen.raw,     hint: direct_storage,      key: message_id, fields: {image_data: base64, width: integer, height: integer} }
  twitter_screenshot: { topic: external.twitter.images.raw, hint: ocr_extraction,      key: message_id, fields: {image_data: base64, width: integer, height: integer} }
  audio_chunk:        { topic: device.audio.raw,            hint: audio_transcription, fields: {chunk_data: base64, sample_rate: integer, duration_ms: number} }
  gps_reading:        { topic: device.sensor.gps.raw,       fields: {latitude: {type: number, min: -90, max: 90}, longitude: {type: number, min: -180, max: 180}} }
  customer_feedback: external.feedback.raw
topics:
  device.audio.raw:   { partitions: 12, retention: 7d, max_message_bytes: 8MiB }
stages:
  moondream-ocr-consumer: { use: ocr,        input: external.twitter.images.raw, output: media.image.analysis.moondream_results, engine: { use: tesseract } }
  minicpm-ocr-consumer:   { use: ocr,        input: external.twitter.images.raw, output: media.image.analysis.minicpm_results,   engine: { use: paddle } }
  silero-vad-consumer:    { use: vad,        input: device.audio.raw,            output: media.audio.vad_filtered,               engine: { use: silero } }
  kyutai-stt-consumer:    { use: transcribe, input: media.audio.vad_filtered,    output: media.text.transcribed.words,           engine: { use: whisper } }
  sentiment-analyzer-consumer: { use: sentiment, input: external.feedback.raw,   output: analysis.sentiment.results, text: data.text }
  generic-kafka-to-db-consumer: { use: store, mappings: topic_mappings.yml }
)";

TEST(Catalogue, ReadsTheDocumentsOwn) {
  auto [faults, catalogue] = read(documents_own);
  EXPECT_EQ(faults.text(), "");
  EXPECT_EQ(catalogue.types.size(), 5u);
  const auto* gps = catalogue.type("gps_reading");
  ASSERT_TRUE(gps);
  EXPECT_EQ(gps->place.line, 8);
  ASSERT_EQ(gps->fields.size(), 2u);
  EXPECT_EQ(gps->fields[0].name, "latitude");
  EXPECT_EQ(gps->fields[0].min, -90);
  EXPECT_EQ(gps->fields[1].max, 180);
  EXPECT_EQ(gps->key, KeyBy::device_id);
  EXPECT_EQ(catalogue.type("screenshot")->key, KeyBy::message_id);
  EXPECT_EQ(catalogue.type("screenshot")->hint, "direct_storage");
  EXPECT_EQ(catalogue.type("customer_feedback")->topic.get(), "external.feedback.raw");
  EXPECT_TRUE(catalogue.type("audio_chunk")->carries_media());
  EXPECT_FALSE(catalogue.type("customer_feedback")->carries_media());
  EXPECT_EQ(catalogue.type("screenshots"), nullptr);
  EXPECT_EQ(catalogue.api.keys.at(0).sha256.substr(0, 6), "2bd806");
  EXPECT_EQ(catalogue.api.keys.at(0).types, std::vector<std::string>{"*"});
  const auto* stage = catalogue.stage("sentiment-analyzer-consumer");
  ASSERT_TRUE(stage);
  EXPECT_EQ(stage->node["text"].scalar(), "data.text");
  EXPECT_EQ(catalogue.stage("moondream-ocr-consumer")->engine["use"].scalar(), "tesseract");
  ASSERT_TRUE(catalogue.store());
  EXPECT_EQ(catalogue.store()->group.get(), "generic-kafka-to-db-consumer");
}

std::uint64_t limit(const Catalogue& catalogue, const std::string& topic) {
  auto found = catalogue.topics.find(TopicName{topic});
  return found == catalogue.topics.end() ? 0 : found->second.max_message_bytes.count;
}

TEST(Catalogue, ResolvesTopics) {
  auto [faults, catalogue] = read(documents_own);
  constexpr std::uint64_t mib = 1 << 20, room = 64 << 10;
  EXPECT_EQ(limit(catalogue, "device.video.screen.raw"), 8 * mib);
  EXPECT_EQ(limit(catalogue, "device.sensor.gps.raw"), mib);
  EXPECT_EQ(limit(catalogue, "media.image.analysis.moondream_results"), 8 * mib);
  EXPECT_EQ(limit(catalogue, "media.text.transcribed.words"), 8 * mib);  // over two stages
  EXPECT_EQ(limit(catalogue, "analysis.sentiment.results"), mib);
  EXPECT_EQ(limit(catalogue, "dlq.moondream-ocr-consumer"), 8 * mib + room);
  EXPECT_EQ(limit(catalogue, "dlq.sentiment-analyzer-consumer"), mib + room);
  EXPECT_EQ(limit(catalogue, "drops.moondream-ocr-consumer"), mib);
  EXPECT_EQ(limit(catalogue, "drops.generic-kafka-to-db-consumer"), mib);
  EXPECT_EQ(catalogue.topics.at(TopicName{"device.audio.raw"}).partitions, 12);
  EXPECT_EQ(catalogue.topics.at(TopicName{"device.sensor.gps.raw"}).partitions, 6);

  Mappings mappings;
  for (const auto* name : {"device.audio.raw", "some.foreign.topic"})
    mappings.topics[TopicName{name}].topic = TopicName{name};
  add_mapped_topics(catalogue, mappings);
  EXPECT_EQ(limit(catalogue, "dlq.generic-kafka-to-db-consumer"), 8 * mib + room);
  EXPECT_EQ(limit(catalogue, "some.foreign.topic"), mib);
}

TEST(Catalogue, KeepsALimitThatWasGiven) {
  auto [faults, catalogue] = read(R"(message_types: {p: {topic: pics, fields: {image: base64}}}
topics: {pics: {max_message_bytes: 2MiB}, out: {max_message_bytes: 1MiB}}
stages: {g: {use: ocr, input: pics, output: out}}
)");
  EXPECT_EQ(faults.text(), "");
  EXPECT_EQ(limit(catalogue, "pics"), 2u << 20);
  EXPECT_EQ(limit(catalogue, "out"), 1u << 20);
  EXPECT_EQ(limit(catalogue, "dlq.g"), (2u << 20) + (64u << 10));
}

TEST(Catalogue, ReadsEverythingOfAStage) {
  auto [faults, catalogue] = read(R"(stages:
  g: {use: ocr, input: a, output: b, when: {pipeline_hint: ocr_extraction}, forward: {drop: [data.image_data]},
      lanes: 3, attempts: 2, engine: {use: x}, own_option: 7}
)");
  EXPECT_EQ(faults.text(), "");
  const auto* stage = catalogue.stage("g");
  ASSERT_TRUE(stage);
  EXPECT_EQ(stage->when.at("pipeline_hint"), "ocr_extraction");
  EXPECT_EQ(stage->forward_drop, std::vector<std::string>{"data.image_data"});
  EXPECT_EQ(stage->lanes, 3);
  EXPECT_EQ(stage->attempts, 2);
  EXPECT_EQ(stage->node["own_option"].scalar(), "7");
  for (const auto* key : {"use", "input", "output", "when", "forward", "lanes", "attempts", "engine"})
    EXPECT_NE(std::find(common_stage_keys().begin(), common_stage_keys().end(), key), common_stage_keys().end()) << key;
}

TEST(Catalogue, PathsStartBesideTheFile) {
  config::Faults faults;
  auto root = config::Node::parse("stages: {s: {use: store, mappings: maps/m.yml}}", "conf/loom.yaml", faults);
  auto catalogue = read_catalogue(root, {}, kinds, faults);
  EXPECT_EQ(catalogue.folder, "conf");
  EXPECT_EQ(catalogue.mappings_file, "conf/maps/m.yml");
  EXPECT_EQ(catalogue.database.url, "sqlite:conf/loom.db");
}

TEST(Catalogue, EnvironmentOverrides) {
  config::Environment environment;
  environment.values = {{"LOOM_KAFKA_BOOTSTRAP", "127.0.0.1:19092"}, {"LOOM_API_MAX_BODY", "2MiB"}};
  auto [faults, catalogue] = read("kafka: {bootstrap: other:9092}", environment);
  EXPECT_EQ(faults.text(), "");
  EXPECT_EQ(catalogue.kafka.bootstrap, "127.0.0.1:19092");
  EXPECT_EQ(catalogue.api.max_body.count, 2u << 20);
}

struct FaultCase {
  const char* name;
  const char* yaml;
  const char* expected;  // part of the text: place, noun, remedy
};

class CatalogueFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(CatalogueFaults, NamePlaceAndRemedy) {
  auto [faults, catalogue] = read(GetParam().yaml);
  EXPECT_TRUE(faults.any_fault());
  EXPECT_NE(faults.text().find(GetParam().expected), std::string::npos) << faults.text();
}

const FaultCase fault_cases[] = {
    {"section", "kafka: {}\nmesage_types: {}\n",
     "fault  loom.yaml:2: unknown option 'mesage_types'; did you mean 'message_types'?"},
    {"section_kind", "kafka: 7\n", "loom.yaml:1: kafka is no map"},
    {"topics_kind", "topics: [a]\n", "loom.yaml:1: topics: is no map"},
    {"kafka_key", "kafka:\n  bootstrp: x:1\n",
     "loom.yaml:2: kafka: unknown option 'bootstrp'; did you mean 'bootstrap'?"},
    {"database_url", "database:\n  url: mysql://x\n", "loom.yaml:2: database.url is no database"},
    {"log_level", "log: {level: inf}\n",
     "loom.yaml:1: log.level 'inf' is none of debug, info, warn, error; did you mean 'info'?"},
    {"type_key", "message_types:\n  a:\n    topik: t\n",
     "loom.yaml:3: message_types.a: unknown option 'topik'; did you mean 'topic'?"},
    {"type_topic_missing", "message_types:\n  a: {hint: x}\n", "loom.yaml:2: message_types.a: has no topic"},
    {"type_topic_name", "message_types:\n  a: \"has space\"\n",
     "loom.yaml:2: message_types.a 'has space' has other characters"},
    {"type_name", "message_types:\n  \"a b\": t\n", "loom.yaml:2: message_types.a b"},
    {"key_by", "message_types:\n  a: {topic: t, key: device_ids}\n",
     "loom.yaml:2: message_types.a.key is none of device_id, message_id; did you mean 'device_id'?"},
    {"field_kind", "message_types:\n  a:\n    topic: t\n    fields: {x: nummber}\n",
     "loom.yaml:4: message_types.a.fields.x 'nummber' is none of"},
    {"field_kind_near", "message_types:\n  a:\n    topic: t\n    fields: {x: {type: bas64}}\n",
     "did you mean 'base64'?"},
    {"field_key", "message_types:\n  a:\n    topic: t\n    fields:\n      x: {typ: number}\n",
     "loom.yaml:5: message_types.a.fields.x: unknown option 'typ'; did you mean 'type'?"},
    {"field_bounds", "message_types:\n  a: {topic: t, fields: {x: {type: string, min: 1}}}\n",
     "loom.yaml:2: message_types.a.fields.x: min and max are for numbers"},
    {"field_swapped", "message_types:\n  a: {topic: t, fields: {x: {type: number, min: 2, max: 1}}}\n",
     "min is greater than max"},
    {"topic_name", "topics:\n  a/b: {}\n", "loom.yaml:2: topics.a/b has other characters"},
    {"topic_key", "topics:\n  a: {partition: 3}\n",
     "loom.yaml:2: topics.a: unknown option 'partition'; did you mean 'partitions'?"},
    {"topic_partitions", "topics:\n  a: {partitions: 0}\n", "loom.yaml:2: topics.a.partitions '0' must be at least 1"},
    {"topic_insync", "topics:\n  a: {replication: 1, min_insync_replicas: 2}\n", "is more than replication"},
    {"stage_kind", "stages:\n  g:\n    use: ocrr\n    input: a\n    output: b\n",
     "loom.yaml:3: stages.g.use: unknown stage 'ocrr'; did you mean 'ocr'?"},
    {"stage_use_missing", "stages:\n  g: {input: a, output: b}\n", "loom.yaml:2: stages.g: has no use"},
    {"stage_input_missing", "stages:\n  g: {use: ocr, output: b}\n", "loom.yaml:2: stages.g: has no input"},
    {"stage_output_missing", "stages:\n  g: {use: ocr, input: b}\n", "loom.yaml:2: stages.g: has no output"},
    {"stage_not_map", "stages:\n  g: ocr\n", "loom.yaml:2: stages.g: is no map"},
    {"stage_group", "stages:\n  \"g 1\": {use: ocr, input: a, output: b}\n",
     "loom.yaml:2: stages.g 1 has other characters"},
    {"stage_lanes", "stages:\n  g: {use: ocr, input: a, output: b, lanes: 0}\n",
     "stages.g.lanes '0' must be at least 1"},
    {"stage_forward", "stages:\n  g: {use: ocr, input: a, output: b, forward: {dropp: [data.x]}}\n",
     "did you mean 'drop'?"},
    {"stage_forward_path", "stages:\n  g: {use: ocr, input: a, output: b, forward: {drop: [message_id]}}\n",
     "only paths under data, metadata and results"},
    {"stage_twice", "stages:\n  g: {use: ocr, input: a, output: b}\n  g: {use: ocr, input: a, output: b}\n",
     "loom.yaml:3: stages.g is there twice"},
    {"store_twice", "stages:\n  a: {use: store}\n  b: {use: store}\n",
     "loom.yaml:3: stages.b: a second store stage, 'a' is one already"},
    {"store_input", "stages:\n  a: {use: store, input: t}\n", "loom.yaml:2: stages.a.input: a store stage has none"},
    {"open_api", "api:\n  threads: 1\n  listen: 0.0.0.0:8000\n",
     "loom.yaml:3: api.listen: '0.0.0.0:8000' is reached from other machines"},
    {"listen", "api: {listen: here}\n", "api.listen 'here' is no address"},
    {"listen_port", "api: {listen: 127.0.0.1:99999}\n", "has the port '99999'"},
    {"key_digest", "api:\n  keys:\n    - {name: phone, sha256: abc, types: [\"*\"]}\n",
     "loom.yaml:3: api.keys.0.sha256 is no SHA-256"},
    {"key_no_digest", "api:\n  keys:\n    - {name: phone}\n", "loom.yaml:3: api.keys.0: has no sha256"},
    {"key_list", "api: {keys: {a: b}}\n", "loom.yaml:1: api.keys: is no list"},
};
INSTANTIATE_TEST_SUITE_P(All, CatalogueFaults, testing::ValuesIn(fault_cases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Catalogue, KeyTypesMustExist) {
  std::string digest(64, 'a');
  auto [faults, catalogue] =
      read("message_types: {screenshot: t}\napi:\n  keys:\n    - name: phone\n      sha256: " + digest +
           "\n      types: [screnshot]\n    - {name: phone, sha256: " + digest + "}\n");
  EXPECT_NE(
      faults.text().find("loom.yaml:6: api.keys.0.types: unknown message type 'screnshot'; did you mean 'screenshot'?"),
      std::string::npos)
      << faults.text();
  EXPECT_NE(faults.text().find("a second key named 'phone'"), std::string::npos);
  EXPECT_EQ(catalogue.api.keys.at(1).types, std::vector<std::string>{"*"});
}

TEST(Catalogue, AnOpenAddressOfTheEnvironmentIsNamed) {
  config::Environment environment;
  environment.values = {{"LOOM_API_LISTEN", "0.0.0.0:8000"}};
  auto [faults, catalogue] = read("log: {level: info}", environment);
  EXPECT_NE(faults.text().find("fault  LOOM_API_LISTEN: api.listen: '0.0.0.0:8000'"), std::string::npos)
      << faults.text();
}

TEST(Catalogue, NothingIsLegal) {
  auto [faults, catalogue] = read("");
  EXPECT_EQ(faults.text(), "");
  EXPECT_EQ(catalogue.api.listen, "127.0.0.1:8000");
}

TEST(Catalogue, Loopback) {
  for (const auto* address : {"127.0.0.1:8000", "localhost:1", "[::1]:80", "127.9.0.1:0"})
    EXPECT_TRUE(is_loopback(address)) << address;
  for (const auto* address : {"0.0.0.0:1", "10.0.0.1:1", "127.evil.example:1", "[::]:1", "localhost"})
    EXPECT_FALSE(is_loopback(address)) << address;
}

TEST(Catalogue, DocumentsEveryOption) {
  bool bootstrap = false;
  for (const auto& [section, options] : catalogue_docs())
    for (const auto& option : options) {
      EXPECT_FALSE(option.help.empty()) << section << "." << option.name;
      bootstrap |= option.environment == "LOOM_KAFKA_BOOTSTRAP";
    }
  EXPECT_TRUE(bootstrap);
}

}  // namespace
}  // namespace loom::model
