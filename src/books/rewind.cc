#include "books/rewind.h"

#include <algorithm>

#include "books/when.h"

namespace loom::books {

Result<RewindTarget> target_of(const std::string& text, Micros now) {
  if (text == "earliest") return RewindTarget{};
  bool is_number = !text.empty() && text.size() <= 18 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= '0' && c <= '9';
  });
  if (is_number) return RewindTarget{RewindTarget::Kind::offset, std::stoll(text)};
  auto time = parse_when(text, now);
  if (!time)
    return fail(ErrorKind::usage, "--to '" + text + "' is no time and no offset",
                {.remedy = "write earliest, an offset, 2026-11-23T12:00:00Z, or -2h for two hours ago"});
  return RewindTarget{RewindTarget::Kind::time, *time / 1000};
}

std::vector<RewindStep> plan_rewind(const kafka::Offsets& stands,
                                    const std::map<model::TopicPartition, kafka::Watermarks>& marks,
                                    const kafka::Offsets& wanted) {
  std::vector<RewindStep> steps;
  for (const auto& [partition, to] : wanted) {
    auto mark = marks.find(partition);
    RewindStep step{partition, std::nullopt, to};
    if (mark != marks.end()) step.to = std::clamp(to, mark->second.low, mark->second.high);
    auto found = stands.find(partition);
    if (found == stands.end()) {
      step.kind = RewindStep::Kind::not_begun;
    } else {
      step.from = found->second;
      step.kind = step.to < found->second ? RewindStep::Kind::moves : RewindStep::Kind::stays;
      if (step.kind == RewindStep::Kind::stays) step.to = found->second;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace loom::books
