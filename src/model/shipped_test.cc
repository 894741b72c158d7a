// The files that ship: loom.yaml and topic_mappings.yml.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "model/check.h"

namespace loom::model {
namespace {

std::string shipped(const std::string& name) {
  return (std::filesystem::path(LOOM_ROOT) / name).string();
}

class Shipped : public testing::Test {
 protected:
  void SetUp() override {
    catalogue_ = read_catalogue(config::Node::load(shipped("loom.yaml"), faults_), {},
                                {"store", "ocr", "vad", "transcribe", "sentiment"}, faults_);
    mappings_ = read_mappings(config::Node::load(catalogue_.mappings_file, faults_), faults_);
    add_mapped_topics(catalogue_, mappings_);
  }
  config::Faults faults_;
  Catalogue catalogue_;
  Mappings mappings_;
};

TEST_F(Shipped, LoadsAndChecks) {
  EXPECT_EQ(faults_.text(), "");
  check_offline(catalogue_, mappings_, faults_);
  EXPECT_EQ(faults_.text(), "");
}

TEST_F(Shipped, HasTheTypesOfTheExistingApi) {
  std::map<std::string, std::string> topics;
  for (const auto& [name, type] : catalogue_.types) topics[name.get()] = type.topic.get();
  const std::map<std::string, std::string> expected{{"audio_chunk", "device.audio.raw"},
                                                    {"gps_reading", "device.sensor.gps.raw"},
                                                    {"accelerometer", "device.sensor.accelerometer.raw"},
                                                    {"heartrate", "device.health.heartrate.raw"},
                                                    {"power_state", "device.state.power.raw"},
                                                    {"wifi_state", "device.network.wifi.raw"},
                                                    {"bluetooth_scan", "device.network.bluetooth.raw"},
                                                    {"temperature", "device.sensor.temperature.raw"},
                                                    {"barometer", "device.sensor.barometer.raw"},
                                                    {"device_metadata", "device.metadata.raw"},
                                                    {"camera_photo", "device.image.camera.raw"},
                                                    {"screenshot", "device.video.screen.raw"},
                                                    {"twitter_screenshot", "external.twitter.images.raw"},
                                                    {"app_lifecycle", "os.events.app_lifecycle.raw"},
                                                    {"system_event", "os.events.system.raw"},
                                                    {"notification", "os.events.notifications.raw"},
                                                    {"macos_apps", "device.system.apps.macos.raw"},
                                                    {"android_apps", "device.system.apps.android.raw"},
                                                    {"digital_note", "digital.notes.raw"},
                                                    {"clipboard", "digital.clipboard.raw"},
                                                    {"twitter_liked", "external.twitter.liked.raw"},
                                                    {"email_event", "external.email.events.raw"},
                                                    {"calendar_event", "external.calendar.events.raw"},
                                                    {"customer_feedback", "external.feedback.raw"},
                                                    {"url_to_process", "task.url.ingest"}};
  EXPECT_EQ(topics, expected);
}

TEST_F(Shipped, RequiresWhatTheListSays) {
  std::map<std::string, std::set<std::string>> required;
  std::set<std::string> by_message;
  for (const auto& [name, type] : catalogue_.types) {
    if (type.key == KeyBy::message_id) by_message.insert(name.get());
    for (const auto& field : type.fields)
      if (field.required) required[name.get()].insert(field.name + ":" + std::string(name_of(field.kind)));
  }
  std::set<std::string> picture{"image_data:base64", "width:integer", "height:integer"};
  EXPECT_EQ(required, (std::map<std::string, std::set<std::string>>{
                          {"audio_chunk", {"chunk_data:base64", "sample_rate:integer", "duration_ms:number"}},
                          {"gps_reading", {"latitude:number", "longitude:number"}},
                          {"accelerometer", {"x:number", "y:number", "z:number"}},
                          {"heartrate", {"bpm:number"}},
                                                                       {"customer_feedback", {"text:string"}},
                          {"camera_photo", picture},
                          {"screenshot", picture},
                          {"twitter_screenshot", picture}}));
  EXPECT_EQ(by_message, (std::set<std::string>{"camera_photo", "screenshot", "twitter_screenshot"}));
  EXPECT_EQ(catalogue_.type("audio_chunk")->hint, "audio_transcription");
  EXPECT_EQ(catalogue_.type("twitter_screenshot")->hint, "ocr_extraction");
  EXPECT_EQ(catalogue_.type("camera_photo")->hint, "direct_storage");
}

TEST_F(Shipped, MapsEveryTopicOfATypeOrStage) {
  for (const auto& [name, type] : catalogue_.types)
    EXPECT_TRUE(mappings_.topics.contains(type.topic)) << type.topic.get();
  for (const auto& [group, stage] : catalogue_.stages) {
    if (stage.output) {
      EXPECT_TRUE(mappings_.topics.contains(*stage.output)) << stage.output->get();
    }
  }
  std::set<std::string> tables;
  for (const auto& [topic, mapping] : mappings_.topics)
    EXPECT_TRUE(tables.insert(mapping.table.get()).second) << mapping.table.get();
  EXPECT_TRUE(mappings_.topics.at(TopicName{"device.metadata.raw"}).shortest);
  EXPECT_EQ(mappings_.topics.at(TopicName{"device.audio.raw"}).types.at("chunk_data"), ColumnType::bytes);
}

}  // namespace
}  // namespace loom::model
