#include "app/engine_trial.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/model_files.h"

namespace loom::app {
namespace {

TEST(EngineTrial, SaysWhatTheEngineIsAndCosts) {
  constexpr std::size_t cost = 64 << 20;
  auto trial = tried([]() -> Result<engines::Called> {
    static std::string weights;  // stays
    weights.assign(cost, 'w');
    if (auto file = model_file("silero_vad.onnx"); !file) return tl::unexpected(file.error());
    return engines::Called{"5.3", "eng"};
  });
  EXPECT_EQ(trial.error, "");
  EXPECT_EQ(trial.version, "5.3");
  EXPECT_EQ(trial.settings, "eng");
  EXPECT_GE(trial.bytes, static_cast<std::int64_t>(cost));
  ASSERT_EQ(trial.files.size(), 1U);
  EXPECT_EQ(trial.files[0].name, "silero_vad.onnx");
  EXPECT_TRUE(trial.files[0].is_whole);
}

TEST(EngineTrial, AnErrorIsToldWithItsRemedy) {
  auto trial = tried([]() -> Result<engines::Called> {
    return fail(ErrorKind::configuration, "no weights", {.field = {}, .remedy = "run tools/setup", .code = {}});
  });
  EXPECT_EQ(trial.error, "no weights");
  EXPECT_EQ(trial.remedy, "run tools/setup");
}

TEST(EngineTrial, OneThatCrashesTakesNobodyAlong) {
  auto trial = tried([]() -> Result<engines::Called> {
    std::raise(SIGKILL);
    return engines::Called{};
  });
  EXPECT_NE(trial.error.find("Killed"), std::string::npos) << trial.error;
}

}  // namespace
}  // namespace loom::app
