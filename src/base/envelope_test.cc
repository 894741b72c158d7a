#include "loom/envelope.h"

#include <gtest/gtest.h>

namespace loom {
namespace {

TEST(Envelope, StringAtTellsMissingFromWrong) {
  json::Document document;
  Envelope message;
  message.value = *document.parse(R"({"data":{"text":"hello","count":3,"none":null}})");
  EXPECT_EQ(*message.string_at("data.text"), "hello");
  for (auto path : {"data.nothing", "data.none", "data.text.deeper", ""}) {
    auto missing = message.string_at(path);
    ASSERT_FALSE(missing) << path;
    EXPECT_EQ(missing.error().kind, ErrorKind::missing_field) << path;
    EXPECT_EQ(missing.error().field, path);
  }
  auto wrong = message.string_at("data.count");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::invalid_value);
  EXPECT_NE(wrong.error().message.find("integer"), std::string::npos);
}

}  // namespace
}  // namespace loom
