#include "loom/error.h"

#include <gtest/gtest.h>

#include <set>

#include "loom/outcome.h"

namespace loom {
namespace {

struct Row {
  ErrorKind kind;
  std::string_view name;
  int http_status;
  Remedy remedy;
  int exit_code;
};

const Row rows[] = {
    {ErrorKind::malformed, "malformed", 400, Remedy::reject, 65},
    {ErrorKind::missing_field, "missing_field", 400, Remedy::reject, 65},
    {ErrorKind::unauthorized, "unauthorized", 401, Remedy::reject, 77},
    {ErrorKind::forbidden, "forbidden", 403, Remedy::reject, 77},
    {ErrorKind::not_found, "not_found", 404, Remedy::reject, 65},
    {ErrorKind::method_not_allowed, "method_not_allowed", 405, Remedy::reject, 65},
    {ErrorKind::too_large, "too_large", 413, Remedy::reject, 65},
    {ErrorKind::unsupported_media, "unsupported_media", 415, Remedy::reject, 65},
    {ErrorKind::invalid_value, "invalid_value", 422, Remedy::reject, 65},
    {ErrorKind::rate_limited, "rate_limited", 429, Remedy::retry, 75},
    {ErrorKind::full, "full", 503, Remedy::retry, 75},
    {ErrorKind::unavailable, "unavailable", 503, Remedy::retry, 69},
    {ErrorKind::timeout, "timeout", 503, Remedy::retry, 75},
    {ErrorKind::conflict, "conflict", 409, Remedy::reject, 65},
    {ErrorKind::schema, "schema", 500, Remedy::retry, 78},
    {ErrorKind::configuration, "configuration", 500, Remedy::reject, 78},
    {ErrorKind::usage, "usage", 400, Remedy::reject, 64},
    {ErrorKind::internal, "internal", 500, Remedy::reject, 70},
};

TEST(ErrorTraits, EachKindHasItsRow) {
  std::set<std::string_view> titles;
  for (const auto& row : rows) {
    const auto& traits = traits_of(row.kind);
    EXPECT_EQ(traits.name, row.name);
    EXPECT_EQ(traits.http_status, row.http_status) << row.name;
    EXPECT_EQ(traits.remedy, row.remedy) << row.name;
    EXPECT_EQ(traits.exit_code, row.exit_code) << row.name;
    EXPECT_TRUE(titles.insert(traits.title).second) << row.name;
  }
}

TEST(ErrorText, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(to_string({ErrorKind::invalid_value, "latitude is 91", "data.latitude", "send -90 to 90", ""}),
            "latitude is 91 (data.latitude): send -90 to 90");
  EXPECT_EQ(to_string({ErrorKind::invalid_value, "latitude is 91", "", "", "22003"}), "latitude is 91");
  EXPECT_EQ(to_string({ErrorKind::full, "", "", "", ""}), "Loom is full");
}

TEST(ErrorOutcome, FollowsTheTable) {
  EXPECT_TRUE(std::holds_alternative<Retry>(outcome_of(Error{ErrorKind::unavailable, "", "", "", ""})));
  EXPECT_TRUE(std::holds_alternative<Reject>(outcome_of(Error{ErrorKind::malformed, "", "", "", ""})));
}

}  // namespace
}  // namespace loom
