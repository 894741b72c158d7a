#include "model/merge_patch.h"

#include <gtest/gtest.h>

#include "model/message.h"

namespace loom::model {
namespace {

struct Case {
  const char *value, *patch, *wanted;
};
class MergePatch : public testing::TestWithParam<Case> {};

TEST_P(MergePatch, Patches) { EXPECT_EQ(merge_patch(GetParam().value, GetParam().patch), GetParam().wanted); }

// The RFC's own examples (appendix A), then what splicing has to keep.
const Case cases[] = {
    {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
    {R"({"a":"b"})", R"({"a":null})", R"({})"},
    {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
    {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
    {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
    {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
    {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
    {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
    {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
    {R"({"a":"foo"})", "null", "null"},
    {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
    {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
    {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
    {R"({"a" : 1.50, "b":{"x":1e2, "y":"\u00e4"}})", R"({"b":{"z":0}})", R"({"a":1.50,"b":{"x":1e2,"y":"\u00e4","z":0}})"},
    {R"({"d\u0061ta":1})", R"({"data":2})", R"({"data":2})"},
    {R"({"a":1})", R"({"b":1,"b":2})", R"({"a":1,"b":2})"},
};
INSTANTIATE_TEST_SUITE_P(All, MergePatch, testing::ValuesIn(cases));

TEST(MergePatchOfAMessage, LeavesTheFingerprintOfDataAloneUnlessDataIsPatched) {
  std::string value = R"({"message_id":"x","data":{"n": 1.0,  "m":[1 ,2]},"metadata":{}})";
  EXPECT_EQ(fingerprint(merge_patch(value, R"({"metadata":{"by":"me"}})")), fingerprint(value));
  EXPECT_NE(fingerprint(merge_patch(value, R"({"data":{"n":2}})")), fingerprint(value));
}

}  // namespace
}  // namespace loom::model
