#include "books/judge.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "sink/classify.h"

namespace loom::books {
namespace {

constexpr std::int64_t open_margin_ms = 15'000;  // the clock closes what is open some seconds after its time

bool is_child(std::string_view part, std::string_view parent) {
  if (part == parent) return true;
  if (parent.empty()) return true;
  return part.size() > parent.size() && part.starts_with(parent) && part[parent.size()] == '.';
}

/// The step by which a part goes on from its parent's; nullopt where it is none or no number.
std::optional<std::size_t> step_of(std::string_view part, std::string_view parent) {
  if (part == parent) return std::nullopt;
  if (!parent.empty()) part.remove_prefix(std::min(part.size(), parent.size() + 1));
  std::size_t step = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), step);
  bool is_number = error == std::errc{} && end == part.data() + part.size();
  return is_number ? std::optional(step) : std::nullopt;
}

bool came_earlier(const Entry* a, const Entry* b) {
  return std::tie(a->timestamp_ms, a->at) < std::tie(b->timestamp_ms, b->at);
}

}  // namespace

std::string_view name_of(Fate fate) {
  constexpr std::string_view names[] = {"stored", "merged", "emitted", "joined",  "dropped",
                                        "dead",   "foreign", "expired", "waiting", "lost"};
  return names[static_cast<std::size_t>(fate)];
}

std::string_view name_of(Breach::Kind kind) {
  constexpr std::string_view names[] = {"lost", "duplicated", "altered"};
  return names[static_cast<std::size_t>(kind)];
}

std::int64_t Tally::lost() const {
  std::int64_t sum = receipts.missing;
  for (const auto& hop : hops) sum += hop.of(Fate::lost);
  return sum;
}
std::int64_t Tally::duplicated() const {
  std::int64_t sum = 0;
  for (const auto& hop : hops) sum += hop.duplicated;
  return sum;
}
std::int64_t Tally::altered() const {
  std::int64_t sum = 0;
  for (const auto& hop : hops) sum += hop.altered;
  return sum;
}

Judge::Judge(const Scene& scene, Options options) : scene_(scene), plan_(*scene.plan), options_(options) {
  tally_.hops.resize(plan_.hops.size());
  tally_.paths.resize(plan_.paths.size());
  cases_.resize(plan_.hops.size());
}

bool Judge::Case::is_repeat(const Entry* appearance) const {
  return std::find(repeats.begin(), repeats.end(), appearance) != repeats.end();
}

/// The last replay for this group, else the first appearance; one that was refused as a repeat is owed nothing.
const Entry& Judge::Case::owed(GroupIndex group) const {
  for (auto it = appearances.rbegin(); it != appearances.rend(); ++it)
    if ((*it)->replay_for == group && !is_repeat(*it)) return **it;
  for (const auto* one : appearances)
    if (!is_repeat(one)) return *one;
  return *appearances.front();
}

void Judge::message(std::span<const Entry> entries, const RowsOf& rows) {
  for (std::size_t hop = 0; hop < plan_.hops.size(); ++hop) {
    cases_[hop] = cases_of(hop, entries);
    if (cases_[hop].empty()) continue;
    add_traces(hop, entries, cases_[hop]);
    std::erase_if(cases_[hop], [&](const Case& it) { return is_of_earlier_period(hop, it); });
    for (auto& it : cases_[hop]) settle(hop, it, rows);
  }
  walk_paths(entries);
  check_receipts(entries);
}

Judge::Cases Judge::cases_of(std::size_t hop, std::span<const Entry> entries) const {
  Cases cases;
  const auto& wanted = plan_.hops[hop];
  for (const auto& entry : entries) {
    if (entry.kind != Entry::Kind::message || entry.at.topic != wanted.input || !scene_.is_judged(entry.at)) continue;
    if (entry.replay_for != nobody && entry.replay_for != wanted.group) continue;
    auto it = std::find_if(cases.begin(), cases.end(), [&](const Case& one) { return one.part == entry.part; });
    if (it == cases.end()) it = cases.insert(cases.end(), Case{entry.part, {}, {}, {}, {}});
    it->appearances.push_back(&entry);
  }
  for (auto& it : cases) std::sort(it.appearances.begin(), it.appearances.end(), came_earlier);
  return cases;
}

