#include "ingest/multipart.h"

#include <gtest/gtest.h>

namespace loom::ingest {
namespace {

using namespace std::string_literals;
constexpr auto type = "multipart/form-data; boundary=XX";

std::string part(const std::string& head, const std::string& body) { return "--XX\r\n" + head + "\r\n\r\n" + body + "\r\n"; }
std::string named(const std::string& name, const std::string& body) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", body);
}

TEST(Multipart, is_cut_into_its_parts) {
  auto bytes = "\0\r\n--X\r\n\xff"s;
  auto body = "preamble\r\n" + named("device_id", "phone") +
              part("content-type: image/png\r\nContent-Disposition: form-data; name=file; filename=\"a\\\"b;c.png\"", bytes) +
              named("empty", "") + "--XX--\r\nepilogue";
  auto parts = cut_multipart(body, "Multipart/Form-Data; charset=utf-8; boundary=\"XX\"");
  ASSERT_TRUE(parts) << parts.error().error.message;
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[0].name, "device_id");
  EXPECT_EQ((*parts)[0].body, "phone");
  EXPECT_FALSE((*parts)[0].filename);
  EXPECT_EQ((*parts)[1].name, "file");
  EXPECT_EQ((*parts)[1].filename, "a\"b;c.png");
  EXPECT_EQ((*parts)[1].content_type, "image/png");
  EXPECT_EQ((*parts)[1].body, bytes);
  EXPECT_EQ((*parts)[2].body, "");
}

TEST(Multipart, what_is_not_exactly_that_is_refused) {
  auto good = named("a", "b");
  const std::pair<const char*, std::string> rows[] = {
      {"empty", ""},
      {"no end", good},
      {"end cut", good + "--XX"},
      {"junk after a boundary", "--XXjunk\r\n\r\n--XX--"},
      {"no blank line", "--XX\r\nContent-Disposition: form-data; name=a\r\n--XX--"},
      {"no disposition", part("Content-Type: a/b", "x") + "--XX--"},
      {"no name", part("Content-Disposition: form-data", "x") + "--XX--"},
      {"attachment", part("Content-Disposition: attachment; name=a", "x") + "--XX--"},
      {"two dispositions", part("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b", "x") + "--XX--"},
      {"open quote", part("Content-Disposition: form-data; name=\"a", "x") + "--XX--"},
      {"no colon", part("Content-Disposition", "x") + "--XX--"},
      {"base64", part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "x") + "--XX--"},
      {"NUL in a header", part("Content-Disposition: form-data; name=a\0b"s, "x") + "--XX--"},
      {"long headers", part("Content-Disposition: form-data; name=a\r\nX: " + std::string(max_part_head, 'x'), "x") + "--XX--"},
      {"nothing but line breaks", std::string(1 << 20, '\r')},
  };
  for (const auto& [name, body] : rows) {
    auto parts = cut_multipart(body, type);
    ASSERT_FALSE(parts) << name;
    EXPECT_EQ(parts.error().error.kind, ErrorKind::malformed) << name;
  }
  std::string many;
  for (std::size_t i = 0; i <= max_parts; ++i) many += good;
  EXPECT_EQ(cut_multipart(many + "--XX--", type).error().error.kind, ErrorKind::too_large);
  for (auto wrong : {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a b \"",
                     "multipart/form-data; boundary=a{b"})
    EXPECT_FALSE(cut_multipart(good + "--XX--", wrong)) << wrong;
  EXPECT_FALSE(cut_multipart(good + "--XX--", "multipart/form-data; boundary=" + std::string(71, 'X')));
}

TEST(Multipart, any_cut_is_safe) {
  auto body = named("a", "b") + part("Content-Disposition: form-data; name=f; filename=x\r\nContent-Type: a/b", "-XX") + "--XX--";
  for (std::size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(cut_multipart(std::string_view(body).substr(0, length), type)) << length;
  EXPECT_TRUE(cut_multipart(body, type));
}

TEST(HeaderParameter, is_found_or_not) {
  EXPECT_EQ(header_parameter("audio/L16; rate=16000; channels=2", "channels"), "2");
  EXPECT_EQ(header_parameter("a/b;RATE = 8000 ;x", "rate"), "8000");
  EXPECT_EQ(header_parameter("a/b; flag; rate=1", "rate"), "1");
  EXPECT_FALSE(header_parameter("a/b", "rate"));
  EXPECT_FALSE(header_parameter("a/b; x=\"rate=1", "rate"));
  EXPECT_EQ(header_parameter("a/b; x=\"; rate=1\"; rate=2", "rate"), "2");
}

}  // namespace
}  // namespace loom::ingest
