#include "base/model_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/temp_folder.h"

namespace loom {
namespace {

TEST(ModelFiles, AreThoseThatSetupBrings) {
  std::ifstream in(LOOM_ROOT "/tools/models.sha256");
  std::map<std::string, std::string> listed;
  for (std::string sha256, name; in >> sha256 >> name;) listed[name] = sha256;
  ASSERT_EQ(listed.size(), model_files().size());
  for (const auto& file : model_files()) EXPECT_EQ(listed[std::string(file.name)], file.sha256) << file.name;
}

TEST(ModelFiles, AreFoundFromAnywhereAndProved) {
  auto path = model_file("silero_vad.onnx");
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->ends_with(".deps/models/silero_vad.onnx"));
}

TEST(ModelFiles, ThoseThatWereAskedForAreKnown) {
  ASSERT_TRUE(model_file("silero_vad.onnx"));
  auto files = asked_model_files();
  auto found = std::find_if(files.begin(), files.end(), [](const auto& file) { return file.name == "silero_vad.onnx"; });
  ASSERT_NE(found, files.end());
  EXPECT_TRUE(found->path);
}

TEST(ModelFiles, ADamagedOneIsAnErrorThatNamesItAndTheRemedy) {
  test::TempFolder home;
  std::filesystem::create_directories(std::filesystem::path(home.path()) / "models/vader");
  std::ofstream(std::filesystem::path(home.path()) / "models/vader/emoji.txt") << "not the file";
  ASSERT_EQ(setenv("LOOM_HOME", home.path().c_str(), 1), 0);
  auto path = model_file("vader/emoji.txt");
  unsetenv("LOOM_HOME");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().kind, ErrorKind::configuration);
  EXPECT_NE(path.error().message.find("models/vader/emoji.txt"), std::string::npos);
  EXPECT_NE(path.error().remedy.find("tools/setup"), std::string::npos);
  EXPECT_TRUE(model_file("vader/emoji.txt")) << "asked again, the whole one is found";
}

}  // namespace
}  // namespace loom
