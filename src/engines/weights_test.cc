#include "engines/weights.h"

#include <gtest/gtest.h>

namespace loom::engines {
namespace {

TEST(Weights, AreLoadedOnceForAllWhoHaveThem) {
  Weights weights;
  int loads = 0;
  auto load = [&loads]() -> Result<std::shared_ptr<int>> { return std::make_shared<int>(++loads); };
  {
    auto one = weights.get<int>("a", load), two = weights.get<int>("a", load), other = weights.get<int>("b", load);
    EXPECT_EQ(*one, *two);
    EXPECT_EQ(loads, 2);
    EXPECT_NE(*one, *other);
  }
  EXPECT_EQ(**weights.get<int>("a", load), 3) << "nobody had them any more";
}

TEST(Weights, ALoadThatFailsIsTriedAgain) {
  Weights weights;
  auto fails = []() -> Result<std::shared_ptr<int>> { return fail(ErrorKind::configuration, "no file"); };
  EXPECT_EQ(weights.get<int>("a", fails).error().message, "no file");
  EXPECT_TRUE(weights.get<int>("a", []() -> Result<std::shared_ptr<int>> { return std::make_shared<int>(1); }));
}

}  // namespace
}  // namespace loom::engines
