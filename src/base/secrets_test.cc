#include "base/secrets.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace loom::config {
namespace {

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/password") << "from a file\n";
    ::setenv("SECRETS_TEST", "hunter2", 1);
    ::unsetenv("SECRETS_TEST_UNSET");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  Node read(const std::string& yaml) {
    auto named = with_secrets(Node::parse(yaml, folder + "/loom.yaml", faults), {"kafka"}, faults);
    variables = named.variables;
    return named.root;
  }
  std::string folder = testing::TempDir() + "loom_secrets";
  Faults faults;
  std::vector<std::string> variables;
};

TEST_F(Secrets, come_from_variables_and_files) {
  auto root = read("kafka: {a: '${SECRETS_TEST}', b: [x, 'p://u:${SECRETS_TEST}@h'], c: '${file:password}!', d: '$${x} $y'}");
  EXPECT_EQ(root["kafka"]["a"].scalar(), "hunter2");
  EXPECT_EQ(root["kafka"]["b"].elements()[1].scalar(), "p://u:hunter2@h");
  EXPECT_EQ(root["kafka"]["c"].scalar(), "from a file!");
  EXPECT_EQ(root["kafka"]["d"].scalar(), "${x} $y");
  EXPECT_FALSE(faults.any_fault()) << faults.text();
  EXPECT_EQ(variables, (std::vector<std::string>{"SECRETS_TEST", "SECRETS_TEST"}));
}

TEST_F(Secrets, are_not_looked_for_elsewhere) {
  auto root = read("stages: {s: {command: [sh, -c, 'echo ${HOME}']}}");
  EXPECT_EQ(root["stages"]["s"]["command"].elements()[2].scalar(), "echo ${HOME}");
}

TEST_F(Secrets, that_are_missing_are_named_with_their_place) {
  for (const auto* value : {"${SECRETS_TEST_UNSET}", "${file:nowhere}", "${file:.}", "${SECRETS_TEST"}) {
    faults = {};
    read("\nkafka:\n  a: '" + std::string(value) + "'");
    ASSERT_EQ(faults.all().size(), 1U) << value;
    EXPECT_EQ(faults.all()[0].place.line, 3) << value;
    EXPECT_EQ(faults.text().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace loom::config
