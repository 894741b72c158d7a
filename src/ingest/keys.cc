#include "ingest/keys.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace loom::ingest {
namespace {

std::string bytes_of_hex(std::string_view hex) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

std::string_view presented_key(const http::Request& request) {
  auto key = request.header("x-api-key");
  if (!key.empty()) return key;
  auto authorization = request.header("authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.size() > scheme.size() && http::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
    return authorization.substr(scheme.size());
  return {};
}

}  // namespace

double TokenBucket::take(double count, Micros now) {
  double burst = std::max(per_second_, 1.0);
  if (!last_)
    tokens_ = burst;
  else if (now > *last_)
    tokens_ = std::min(burst, tokens_ + static_cast<double>(now - *last_) * 1e-6 * per_second_);
  if (!last_ || now > *last_) last_ = now;
  if (tokens_ < 1) return (1 - tokens_) / per_second_;
  tokens_ -= count;
  return 0;
}

Keys::Entry::Entry(const model::ApiKey& key)
    : name(key.name),
      sha256(bytes_of_hex(key.sha256)),
      types(key.types.begin(), key.types.end()),
      limited(key.rate > 0),
      bucket(key.rate) {
  any_type = types.contains("*");
}

Keys::Keys(const std::vector<model::ApiKey>& keys) {
  for (const auto& key : keys) entries_.push_back(std::make_unique<Entry>(key));
}

Checked<std::size_t> Keys::identify(const http::Request& request) const {
  if (entries_.empty()) return 0;
  auto presented = presented_key(request);
  auto sum = sha256_bytes(presented);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (equal_constant_time(entries_[i]->sha256, sum)) found = i;
  if (found && !presented.empty()) return *found;
  return refuse(
      ErrorKind::unauthorized, presented.empty() ? "no API key was sent" : "this API key is unknown",
      {.field = "X-API-Key", .remedy = "send a key of api.keys as X-API-Key or as Authorization: Bearer", .code = {}});
}

Checked<void> Keys::allow(std::size_t who, const std::string& type) const {
  if (entries_.empty()) return {};
  const auto& entry = *entries_[who];
  if (entry.any_type || entry.types.contains(type)) return {};
  return refuse(
      ErrorKind::forbidden, "key '" + entry.name + "' may not send '" + type + "'",
      {.field = "message_type_id", .remedy = "add the type to this key in api.keys, or use another key", .code = {}});
}

Checked<void> Keys::spend(std::size_t who, std::size_t messages, Micros now) const {
  if (entries_.empty() || !entries_[who]->limited) return {};
  const auto& entry = *entries_[who];
  std::lock_guard lock(entry.mutex);
  double wait = entry.bucket.take(static_cast<double>(messages), now);
  if (wait <= 0) return {};
  auto refusal = refuse(ErrorKind::rate_limited, "key '" + entry.name + "' has used up its rate",
                        {.field = {}, .remedy = "send again after Retry-After", .code = {}});
  refusal.value().details.retry_after_s = std::max(1, static_cast<int>(std::ceil(wait)));
  return refusal;
}

}  // namespace loom::ingest
