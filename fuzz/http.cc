// Everything a client may write to the API's port: heads, bodies, chunks, pipelines, in pieces of any size.
#include "edge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom::fuzz;
  static Edge edge;
  Input input(bytes, size);
  std::size_t piece = input.byte();
  Client client(edge);
  while (!input.rest().empty()) client.send(input.take(piece == 0 ? size : piece));
  client.finish();
  return 0;
}
