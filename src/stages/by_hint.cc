#include "stages/by_hint.h"

#include <algorithm>

#include "loom/json.h"

namespace loom::stages {
namespace {

/// A handler, and the messages of one call that are its.
struct Way {
  std::string hint;  // "" is the base's
  BatchHandler handler;
  std::size_t batch = 1;
  std::vector<Envelope> messages{};
  std::vector<std::size_t> places{};
};

std::string with_hint(const std::string& result, const std::string& hint) {
  auto end = result.find_last_of('}');
  if (end == std::string::npos || json::raw_member(result, "hint")) return result;
  auto last = result.find_last_not_of(" \t\r\n", end - 1);
  auto text = result.substr(0, end) + (result[last] == '{' ? "" : ",") + "\"hint\":";
  json::append_string(text, hint);
  return text + '}';
}

Outcome shown(Outcome outcome, const std::string& hint) {
  if (hint.empty()) return outcome;
  if (auto* emit = std::get_if<Emit>(&outcome))
    for (auto& message : emit->messages) message.result = with_hint(message.result, hint);
  return outcome;
}

class ByHint {
 public:
  explicit ByHint(std::vector<Way> ways) : ways_(std::move(ways)) {}

  std::vector<Outcome> operator()(std::span<const Envelope> messages) {
    std::vector<Outcome> outcomes(messages.size());
    for (auto& way : ways_) way.messages.clear(), way.places.clear();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      auto& way = way_of(messages[i].pipeline_hint);
      way.messages.push_back(messages[i]);
      way.places.push_back(i);
    }
    for (auto& way : ways_)
      if (!hand_over(way, outcomes)) return {};  // too few outcomes: the runner says so
    return outcomes;
  }

 private:
  Way& way_of(const std::string& hint) {
    auto found = std::find_if(ways_.begin() + 1, ways_.end(), [&](const Way& way) { return way.hint == hint; });
    return found == ways_.end() ? ways_.front() : *found;
  }

  static bool hand_over(Way& way, std::vector<Outcome>& outcomes) {
    std::span<const Envelope> rest = way.messages;
    for (std::size_t done = 0; done < way.messages.size();) {
      auto some = rest.subspan(done, std::min(way.batch, rest.size() - done));
      auto answers = way.handler(some);
      if (answers.size() != some.size()) return false;
      for (auto& answer : answers) outcomes[way.places[done++]] = shown(std::move(answer), way.hint);
    }
    return true;
  }

  std::vector<Way> ways_;  // the first is the base's
};

Result<BatchHandler> open(const MadeStage& base, const std::map<std::string, MadeStage>& hints) {
  std::vector<Way> ways;
  auto add = [&ways](const std::string& hint, const MadeStage& stage) -> Result<void> {
    auto handler = stage.make_handler();
    if (!handler) return tl::unexpected<Error>(std::move(handler.error()));
    ways.push_back({hint, std::move(*handler), std::max<std::size_t>(stage.batch, 1)});
    return {};
  };
  if (auto added = add("", base); !added) return tl::unexpected<Error>(std::move(added.error()));
  for (const auto& [hint, stage] : hints)
    if (auto added = add(hint, stage); !added) return tl::unexpected<Error>(std::move(added.error()));
  return BatchHandler(ByHint(std::move(ways)));
}

}  // namespace

MadeStage by_hint(MadeStage base, std::map<std::string, MadeStage> hints) {
  MadeStage stage;
  stage.batch = base.batch;
  for (const auto& [hint, made] : hints) stage.batch = std::max(stage.batch, made.batch);
  stage.make_handler = [base = std::move(base), hints = std::move(hints)] { return open(base, hints); };
  return stage;
}

}  // namespace loom::stages
