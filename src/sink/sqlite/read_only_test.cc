#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "sink/sink_fixture.h"

namespace loom::sink {
namespace {

constexpr uid_t nobody = 65534;

/// Root may write what is read-only; another may not.
void become(uid_t user) {
  if (getuid() != 0) return;
  EXPECT_EQ(seteuid(user), 0);
}

void chmod_all(const std::string& folder, mode_t mode) {
  for (const auto& file : std::filesystem::directory_iterator(folder)) ::chmod(file.path().c_str(), mode);
}

TEST(SqliteReadOnly, IsOverWhenTheFileMayBeWrittenAgain) {
  Databases databases("sqlite");
  ::chmod(databases.folder().c_str(), 0777);
  auto apply = std::vector<std::string>{"CREATE TABLE notes (n INTEGER)"};
  ASSERT_TRUE(databases.open()->apply(apply));
  chmod_all(databases.folder(), 0444);
  become(nobody);
  auto reader = databases.open(), writer = databases.open();
  EXPECT_TRUE(reader->describe(TableName{"notes"})) << "what is read-only can be read";
  EXPECT_FALSE(reader->read_offsets(owner, {}));
  Batch batch{owner, {}, {move_of(std::nullopt, 1)}};
  EXPECT_FALSE(writer->write(batch, nothing));
  become(0);
  chmod_all(databases.folder(), 0666);
  become(nobody);
  EXPECT_TRUE(reader->read_offsets(owner, {}));
  auto written = writer->write(batch, nothing);
  EXPECT_TRUE(written) << to_string(written.error());
  become(0);
}

}  // namespace
}  // namespace loom::sink
