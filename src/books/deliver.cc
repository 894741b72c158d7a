#include "books/deliver.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace loom::books {
namespace {

struct Answers {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::optional<Error>> errors;
  std::size_t open = 0;
};

}  // namespace

std::vector<std::optional<Error>> deliver(kafka::Producer& producer, std::vector<model::OutRecord> records) {
  auto answers = std::make_shared<Answers>();
  answers->errors.resize(records.size());
  answers->open = records.size();
  auto answer = [answers](std::size_t index, std::optional<Error> error) {
    std::lock_guard lock(answers->mutex);
    answers->errors[index] = std::move(error);
    --answers->open;
    answers->came.notify_one();
  };
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto done = [answer, i](const Result<kafka::Delivery>& where) {
      answer(i, where ? std::nullopt : std::optional(where.error()));
    };
    while (true) {
      auto sent = producer.send(std::move(records[i]), done);
      if (sent) break;
      if (sent.error().kind != ErrorKind::full) {
        answer(i, std::move(sent.error()));
        break;
      }
      std::unique_lock lock(answers->mutex);  // the record is still ours
      answers->came.wait_for(lock, std::chrono::milliseconds(20));
    }
  }
  std::unique_lock lock(answers->mutex);
  answers->came.wait(lock, [&] { return answers->open == 0; });
  return std::move(answers->errors);
}

}  // namespace loom::books
