#include "app/up.h"

#include <gtest/gtest.h>

namespace loom::app {
namespace {

model::Catalogue two_groups() {
  model::Catalogue catalogue;
  for (auto [name, use] : {std::pair{"ocr-consumer", "ocr"}, std::pair{"store-consumer", "store"}}) {
    auto& stage = catalogue.stages[ConsumerGroup{name}];
    stage.group = ConsumerGroup{name};
    stage.use = use;
  }
  return catalogue;
}

TEST(InstancesOf, is_one_each_unless_scaled) {
  auto instances = instances_of(two_groups(), {"ocr-consumer=3", "store-consumer=0"});
  ASSERT_TRUE(instances);
  EXPECT_EQ(*instances, (Instances{{ConsumerGroup{"ocr-consumer"}, 3}, {ConsumerGroup{"store-consumer"}, 0}}));
  EXPECT_EQ(instances_of(two_groups(), {})->at(ConsumerGroup{"ocr-consumer"}), 1);
}

TEST(InstancesOf, refuses_what_it_does_not_know) {
  for (const auto* word : {"ocr-consumer", "ocr-consumer=", "ocr-consumer=x", "ocr-consumer=-1", "ocr-consumer=2x",
                           "ocr-consumer=100000", "nobody=1", ""}) {
    auto instances = instances_of(two_groups(), {word});
    ASSERT_FALSE(instances) << word;
    EXPECT_EQ(instances.error().kind, ErrorKind::usage) << word;
  }
  EXPECT_EQ(instances_of(two_groups(), {"ocr-consumr=2"}).error().remedy, "did you mean 'ocr-consumer'?");
}

TEST(PartsOf, gives_every_process_its_command_and_its_place_in_the_drain) {
  auto parts = parts_of(two_groups(), {{ConsumerGroup{"ocr-consumer"}, 2}, {ConsumerGroup{"store-consumer"}, 1}},
                        "/x/loom.yaml");
  std::vector<std::string> told;
  for (const auto& part : parts) {
    std::string words;
    for (std::size_t i = 1; i < part.command.argv.size(); ++i) words += " " + part.command.argv[i];
    told.push_back(part.name + ":" + words + " @" + std::to_string(part.drain_order));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"ocr-consumer 1: run ocr-consumer --config /x/loom.yaml @1",
                                            "ocr-consumer 2: run ocr-consumer --config /x/loom.yaml @1",
                                            "store-consumer: run store-consumer --config /x/loom.yaml @2",
                                            "api: api --config /x/loom.yaml @0"}));
}

TEST(ApiUrl, is_one_that_a_client_can_use) {
  const std::vector<std::pair<std::string, std::string>> cases{{"127.0.0.1:8000", "http://127.0.0.1:8000"},
                                                               {"0.0.0.0:80", "http://127.0.0.1:80"},
                                                               {"[::]:80", "http://[::1]:80"},
                                                               {"box:9", "http://box:9"}};
  for (const auto& [listen, url] : cases) {
    model::ApiSettings api;
    api.listen = listen;
    EXPECT_EQ(api_url(api), url);
    api.tls.emplace();
    EXPECT_EQ(api_url(api), "https" + url.substr(4));
  }
}

TEST(WithoutPassword, hides_nothing_else) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"sqlite:loom.db", "sqlite:loom.db"},
      {"postgres://u@h/db", "postgres://u@h/db"},
      {"postgres://u:secret@h:5432/db", "postgres://u@h:5432/db"},
      {"postgres:///db?host=/tmp", "postgres:///db?host=/tmp"}};
  for (const auto& [url, shown] : cases) EXPECT_EQ(without_password(url), shown);
}

}  // namespace
}  // namespace loom::app