void Judge::add_traces(std::size_t hop, std::span<const Entry> entries, Cases& cases) const {
  const auto& wanted = plan_.hops[hop];
  auto came_from = [](const Case& it, const Spot& origin) -> const Entry* {
    for (const auto* one : it.appearances)
      if (one->at == origin) return one;
    return nullptr;
  };
  for (const auto& entry : entries) {
    bool is_output = entry.kind == Entry::Kind::message && wanted.output != nobody && entry.at.topic == wanted.output;
    bool is_end = entry.kind == Entry::Kind::dropped || entry.kind == Entry::Kind::dead;
    for (auto& it : cases) {
      if (is_output && entry.group == nobody && is_child(entry.part, it.part)) it.has_foreign_output = true;
      if (entry.group != wanted.group) continue;
      if (is_output && came_from(it, entry.origin)) it.outputs.push_back(&entry);
      if (const auto* origin = is_end ? came_from(it, entry.origin) : nullptr) {
        if (entry.is_of_repeat)
          it.repeats.push_back(origin);
        else
          it.ends.push_back(&entry);
      }
      if (entry.kind == Entry::Kind::source && entry.part == it.part) it.is_source = true;
    }
  }
}

/// Its first appearance is not seen, but there was one: all that are seen were refused as its repeats.
bool Judge::is_of_earlier_period(std::size_t hop, const Case& it) const {
  const auto& partitions = scene_.topics[plan_.hops[hop].input];
  return std::any_of(partitions.begin(), partitions.end(), [](const PartitionRange& one) { return one.from > 0; }) &&
         std::all_of(it.appearances.begin(), it.appearances.end(), [&](const auto* one) { return it.is_repeat(one); });
}

void Judge::settle(std::size_t hop, Case& it, const RowsOf& rows) {
  auto& tally = tally_.hops[hop];
  ++tally.identities;
  tally.repeated += static_cast<std::int64_t>(it.appearances.size()) - 1;
  if (plan_.hops[hop].is_sink) {
    const auto* there = rows(hop, it.owed(plan_.hops[hop].group));
    bool is_row_gone = std::any_of(it.repeats.begin(), it.repeats.end(), [&](const Entry* repeat) {
      const auto* left = rows(hop, *repeat);
      return left && left->rows == 0;  // and it was refused because there was one
    });
    if (is_row_gone) it.ends.clear();  // no letter says where it went
    it.fate = fate_of_sink(hop, it, there);
    if (it.fate == Fate::lost) breach(hop, it, Breach::Kind::lost, "settled, and neither row nor dead letter tells of it");
    if (there && there->rows > 0) check_rows(hop, it, *there);
  } else {
    it.fate = fate_of_stage(hop, it);
    if (it.fate == Fate::lost)
      breach(hop, it, Breach::Kind::lost, "settled, and no output, drop record or dead letter tells of it");
    if (it.fate == Fate::emitted) check_parts(hop, it);
  }
  ++tally.counts[static_cast<std::size_t>(it.fate)];
}

const Tally& Judge::close() {
  for (auto& hop : tally_.hops) {
    if (hop.by_others == 0) continue;
    auto& lost = hop.counts[static_cast<std::size_t>(Fate::lost)];
    hop.counts[static_cast<std::size_t>(Fate::foreign)] += std::exchange(lost, 0);
    std::erase_if(hop.breaches, [](const Breach& one) { return one.kind == Breach::Kind::lost; });
  }
  return tally_;
}

Fate Judge::fate_of_stage(std::size_t hop, const Case& it) {
  if (!it.outputs.empty()) {
    bool two_ways = std::any_of(it.ends.begin(), it.ends.end(), [&](const Entry* end) {
      return std::any_of(it.outputs.begin(), it.outputs.end(),
                         [&](const Entry* output) { return output->origin == end->origin; });
    });
    tally_.hops[hop].revised += two_ways ? 1 : 0;
    return Fate::emitted;
  }
  if (it.is_source) return Fate::joined;
  if (it.has_foreign_output) {
    ++tally_.hops[hop].by_others;
    return Fate::emitted;
  }
  return fate_without_trace(hop, it);
}

