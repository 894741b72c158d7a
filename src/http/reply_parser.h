// An HTTP reply, fed in pieces. Hides Beast's parser. One thread.
// Errors: malformed, too_large (the body is over the limit), unavailable (it ended in the middle).
//   parser.feed(bytes);  if (parser.done()) auto reply = parser.take();
#pragma once

#include <memory>
#include <string_view>

#include "http/client.h"

namespace loom::http {

class ReplyParser {
 public:
  explicit ReplyParser(std::size_t max_body);
  ~ReplyParser();
  Result<void> feed(std::string_view bytes);
  Result<void> end();  // the peer sends no more
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] ClientReply take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loom::http
