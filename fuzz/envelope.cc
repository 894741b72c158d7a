// One message as a client sends it; what is accepted becomes a record that every stage can read.
#include "fuzz.h"
#include "ingest/address.h"
#include "ingest/test_catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace loom;
  using fuzz::holds;
  static auto catalogue = ingest::test_catalogue();
  static Registry registry;
  static ingest::TypeTable types(catalogue, registry);
  static json::Document document, again;
  std::string_view body(reinterpret_cast<const char*>(bytes), size);
  auto accepted = ingest::decode(types, document, body);
  if (!accepted) return 0;
  auto data = std::string(accepted->message.data);
  ingest::stamp(*accepted, 1'764'000'000'000'000, "");
  auto record = ingest::address(*accepted);
  if (!record) return 0;
  model::Record::Parts parts;
  parts.topic = record->topic.get(), parts.value = record->value, parts.headers = record->headers;
  auto sent = model::Record::of(std::move(parts));
  auto message = model::decode(sent, "cluster", again);
  holds(message.has_value(), "an accepted message can be read");
  holds(message->identity.message_id == accepted->message.message_id, "it keeps its id");
  holds(message->device_id == accepted->message.device_id, "and its device");
  holds(json::raw_member(sent.value(), "data") == data, "data stays byte for byte");
  return 0;
}