Fate Judge::fate_of_sink(std::size_t hop, const Case& it, const RowsThere* there) {
  if (!there || there->rows == 0) return fate_without_trace(hop, it);
  auto owed = it.owed(plan_.hops[hop].group).at;
  if (std::any_of(it.ends.begin(), it.ends.end(), [&](const Entry* end) { return end->origin == owed; }))
    ++tally_.hops[hop].revised;
  return there->is_other ? Fate::merged : Fate::stored;
}

/// Neither output nor row.
Fate Judge::fate_without_trace(std::size_t hop, const Case& it) const {
  auto group = plan_.hops[hop].group;
  const auto& owed = it.owed(group);
  bool may_be_any = owed.replay_for != group;  // else it has to be the replay's own
  std::optional<Fate> end;
  for (const auto* one : it.ends) {
    if (!may_be_any && one->origin != owed.at) continue;
    if (one->kind == Entry::Kind::dropped) return Fate::dropped;  // also a dead letter that was dropped by hand
    end = Fate::dead;
  }
  if (end) return *end;
  if (owed.at.offset >= scene_.next(hop, owed.at.partition)) return Fate::waiting;
  if (scene_.hops[hop].is_foreign) return Fate::foreign;
  if (may_be_open(hop, owed)) return Fate::joined;
  bool has_row_to_have = plan_.hops[hop].is_sink && !rows_note(owed.rows).is_refused;
  if (!has_row_to_have && owed.timestamp_ms <= scene_.hops[hop].horizon_ms) return Fate::expired;
  return Fate::lost;
}

/// It may still be part of something that a joining stage has not finished.
bool Judge::may_be_open(std::size_t hop, const Entry& entry) const {
  auto lookback = plan_.hops[hop].lookback.count();
  if (lookback == 0) return false;
  const auto* range = scene_.range(entry.at);
  auto index = static_cast<std::size_t>(entry.at.partition);
  const auto& settled = scene_.hops[hop].settled_ms;
  bool is_behind = range && scene_.next(hop, entry.at.partition) < range->end;
  bool stands_still = (is_behind || !scene_.hops[hop].has_members) && index < settled.size();
  auto until = stands_still ? settled[index] : scene_.taken_ms;
  return until - entry.timestamp_ms <= lookback + open_margin_ms;
}

/// Of a message that was split, the pieces are numbered from 0: a gap is a piece that is missing.
void Judge::check_parts(std::size_t hop, Case& it) {
  std::vector<std::size_t> steps;
  std::size_t told = std::numeric_limits<std::size_t>::max();
  for (const auto* output : it.outputs)
    if (auto step = step_of(output->part, it.part)) {
      steps.push_back(*step);
      told = std::min<std::size_t>(told, output->pieces);  // handled twice, an engine may split it in two ways: one whole is enough
    }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  if (steps.empty()) return;
  auto wanted = std::max(told, steps.back() + 1);
  if (steps.size() == wanted) return;
  if (it.owed(plan_.hops[hop].group).timestamp_ms <= scene_.hops[hop].horizon_ms) return;
  std::size_t missing = 0;
  while (missing < steps.size() && steps[missing] == missing) ++missing;
  it.fate = Fate::lost;
  breach(hop, it, Breach::Kind::lost,
         "its part " + std::to_string(missing) + " of " + (told ? "" : "at least ") + std::to_string(wanted) + " is missing");
}

void Judge::check_rows(std::size_t hop, Case& it, const RowsThere& there) {
  auto& tally = tally_.hops[hop];
  if (there.rows > 1) {
    tally.duplicated += there.rows - 1;
    breach(hop, it, Breach::Kind::duplicated, "it has " + std::to_string(there.rows) + " rows");
  }
  check_elements(hop, it, there);
  if (there.is_other || there.fingerprints.empty()) return;
  auto is_known = [&](std::uint64_t fingerprint) {
    return std::any_of(it.appearances.begin(), it.appearances.end(), [&](const Entry* one) {
      return one->fingerprint == fingerprint || one->fingerprint == 0;
    });
  };
  if (std::all_of(there.fingerprints.begin(), there.fingerprints.end(), is_known)) return;
  ++tally.altered;
  breach(hop, it, Breach::Kind::altered, "its row has the fingerprint of other data");
}

