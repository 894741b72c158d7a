// Small checks that the readers of loom.yaml and topic_mappings.yml share. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"

namespace loom::model {

/// True for a map. Absent and empty (`topics:`) are legal and false; anything else is a fault.
bool is_section(const config::Node& node, config::Faults& faults);

/// What is wrong with a topic's, group's or type's name, nullopt when fine.
[[nodiscard]] std::optional<std::string> wrong_topic_name(const std::string& name);
[[nodiscard]] std::optional<std::string> wrong_group_name(const std::string& name);
[[nodiscard]] std::optional<std::string> wrong_type_name(const std::string& name);

/// "did you mean 'x'?" for the nearest of `known`, or "use one of a, b, c".
[[nodiscard]] std::string near_or_all(const std::string& typed, const std::vector<std::string>& known);

/// An option's check: the value must be one of these.
[[nodiscard]] std::function<std::optional<std::string>(const std::string&)> one_of(std::vector<std::string> known);

/// The options of things that are named by the user (a type, a topic, a stage) can't be set by environment variables.
[[nodiscard]] std::vector<config::OptionDoc> without_environment(std::vector<config::OptionDoc> docs);

/// A YAML value as JSON text; plain scalars are numbers, booleans and null where JSON has them, strings otherwise.
[[nodiscard]] std::string json_of(const config::Node& node);

}  // namespace loom::model
