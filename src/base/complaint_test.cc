#include "base/complaint.h"

#include <gtest/gtest.h>

namespace loom {
namespace {

TEST(Complaint, IsFoundWhereServersPutIt) {
  struct Row {
    const char *body, *complaint;
  };
  for (const auto& row : {Row{R"({"error":"no text"})", "no text"}, Row{R"({"error":{"message":"no text","type":"x"}})", "no text"},
                          Row{R"({"detail":"no text"})", "no text"}, Row{R"({"message":"no text"})", "no text"},
                          Row{"no\r\ntext", "no  text"}, Row{"<html>no text</html>", ""}, Row{R"({"code":7})", ""}, Row{"", ""}})
    EXPECT_EQ(complaint_of(row.body), row.complaint) << row.body;
  EXPECT_LE(complaint_of(std::string(1 << 20, 'x')).size(), 300U);
}

TEST(Complaint, IsCutBetweenCharacters) {
  EXPECT_EQ(beginning_of("€€", 6), "€€");
  EXPECT_EQ(beginning_of("€€", 5), "€");
  EXPECT_EQ(beginning_of("€€", 2), "");
  EXPECT_EQ(beginning_of("a\x7f", 9), "a ");
}

}  // namespace
}  // namespace loom
