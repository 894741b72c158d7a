#include "model/record.h"

namespace loom::model {
namespace {

const Record::Parts& parts_of(const void* owner) { return *static_cast<const Record::Parts*>(owner); }

void release(void* owner) { delete static_cast<Record::Parts*>(owner); }

Headers headers(const void* owner) { return parts_of(owner).headers; }

std::optional<std::string_view> header(const void* owner, std::string_view name) {
  const auto& all = parts_of(owner).headers;
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    if (it->first == name) return it->second;
  return std::nullopt;
}

}  // namespace

Record Record::of(Parts parts) {
  auto* owned = new Parts(std::move(parts));
  Foreign foreign;
  foreign.owner = owned;
  foreign.release = release;
  foreign.headers = model::headers;
  foreign.header = model::header;
  foreign.topic = owned->topic;
  foreign.partition = owned->partition;
  foreign.offset = owned->offset;
  foreign.timestamp_ms = owned->timestamp_ms;
  if (owned->key) foreign.key = *owned->key;
  foreign.value = owned->value;
  return Record(foreign);
}

}  // namespace loom::model
