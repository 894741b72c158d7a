// What the engines of one stage share: weights are loaded once, by whoever needs them first, however many lanes and
// however many sets of options (per hint) there are; they go with the last who has them.
// Threads: any. Errors: what `load` gives; the next who asks loads again.
//   auto models = weights->get<Models>("paddle, 1 thread", [&] { return load(options); });   // Result<shared_ptr<Models>>
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "loom/error.h"

namespace loom::engines {

class Weights {
 public:
  /// `what` names the engine and all that its loading depends on: the same name is the same type.
  template <class T, class Load>
  Result<std::shared_ptr<T>> get(const std::string& what, const Load& load) {
    std::lock_guard lock(mutex_);
    if (auto there = loaded_[what].lock()) return std::static_pointer_cast<T>(there);
    Result<std::shared_ptr<T>> fresh = load();
    if (fresh) loaded_[what] = *fresh;
    return fresh;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<void>> loaded_;
};
using SharedWeights = std::shared_ptr<Weights>;

}  // namespace loom::engines
