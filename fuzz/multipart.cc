// An upload: the first line is its Content-Type, the second its query, the rest its body.
#include "fuzz.h"
#include "ingest/media.h"
#include "ingest/multipart.h"
#include "ingest/test_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  static auto catalogue = ingest::test_catalogue();
  static Registry registry;
  static ingest::TypeTable types(catalogue, registry);
  static json::Document scratch;
  fuzz::Input input(bytes, size);
  auto content_type = input.line();
  http::Request request;
  request.set_line("POST", "/ingest/media/screenshot?" + std::string(input.line()));
  request.add_header("content-type", content_type);
  request.parameter = "screenshot";
  request.body = input.rest();
  if (auto parts = ingest::cut_multipart(request.body, content_type))
    for (const auto& part : *parts)
      fuzz::holds(fuzz::lies_in(part.body, request.body), "a part lies in the body");
  auto text = ingest::message_of_upload(types, scratch, request);
  if (!text) return 0;
  json::Document document;
  fuzz::holds(document.parse(*text).has_value(), "an upload becomes JSON");
  (void)ingest::decode(types, document, *text);
  return 0;
}