void Judge::check_elements(std::size_t hop, Case& it, const RowsThere& there) {
  for (std::size_t i = 0; i < there.elements.size(); ++i) {
    if (there.elements[i] < 0) continue;  // a key of its own: they may merge
    std::optional<std::int64_t> least, most;
    for (const auto* one : it.appearances) {
      auto note = rows_note(one->rows);
      if (i >= note.elements.size()) continue;
      least = std::min(least.value_or(note.elements[i]), note.elements[i]);
      most = std::max(most.value_or(note.elements[i]), note.elements[i]);
    }
    if (!least) continue;
    auto text = std::to_string(there.elements[i]) + " of " + std::to_string(*most) + " rows of its array";
    if (there.elements[i] < *least) {
      it.fate = Fate::lost;
      breach(hop, it, Breach::Kind::lost, "it has " + text);
    } else if (there.elements[i] > *most) {
      tally_.hops[hop].duplicated += there.elements[i] - *most;
      breach(hop, it, Breach::Kind::duplicated, "it has " + text);
    }
  }
}

void Judge::breach(std::size_t hop, const Case& it, Breach::Kind kind, std::string why) {
  auto& breaches = tally_.hops[hop].breaches;
  if (breaches.size() >= options_.shown) return;
  const auto& owed = it.owed(plan_.hops[hop].group);
  breaches.push_back({kind, {sink::to_text(sink::Uuid{owed.id}), std::string(it.part)}, owed.at, std::move(why)});
}

void Judge::walk_paths(std::span<const Entry> entries) {
  auto has_receipt = [&](TopicIndex topic) {
    return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.kind == Entry::Kind::receipt && entry.at.topic == topic;
    });
  };
  for (std::size_t i = 0; i < plan_.paths.size(); ++i) {
    const auto& path = plan_.paths[i];
    if (path.hops.empty() || cases_[path.hops.front()].empty()) continue;
    if (options_.by_receipts && !has_receipt(path.entry)) continue;
    for (const auto& it : cases_[path.hops.front()]) {
      ++tally_.paths[i].messages;
      ++tally_.paths[i].counts[static_cast<std::size_t>(end_of(path, 0, it.part))];
    }
  }
}

Fate Judge::end_of(const Path& path, std::size_t step, std::string_view part) const {
  const auto& cases = cases_[path.hops[step]];
  auto it = std::find_if(cases.begin(), cases.end(), [&](const Case& one) { return one.part == part; });
  if (it == cases.end()) return Fate::emitted;  // beyond what is judged
  if (it->fate != Fate::emitted || step + 1 >= path.hops.size()) return it->fate;
  auto worst = Fate::stored;
  for (const auto* output : it->outputs) worst = std::max(worst, end_of(path, step + 1, output->part));
  return it->outputs.empty() ? Fate::emitted : worst;
}

void Judge::check_receipts(std::span<const Entry> entries) {
  auto& tally = tally_.receipts;
  for (const auto& receipt : entries) {
    if (receipt.kind != Entry::Kind::receipt) continue;
    ++tally.receipts;
    bool is_there = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.kind == Entry::Kind::message && entry.at == receipt.at;
    });
    const auto* range = scene_.range(receipt.at);
    if (is_there) {
      ++tally.found;
    } else if (range && receipt.at.offset < std::max(range->low, range->read_from)) {
      ++tally.expired;
    } else {
      ++tally.missing;
      if (tally.breaches.size() < options_.shown)
        tally.breaches.push_back({Breach::Kind::lost,
                                  {sink::to_text(sink::Uuid{receipt.id}), ""},
                                  receipt.at,
                                  "a client was told that it lies there, and it does not"});
    }
  }
}

}  // namespace loom::books
