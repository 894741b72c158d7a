#include <algorithm>

#include "model/catalogue_parts.h"
#include "model/reading.h"

namespace loom::model {
namespace {

using config::at_least;
using config::Options;

struct StageOptions {
  std::string use, input, output;
  std::map<std::string, std::string> when;
  int lanes = 1;
  int attempts = 5;
};

struct ForwardOptions {
  std::vector<std::string> drop;
};

std::optional<std::string> wrong_drop(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    auto first = path.substr(0, path.find('.'));
    if (first != "data" && first != "metadata" && first != "results")
      return "names '" + path + "'; only paths under data, metadata and results can be left out";
  }
  return std::nullopt;
}

Options<StageOptions> stage_options() {
  return Options<StageOptions>("stages")
      .add("use", &StageOptions::use, "which stage: ocr, store, …")
      .add("input", &StageOptions::input, "the topic it reads", wrong_topic_name)
      .add("output", &StageOptions::output, "the topic it forwards to", wrong_topic_name)
      .add("when", &StageOptions::when,
           "only messages whose fields have these values, e.g. {pipeline_hint: ocr_extraction}")
      .add("lanes", &StageOptions::lanes, "worker threads; order is kept per key", at_least(1))
      .add("attempts", &StageOptions::attempts,
           "tries of a message whose error may pass, before it is a dead letter; `store` tries its batches for ever",
           at_least(1))
      .also("forward")
      .also("engine")
      .also("hints");
}

Options<ForwardOptions> forward_options() {
  return Options<ForwardOptions>("stages.forward")
      .add("drop", &ForwardOptions::drop, "dotted paths left out of what is forwarded, e.g. data.image_data",
           wrong_drop);
}

/// What else an entry says belongs to its stage kind, whose own options refuse what they don't know.
StageOptions read_common(const config::Node& node, config::Faults& faults) {
  auto options = stage_options();
  for (const auto& [name, member] : node.members()) options.also(name);
  return options.read(node, faults);
}

void check_use(const config::Node& node, const std::string& use, const std::vector<std::string>& kinds,
               config::Faults& faults) {
  if (!node["use"].present()) {
    faults.fault(node.place(), node.path() + ": has no use", near_or_all("", kinds));
  } else if (std::find(kinds.begin(), kinds.end(), use) == kinds.end()) {
    faults.fault(node["use"].place(), node["use"].path() + ": unknown stage '" + use + "'", near_or_all(use, kinds));
  }
}

void check_topics(const config::Node& node, const StageOptions& options, config::Faults& faults) {
  if (options.use == "store") {
    for (const auto* name : {"input", "output", "forward", "hints"})
      if (node[name].present())
        faults.fault(node[name].place(), node[name].path() + ": a store stage has none",
                     "what it reads is in its mappings file");
    return;
  }
  if (!node["input"].present())
    faults.fault(node.place(), node.path() + ": has no input", "add 'input: TOPIC', what it reads");
  if (!node["output"].present())
    faults.fault(node.place(), node.path() + ": has no output", "add 'output: TOPIC', where its results go");
}

StageSpec read_stage(const std::string& group, const config::Node& node, const std::vector<std::string>& kinds,
                     config::Faults& faults) {
  if (auto wrong = wrong_group_name(group)) config::wrong_value(node, group, *wrong, faults);
  auto options = read_common(node, faults);
  check_use(node, options.use, kinds, faults);
  check_topics(node, options, faults);
  StageSpec stage;
  stage.group = ConsumerGroup{group};
  stage.use = options.use;
  if (!options.input.empty()) stage.input = TopicName{options.input};
  if (!options.output.empty()) stage.output = TopicName{options.output};
  stage.when = std::move(options.when);
  stage.forward_drop = forward_options().read(node["forward"], faults).drop;
  stage.lanes = options.lanes;
  stage.attempts = options.attempts;
  stage.engine = node["engine"];
  stage.node = node;
  stage.place = node.place();
  return stage;
}

}  // namespace

const std::vector<std::string>& common_stage_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> names;
    for (const auto& option : stage_options().docs()) names.push_back(option.name);
    names.insert(names.end(), {"forward", "engine", "hints"});
    return names;
  }();
  return keys;
}

void read_stages(const config::Node& node, const std::vector<std::string>& kinds, Catalogue& to,
                 config::Faults& faults) {
  if (!is_section(node, faults)) return;
  for (const auto& [group, entry] : node.members()) {
    if (!entry.is_map()) {
      faults.fault(entry.place(), entry.path() + ": is no map", "write {use: …, input: …, output: …}");
      continue;
    }
    auto stage = read_stage(group, entry, kinds, faults);
    if (const auto* store = to.store(); store && stage.use == "store")
      faults.fault(stage.place, entry.path() + ": a second store stage, '" + store->group.get() + "' is one already",
                   "map all topics in one file; scale by running the group more than once");
    to.stages.emplace(stage.group, std::move(stage));
  }
}

void document_stages(Docs& docs) {
  auto options = stage_options().docs();
  options.push_back({"engine", "", "the model, where the stage has one: {use: tesseract, …}; the options are under Engines", ""});
  options.push_back({"hints", "",
                     "per pipeline_hint, options of the stage and its engine that differ for such messages, e.g. "
                     "{scene_description: {engine: {prompt: What is to be seen?}}}",
                     ""});
  docs.emplace_back("stages", without_environment(std::move(options)));
  docs.emplace_back("stages.forward", without_environment(forward_options().docs()));
}

}  // namespace loom::model
