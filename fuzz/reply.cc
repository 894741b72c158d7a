// An HTTP server's reply, as engines meet it, in pieces.
#include "http/reply_parser.h"

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  fuzz::Input input(bytes, size);
  std::size_t piece = input.byte();
  http::ReplyParser parser(4096);
  while (!input.rest().empty())
    if (!parser.feed(input.take(piece == 0 ? size : piece)) || parser.done()) break;
  (void)parser.end();
  if (parser.done()) fuzz::holds(parser.take().body.size() <= 4096, "a body within the limit");
  return 0;
}
