#include "ingest/keys.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace loom::ingest {
namespace {

constexpr Micros second = 1'000'000;

http::Request with_header(std::string_view name, std::string_view value) {
  http::Request request;
  request.set_line("POST", "/");
  if (!name.empty()) request.add_header(name, value);
  return request;
}

model::ApiKey key(std::string name, std::string_view secret) {
  model::ApiKey made;
  made.name = std::move(name);
  made.sha256 = sha256_hex(secret);
  made.types = {"*"};
  return made;
}

TEST(Keys, none_is_open) {
  Keys keys({});
  EXPECT_TRUE(keys.open());
  EXPECT_TRUE(keys.identify(with_header("", "")));
  EXPECT_TRUE(keys.allow(0, "anything"));
  EXPECT_TRUE(keys.spend(0, 1000000, 0));
}

TEST(Keys, are_told_apart) {
  Keys keys({key("one", "secret-1"), key("two", "secret-2")});
  struct Row {
    const char *name, *value;
    int who;  // -1: unauthorized
  };
  const Row rows[] = {{"X-API-Key", "secret-1", 0},
                      {"x-api-key", "secret-2", 1},
                      {"Authorization", "Bearer secret-2", 1},
                      {"authorization", "bearer secret-1", 0},
                      {"", "", -1},
                      {"X-API-Key", "", -1},
                      {"X-API-Key", "secret-3", -1},
                      {"X-API-Key", "secret-1 ", -1},
                      {"Authorization", "secret-1", -1},
                      {"Authorization", "Basic secret-1", -1}};
  for (const auto& row : rows) {
    auto who = keys.identify(with_header(row.name, row.value));
    EXPECT_EQ(who ? static_cast<int>(*who) : -1, row.who) << row.name << ": " << row.value;
    if (!who) {
      EXPECT_EQ(who.error().error.kind, ErrorKind::unauthorized);
    }
  }
}

TEST(Keys, the_hash_of_nothing_opens_nothing) {
  Keys keys({key("empty", "")});
  EXPECT_FALSE(keys.identify(with_header("", "")));
}

TEST(Keys, may_send_their_types_only) {
  auto limited = key("one", "x");
  limited.types = {"screenshot", "gps_reading"};
  auto none = key("two", "y");
  none.types = {};
  Keys keys({limited, none});
  EXPECT_TRUE(keys.allow(0, "screenshot"));
  EXPECT_FALSE(keys.allow(1, "screenshot"));
  auto refused = keys.allow(0, "heartrate");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, ErrorKind::forbidden);
  EXPECT_NE(refused.error().error.message.find("'one'"), std::string::npos);
}

TEST(Keys, spend_their_rate) {
  auto limited = key("one", "x");
  limited.rate = 2;
  Keys keys({limited, key("two", "y")});
  Micros now = 1000 * second;
  EXPECT_TRUE(keys.spend(0, 1, now));
  EXPECT_TRUE(keys.spend(0, 1, now));
  auto refused = keys.spend(0, 1, now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, ErrorKind::rate_limited);
  EXPECT_EQ(refused.error().details.retry_after_s, 1);
  EXPECT_TRUE(keys.spend(1, 1000, now));  // the other has no limit
  EXPECT_FALSE(keys.spend(0, 1, now + second / 4));
  EXPECT_TRUE(keys.spend(0, 1, now + second));
  EXPECT_TRUE(keys.spend(0, 1, now + second));  // two a second
}

TEST(Keys, pay_off_a_batch) {
  auto limited = key("one", "x");
  limited.rate = 10;
  Keys keys({limited});
  EXPECT_TRUE(keys.spend(0, 100, 0));  // more than the bucket holds: goes into debt by 90
  auto refused = keys.spend(0, 1, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().details.retry_after_s, 10);  // 91 tokens
  EXPECT_FALSE(keys.spend(0, 1, 9 * second));
  EXPECT_TRUE(keys.spend(0, 1, 10 * second));
}

TEST(Keys, a_clock_set_back_gives_nothing_and_takes_nothing) {
  auto limited = key("one", "x");
  limited.rate = 1;
  Keys keys({limited});
  EXPECT_TRUE(keys.spend(0, 1, 10 * second));
  EXPECT_FALSE(keys.spend(0, 1, 5 * second));
  EXPECT_TRUE(keys.spend(0, 1, 11 * second));
}

}  // namespace
}  // namespace loom::ingest
