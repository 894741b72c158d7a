// The parts of reading the catalogue, one a section of loom.yaml; only catalogue.cc calls them, in this order.
// Every option is declared once, in the part that reads it; `document_*` prints the same declarations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/catalogue.h"

namespace loom::model {

using Docs = std::vector<std::pair<std::string, std::vector<config::OptionDoc>>>;

/// What a dead letter's topic allows over its origin: headers that tell where it came from and why.
inline constexpr std::uint64_t dead_letter_room = 64ULL << 10;

void read_sections(const config::Node& root, const config::Environment& environment, Catalogue& to,
                   config::Faults& faults);  // kafka, database, log
void read_api(const config::Node& node, const config::Environment& environment, Catalogue& to, config::Faults& faults);
void read_types(const config::Node& node, Catalogue& to, config::Faults& faults);
void read_topics(const config::Node& node, Catalogue& to, config::Faults& faults);
void read_stages(const config::Node& node, const std::vector<std::string>& kinds, Catalogue& to,
                 config::Faults& faults);
/// What keys may send is known once the types are.
void check_key_types(const config::Node& api, const Catalogue& catalogue, config::Faults& faults);
/// Adds every topic that a type or stage names, and each group's dead letters and drops; derives limits not given.
void resolve_topics(Catalogue& catalogue);

void document_sections(Docs& docs);
void document_api(Docs& docs);
void document_types(Docs& docs);
void document_topics(Docs& docs);
void document_stages(Docs& docs);

}  // namespace loom::model
