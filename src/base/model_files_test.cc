#include "base/model_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

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

}  // namespace
}  // namespace loom
