#include "base/bytes.h"
#include "ingest/running_api.h"

namespace loom::ingest {
namespace {

struct KeyedApi : testing::Test {
  KeyedApi() {
    auto catalogue = test_catalogue();
    model::ApiKey phone;
    phone.name = "phone";
    phone.sha256 = sha256_hex("secret");
    phone.types = {"gps_reading"};
    phone.rate = 2;
    catalogue.api.keys = {phone};
    ApiHooks hooks;
    hooks.clock = [] { return Micros{1795435200000000}; };  // it stands still, as one does that was set back
    hooks.steady = [this] { return now.load(); };
    running = std::make_unique<Running>(catalogue, hooks);
  }
  http::Client with(std::string name, std::string value) {
    http::ClientOptions options;
    options.headers = {{std::move(name), std::move(value)}};
    return running->client(options);
  }
  std::atomic<Micros> now{0};
  std::unique_ptr<Running> running;
};

TEST_F(KeyedApi, asks_for_a_key) {
  auto none = running->client();
  auto wrong = with("X-API-Key", "other");
  auto right = with("X-API-Key", "secret");
  auto bearer = with("Authorization", "Bearer secret");
  EXPECT_EQ(post(none, good).status, 401);
  EXPECT_EQ(post(wrong, good).status, 401);
  EXPECT_EQ(post(right, good).status, 200);
  EXPECT_EQ(post(bearer, good).status, 200);
  EXPECT_EQ(Answer(none.get("/ingest/message-types")).status, 401);
  EXPECT_EQ(Answer(none.get("/healthz")).status, 200);
  EXPECT_EQ(Answer(none.get("/readyz")).status, 200);
}

TEST_F(KeyedApi, allows_the_keys_types_at_its_rate) {
  auto client = with("X-API-Key", "secret");
  EXPECT_EQ(post(client, with_id(id)).status, 403);
  EXPECT_EQ(post(client, good).status, 200);
  auto refused = post(client, good);
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(refused.retry_after, "1");
  EXPECT_EQ(refused.integer("retry_after"), 1);
  now += 1'000'000;
  EXPECT_EQ(post(client, "[" + std::string(good) + "," + with_id(id) + "]", "/ingest/batch").integer("accepted"), 1);
  EXPECT_EQ(post(client, "[" + std::string(good) + "]", "/ingest/batch").status, 429);
}

}  // namespace
}  // namespace loom::ingest
