#include "model/merge_patch.h"

#include <map>
#include <set>
#include <vector>

#include "model/raw_text.h"

namespace loom::model {
namespace {

using raw_text::is_object;
using raw_text::key_of;

struct Change {
  std::string_view key, raw;  // as written
};

/// In the patch's order, each key once: of the same key twice the last wins, as in any parser.
std::vector<Change> changes_of(std::string_view patch) {
  std::vector<Change> changes;
  std::map<std::string, std::size_t> places;
  json::each_raw_member(patch, [&](std::string_view key, std::string_view raw) {
    auto [place, is_new] = places.try_emplace(key_of(key), changes.size());
    if (is_new)
      changes.push_back({key, raw});
    else
      changes[place->second].raw = raw;
  });
  return changes;
}

void append_patched(std::string& to, std::string_view value, std::string_view patch) {
  if (!is_object(patch)) return append_large(to, patch);
  auto changes = changes_of(patch);
  std::map<std::string, const Change*> wanted;
  for (const auto& change : changes) wanted.emplace(key_of(change.key), &change);
  std::set<const Change*> done;
  to += '{';
  auto append = [&](const Change& change, std::string_view old) {
    if (change.raw == "null") return;
    raw_text::append_key(to, change.key);
    append_patched(to, old, change.raw);
  };
  if (is_object(value))
    json::each_raw_member(value, [&](std::string_view key, std::string_view raw) {
      auto found = wanted.find(key_of(key));
      if (found == wanted.end()) return raw_text::append_member(to, key, raw);
      if (done.insert(found->second).second) append(*found->second, raw);
    });
  for (const auto& change : changes)
    if (!done.contains(&change)) append(change, "");
  to += '}';
}

}  // namespace

std::string merge_patch(std::string_view value, std::string_view patch) {
  std::string to;
  to.reserve(value.size() + patch.size());
  append_patched(to, value, patch);
  return to;
}

}  // namespace loom::model
