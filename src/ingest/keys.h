// Who may send: API keys, hashed; which types each may send; at which rate. No keys = open.
// Ownership: copies the settings. Threads: any. Errors: unauthorized, forbidden, rate_limited with retry_after.
//   auto who = keys.identify(presented);   keys.allow(*who, "screenshot");   keys.spend(*who, 1, now);
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "http/message.h"
#include "ingest/refusal.h"
#include "model/catalogue.h"

namespace loom::ingest {

/// A second's worth of messages at most; may go into debt for one batch, which is then waited off.
class TokenBucket {
 public:
  explicit TokenBucket(double per_second) : per_second_(per_second) {}
  /// Seconds to wait when there is nothing left; 0 = taken.
  [[nodiscard]] double take(double count, Micros now);

 private:
  double per_second_;
  double tokens_ = 0;
  std::optional<Micros> last_;
};

class Keys {
 public:
  explicit Keys(const std::vector<model::ApiKey>& keys);

  [[nodiscard]] bool open() const { return entries_.empty(); }
  /// Which key this is, as an index; 0 without keys. Takes the same time whichever it is.
  [[nodiscard]] Checked<std::size_t> identify(const http::Request& request) const;
  [[nodiscard]] Checked<void> allow(std::size_t who, const std::string& type) const;
  [[nodiscard]] Checked<void> spend(std::size_t who, std::size_t messages, Micros now) const;

 private:
  struct Entry {
    std::string name, sha256;  // raw bytes
    bool any_type = false;
    std::unordered_set<std::string> types;
    bool limited = false;
    mutable std::mutex mutex;
    mutable TokenBucket bucket;
    explicit Entry(const model::ApiKey& key);
  };
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace loom::ingest
