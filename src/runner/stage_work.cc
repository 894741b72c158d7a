#include "runner/stage_work.h"

#include <exception>

#include "runner/admission.h"
#include "runner/joiners.h"

namespace loom::runner {
namespace {

Outcome thrown_outcome(const std::string& what) {
  return Reject{
      Error{ErrorKind::internal, "the handler threw: " + what, "", "mend the stage, then replay the dead letter", ""}};
}

class StageWorker : public Worker {
 public:
  StageWorker(Admission admission, BatchHandler handler)
      : admission_(std::move(admission)), handler_(std::move(handler)) {}

  std::vector<Verdict> handle(std::span<const model::Record* const> records) override {
    std::vector<Verdict> verdicts(records.size());
    messages_.clear();
    places_.clear();
    if (documents_.size() < records.size()) documents_.resize(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto decided = admit(*records[i], documents_[i]);
      if (decided)
        verdicts[i] = std::move(*decided);
      else
        places_.push_back(i);
    }
    if (messages_.empty()) return verdicts;
    auto outcomes = outcomes_of(messages_);
    for (std::size_t i = 0; i < places_.size(); ++i) verdicts[places_[i]] = verdict_of(std::move(outcomes[i]));
    return verdicts;
  }

 private:
  std::optional<Verdict> admit(const model::Record& record, json::Document& document) {
    Envelope message;
    auto decided = admission_.admit(record, document, message);
    if (!decided) messages_.push_back(std::move(message));
    return decided;
  }

  /// One message that makes the handler throw must not take the others of its batch along: they are tried alone.
  std::vector<Outcome> outcomes_of(std::span<const Envelope> messages) {
    std::string what;
    try {
      auto outcomes = handler_(messages);
      if (outcomes.size() == messages.size()) return outcomes;
      what = "it gave " + std::to_string(outcomes.size()) + " outcomes for " + std::to_string(messages.size()) +
             " messages";
    } catch (const std::exception& thrown) {
      what = thrown.what();
    } catch (...) {
      what = "no std::exception";
    }
    std::vector<Outcome> outcomes;
    if (messages.size() == 1) {
      outcomes.push_back(thrown_outcome(what));
      return outcomes;
    }
    for (std::size_t i = 0; i < messages.size(); ++i)
      outcomes.push_back(std::move(outcomes_of(messages.subspan(i, 1)).front()));
    return outcomes;
  }

  Admission admission_;
  BatchHandler handler_;
  std::vector<json::Document> documents_;  // one a message of the batch, used again
  std::vector<Envelope> messages_;
  std::vector<std::size_t> places_;
};

}  // namespace

Work work_of(StageWork stage) {
  Work work;
  work.workers = stage.lanes;
  if (stage.joining) {
    work.order = Work::Order::by_key_or_partition;
    work.lookback = stage.joining->lookback;
    work.make_joiners = [stage = std::move(stage)](const std::string& cluster_id) {
      return Joiners::open(*stage.joining, {stage.group, stage.when, cluster_id});
    };
    return work;
  }
  work.batch_records = std::max<std::size_t>(stage.batch, 1);
  work.circuit_threshold = 5;
  work.make_worker = [stage = std::move(stage)](const WorkerContext& context) -> Result<std::unique_ptr<Worker>> {
    auto handler = stage.make_handler();
    if (!handler) return tl::unexpected<Error>(std::move(handler.error()));
    return std::make_unique<StageWorker>(Admission{stage.group, stage.when, context.cluster_id}, std::move(*handler));
  };
  return work;
}

}  // namespace loom::runner
