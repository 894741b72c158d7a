// A batch's body, as an array or as lines (NDJSON), cut and each record decoded.
#include "fuzz.h"
#include "ingest/batch.h"
#include "ingest/decode.h"
#include "ingest/test_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  static auto catalogue = ingest::test_catalogue();
  static Registry registry;
  static ingest::TypeTable types(catalogue, registry);
  static json::Document document;
  fuzz::Input input(bytes, size);
  auto content_type = input.byte() & 1 ? "application/x-ndjson" : "application/json";
  auto cut = ingest::cut_batch(input.rest(), content_type, 50);
  if (!cut) return 0;
  fuzz::holds(cut->records.size() <= 50, "no more records than allowed");
  for (auto record : cut->records) {
    fuzz::holds(!record.empty() && fuzz::lies_in(record, input.rest()), "a record is a part of the body");
    if (auto root = document.parse(record)) (void)ingest::decode_parsed(types, *root, record);
  }
  return 0;
}
