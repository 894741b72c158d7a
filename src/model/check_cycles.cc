#include <algorithm>
#include <set>

#include "model/check_parts.h"

namespace loom::model {
namespace {

/// Depth first over stages, input → output; each stage is left once, so that a cycle is told once.
class Walk {
 public:
  Walk(const Catalogue& catalogue, config::Faults& faults) : catalogue_(catalogue), faults_(faults) {}

  void from(const StageSpec& stage) {
    if (!stage.input || !stage.output || done_.contains(stage.group)) return;
    auto on_path = std::find(path_.begin(), path_.end(), &stage);
    if (on_path != path_.end()) return tell(on_path);
    path_.push_back(&stage);
    for (const auto& [group, next] : catalogue_.stages)
      if (next.input == stage.output) from(next);
    path_.pop_back();
    done_.insert(stage.group);
  }

 private:
  using Path = std::vector<const StageSpec*>;

  void tell(Path::iterator first) {
    std::string round = (*first)->input->get();
    for (auto it = first; it != path_.end(); ++it) round += " → " + (*it)->group.get() + " → " + (*it)->output->get();
    faults_.fault(path_.back()->place, "stages." + path_.back()->group.get() + ": messages go round for ever: " + round,
                  "give it another output");
  }

  const Catalogue& catalogue_;
  config::Faults& faults_;
  Path path_;
  std::set<ConsumerGroup> done_;
};

void check_itself(const StageSpec& stage, config::Faults& faults) {
  auto name = "stages." + stage.group.get();
  if (stage.input && stage.input == stage.output)
    faults.fault(stage.place, name + ": input and output are the same topic '" + stage.input->get() + "'",
                 "give it another output");
  if (stage.input == dead_letters_of(stage.group) || stage.input == drops_of(stage.group))
    faults.fault(stage.place, name + ": reads what it gives up itself, '" + stage.input->get() + "'",
                 "read it in another group, or use 'loom dlq replay'");
}

}  // namespace

void check_cycles(const Catalogue& catalogue, config::Faults& faults) {
  Walk walk(catalogue, faults);
  for (const auto& [group, stage] : catalogue.stages) {
    check_itself(stage, faults);
    if (stage.input != stage.output) walk.from(stage);
  }
}

}  // namespace loom::model
