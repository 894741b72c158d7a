#include "runner/walk_back.h"

#include <algorithm>
#include <vector>

#include "kafka/admin.h"

namespace loom::runner {
namespace {

constexpr std::int64_t first_width = 256, wider = 4;  // records

struct Stamp {
  std::int64_t offset, timestamp_ms;
};

Result<std::vector<Stamp>> stamps_of(const model::ClusterSettings& settings, const Walk& walk, std::int64_t width,
                                     const Log& log) {
  std::vector<Stamp> stamps;
  Offset from{std::max(walk.low.get(), walk.from.get() - width)};
  auto read = kafka::read(
      settings, {{walk.partition, {from, walk.from}}},
      [&](const model::Record* record) {
        if (record) stamps.push_back({record->offset().get(), record->timestamp_ms()});
        return true;
      },
      log);
  if (!read) return tl::unexpected<Error>(read.error());
  return stamps;
}

}  // namespace

Result<Offset> walk_back(const model::ClusterSettings& settings, const Walk& walk, std::chrono::milliseconds time,
                         const Log& log) {
  for (auto width = first_width;; width *= wider) {
    auto stamps = stamps_of(settings, walk, width, log);
    if (!stamps) return tl::unexpected<Error>(stamps.error());
    std::int64_t passed = 0;
    for (auto i = stamps->size(); i-- > 1;) {
      auto gap = (*stamps)[i].timestamp_ms - (*stamps)[i - 1].timestamp_ms;
      passed += std::clamp<std::int64_t>(gap, 0, widest_gap.count());
      if (passed >= time.count()) return Offset{(*stamps)[i - 1].offset};
    }
    if (walk.from.get() - width <= walk.low.get()) return walk.low;
  }
}

}  // namespace loom::runner
