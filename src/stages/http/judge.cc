#include "stages/http/judge.h"

#include <algorithm>
#include <charconv>

#include "base/complaint.h"
#include "loom/json.h"
#include "stages/answer/answer.h"

namespace loom::stages {
namespace {

constexpr std::size_t shown = 300;              // bytes of what the service said
constexpr std::chrono::seconds longest_rest{60};  // a service that says more is asked again nevertheless

enum class Says { nothing_of_it, refused, too_large };
struct Meaning {
  Says says;
  std::string_view remedy;
};
Meaning meaning_of(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return {Says::nothing_of_it, "check the stage's key (api_key_env, headers)"};
    case 404:
    case 405:
      return {Says::nothing_of_it, "check the stage's url and path"};
    case 408:
    case 425:
    case 429:
      return {Says::nothing_of_it, "see whether the service keeps up; lower in_flight or lanes"};
    case 413:
      return {Says::too_large, "let the service take more, or send less"};
    default:
      if (status / 100 == 4) return {Says::refused, "correct the message or the service, then replay the dead letter"};
      return {Says::nothing_of_it, status / 100 == 5 ? "see the service's log" : "check the stage's url and path"};
  }
}

Error error_of(ErrorKind kind, std::string message, std::string_view remedy, int status = 0) {
  return {kind, std::move(message), {}, std::string(remedy), status == 0 ? "" : std::to_string(status)};
}

Outcome refused(const ServiceReply& reply) {
  auto [says, remedy] = meaning_of(reply.status);
  auto said = complaint_of(reply.body);
  auto message = "the service answered " + std::to_string(reply.status) + (said.empty() ? "" : ": " + said);
  if (says == Says::nothing_of_it) return Retry{error_of(ErrorKind::unavailable, std::move(message), remedy, reply.status)};
  auto kind = says == Says::too_large ? ErrorKind::too_large : ErrorKind::invalid_value;
  return Reject{error_of(kind, std::move(message), remedy, reply.status)};
}

Outcome answered(const ServiceReply& reply) {
  json::Document document;
  auto answer = document.parse(reply.body, {.depth = 64, .allow_nul = true});
  if (!answer || !answer->is_object())
    return Retry{error_of(ErrorKind::unavailable,
                          "the service answered " + std::to_string(reply.status) + " with what is no JSON object: " +
                              beginning_of(reply.body, shown),
                          "check that the stage's url and path are the service's", reply.status)};
  auto outcome = outcome_of_answer(reply.body, *answer);
  return outcome ? std::move(*outcome) : Retry{std::move(outcome.error())};
}

Outcome not_answered(Error error) {
  if (error.kind == ErrorKind::too_large)
    error.remedy = "answer shorter results, or raise the stage's max_output";
  else if (error.kind != ErrorKind::timeout)
    error.kind = ErrorKind::unavailable;
  error.message = "the service: " + error.message;
  return Retry{std::move(error)};
}

std::chrono::seconds rest_of(const ServiceReply& reply) {
  int seconds = 0;
  if (reply.status != 429 && reply.status != 503) return std::chrono::seconds{0};
  auto [end, bad] = std::from_chars(reply.retry_after.data(), reply.retry_after.data() + reply.retry_after.size(), seconds);
  if (bad == std::errc::result_out_of_range) return longest_rest;
  if (bad != std::errc() || end != reply.retry_after.data() + reply.retry_after.size()) return std::chrono::seconds{0};
  return std::clamp(std::chrono::seconds{seconds}, std::chrono::seconds{0}, longest_rest);
}

}  // namespace

Judged judge(const Result<ServiceReply>& reply) {
  if (!reply) return {not_answered(reply.error())};
  if (reply->status / 100 == 2) return {answered(*reply)};
  return {refused(*reply), rest_of(*reply)};
}

}  // namespace loom::stages
