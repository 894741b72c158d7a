// Sends records and waits until each is answered: for tools that settle one batch after the other.
// Threads: any; the producer serves itself (Polling::own_thread). Errors: per record, in its place.
//   auto errors = deliver(producer, std::move(records));  if (errors[0]) ...
#pragma once

#include <optional>
#include <vector>

#include "kafka/producer.h"

namespace loom::books {

[[nodiscard]] std::vector<std::optional<Error>> deliver(kafka::Producer& producer,
                                                        std::vector<model::OutRecord> records);

}  // namespace loom::books
