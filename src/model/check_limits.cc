#include <algorithm>

#include "model/catalogue_parts.h"
#include "model/check_parts.h"

namespace loom::model {
namespace {

using config::Bytes;
using config::Faults;

constexpr Bytes small_for_media{256ULL << 10};

const TopicSpec* topic_of(const Catalogue& catalogue, const TopicName& name) {
  auto found = catalogue.topics.find(name);
  return found == catalogue.topics.end() ? nullptr : &found->second;
}

/// What a record of the topic must fit through before and behind it.
struct Budget {
  std::string option;
  Bytes bytes;
};

void check_budget(const TopicSpec& topic, const Budget& budget, Faults& faults) {
  if (topic.max_message_bytes <= budget.bytes) return;
  faults.fault(topic.place,
               "topic '" + topic.name.get() + "' allows " + to_string(topic.max_message_bytes) + ", more than " +
                   budget.option + " " + to_string(budget.bytes),
               "raise " + budget.option + " or lower the topic's max_message_bytes");
}

void check_budgets(const Catalogue& catalogue, Faults& faults) {
  for (const auto& [name, topic] : catalogue.topics) {
    check_budget(topic, {"kafka.producer_budget", catalogue.kafka.producer_budget}, faults);
    check_budget(topic, {"kafka.consumer_budget", catalogue.kafka.consumer_budget}, faults);
  }
}

void check_api(const Catalogue& catalogue, Faults& faults) {
  const auto& api = catalogue.api;
  auto largest_body = std::max(api.max_body, api.max_batch_body);
  if (api.budget < largest_body)
    faults.fault(catalogue.api.place,
                 "api.budget " + to_string(api.budget) + " is less than one body, " + to_string(largest_body),
                 "raise api.budget, or lower api.max_body and api.max_batch_body");
  for (const auto& [name, type] : catalogue.types) {
    const auto* topic = topic_of(catalogue, type.topic);
    if (!topic) continue;
    if (topic->limit_given && topic->max_message_bytes > api.max_body)
      faults.warn(topic->place,
                  "topic '" + type.topic.get() + "' allows " + to_string(topic->max_message_bytes) +
                      ", but api.max_body lets in " + to_string(api.max_body),
                  "raise api.max_body");
    if (type.carries_media() && topic->max_message_bytes < small_for_media)
      faults.warn(topic->place,
                  "topic '" + type.topic.get() + "' allows " + to_string(topic->max_message_bytes) +
                      ", little for the media of '" + name.get() + "'",
                  "raise its max_message_bytes");
  }
}

void check_forwarding(const Catalogue& catalogue, const StageSpec& stage, Faults& faults) {
  if (!stage.input || !stage.output || !stage.forward_drop.empty()) return;
  const auto *input = topic_of(catalogue, *stage.input), *output = topic_of(catalogue, *stage.output);
  if (input && output && output->max_message_bytes < input->max_message_bytes)
    faults.warn(output->place,
                "topic '" + stage.output->get() + "' allows " + to_string(output->max_message_bytes) + ", its stage '" +
                    stage.group.get() + "' forwards up to " + to_string(input->max_message_bytes),
                "raise max_message_bytes, or leave something out with forward: {drop: […]}");
}

void check_dead_letters(const Catalogue& catalogue, const ConsumerGroup& group, const std::vector<TopicName>& inputs,
                        Faults& faults) {
  const auto* letters = topic_of(catalogue, dead_letters_of(group));
  if (!letters || !letters->limit_given) return;
  for (const auto& name : inputs) {
    const auto* input = topic_of(catalogue, name);
    if (!input || input->max_message_bytes.count + dead_letter_room <= letters->max_message_bytes.count) continue;
    faults.fault(letters->place,
                 "topic '" + letters->name.get() + "' is too small for dead letters of '" + name.get() + "'",
                 "leave max_message_bytes out: it follows from the input's, with 64 KiB more");
    return;
  }
}

}  // namespace

void check_limits(const Catalogue& catalogue, const Mappings& mappings, Faults& faults) {
  check_budgets(catalogue, faults);
  check_api(catalogue, faults);
  for (const auto& [group, stage] : catalogue.stages) {
    check_forwarding(catalogue, stage, faults);
    std::vector<TopicName> inputs;
    if (stage.input) inputs.push_back(*stage.input);
    if (stage.use == "store")
      for (const auto& [topic, mapping] : mappings.topics) inputs.push_back(topic);
    check_dead_letters(catalogue, group, inputs, faults);
  }
}

}  // namespace loom::model
