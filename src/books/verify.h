// `loom verify`: the proof, from Kafka and the database alone, that every message ended exactly once at every hop. Each
// topic is read once; what was read waits on a Shelf, so that memory stays bounded; the Judge counts.
// Threads: any; blocks until all is read. Errors: unavailable, usage (receipts), what an operator must mend.
//   auto proof = verify(sources, mappings, plan, {});   proof->tally.holds()
#pragma once

#include <functional>
#include <map>
#include <string>

#include "books/judge.h"
#include "books/open_books.h"
#include "model/mapping.h"

namespace loom::books {

struct VerifyOptions {
  Period period;
  std::size_t memory = 256u << 20;  // half for entries (more goes to a temporary file), half for all else
  std::string receipts;             // a file; "" = none
  std::size_t shown = 20;           // breaches a hop
  std::function<void(std::int64_t done, std::int64_t all)> progress = [](std::int64_t, std::int64_t) {};
};

struct Proof {
  Scene scene;
  Tally tally;
  std::map<TopicIndex, std::string> troubles;  // tables that cannot be read
  std::vector<bool> is_there;                  // topics, by number
  std::int64_t records = 0;
  std::uint64_t spilled = 0;
  double seconds = 0;
  bool by_receipts = false;
};

[[nodiscard]] Result<Proof> verify(const Sources& sources, const model::Mappings& mappings, const Plan& plan,
                                   const VerifyOptions& options);

}  // namespace loom::books
