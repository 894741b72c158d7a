// What a speech server answers.
#include "engines/messagepack.h"

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  (void)loom::engines::messagepack::read_map({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
