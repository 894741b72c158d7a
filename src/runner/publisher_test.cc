#include "runner/publisher.h"

#include <gtest/gtest.h>

#include <thread>

#include "runner/fake_kafka.h"

namespace loom::runner {
namespace {

class PublisherTest : public testing::Test {
 protected:
  Item* item() {
    auto& made = *items_.emplace_back(std::make_unique<Item>());
    made.assignment = &assignment_;
    return &made;
  }
  static std::vector<model::OutRecord> records(std::size_t count, const std::string& topic = "out") {
    std::vector<model::OutRecord> made(count);
    for (auto& record : made) record.topic = TopicName{topic};
    return made;
  }
  /// The items' ends, in order: "settled", or the error's name.
  bool wait_for_ends(std::size_t count) {
    return kafka_.wait_until([&] { return ends_.size() >= count; });
  }
  void end(std::string how) {
    std::lock_guard lock(kafka_.mutex);
    ends_.push_back(std::move(how));
    kafka_.changed.notify_all();
  }

  FakeKafka kafka_;
  Assignment assignment_;
  std::vector<std::unique_ptr<Item>> items_;
  std::vector<std::string> ends_;
  std::unique_ptr<FakeProducer> producer_ = std::make_unique<FakeProducer>(kafka_);
  Publisher publisher_{*producer_,
                       {[this](Item*) { end("settled"); },
                        [this](Item*, const Error& error) { end(std::string(traits_of(error.kind).name)); }}};
};

TEST_F(PublisherTest, ARecordSettlesWhenAllItsOutputsAreAcknowledged) {
  int answered = 0;
  bool settled_early = false;
  kafka_.deliver = [&](const model::OutRecord&) {
    settled_early |= ++answered <= 3 && !ends_.empty();
    return std::optional<Error>();
  };
  publisher_.publish(item(), records(3));
  ASSERT_TRUE(wait_for_ends(1));
  EXPECT_FALSE(settled_early);
  EXPECT_EQ(ends_, (std::vector<std::string>{"settled"}));
}

TEST_F(PublisherTest, OneFailedDeliveryFailsTheRecordOnceAfterAllAnswers) {
  int answered = 0;
  kafka_.deliver = [&](const model::OutRecord&) {
    return ++answered == 1 ? std::optional(Error{ErrorKind::too_large, "", "", "", ""}) : std::nullopt;
  };
  publisher_.publish(item(), records(3));
  ASSERT_TRUE(wait_for_ends(1));
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(ends_, (std::vector<std::string>{"too_large"}));
}

TEST_F(PublisherTest, ARefusedSendFailsTheRecord) {
  kafka_.refuse = [](const model::OutRecord&) { return std::optional(Error{ErrorKind::not_found, "", "", "", ""}); };
  publisher_.publish(item(), records(2));
  EXPECT_EQ(ends_, (std::vector<std::string>{"not_found"}));
}

TEST_F(PublisherTest, AFullProducerIsWaitedForAndNothingIsLost) {
  kafka_.producer_limit = 1;
  for (int i = 0; i < 20; ++i) publisher_.publish(item(), records(2));
  ASSERT_TRUE(wait_for_ends(20));
  EXPECT_EQ(kafka_.of("out").size(), 40u);
}

TEST_F(PublisherTest, WhoWaitsForAFullProducerGivesUpWhenThePartitionIsGone) {
  kafka_.producer_limit = 0;
  std::thread waiting([&] { publisher_.publish(item(), records(1)); });
  assignment_.phase = Phase::gone;
  EXPECT_TRUE(wait_for_ends(1));
  waiting.join();
}

TEST_F(PublisherTest, DeliverReturnsWhenAllAreAcknowledged) {
  EXPECT_TRUE(publisher_.deliver(records(5, "dlq")));
  EXPECT_EQ(kafka_.of("dlq").size(), 5u);
  kafka_.deliver = [](const model::OutRecord&) {
    return std::optional(Error{ErrorKind::unavailable, "away", "", "", ""});
  };
  auto delivered = publisher_.deliver(records(2, "dlq"));
  ASSERT_FALSE(delivered);
  EXPECT_EQ(delivered.error().message, "away");
}

TEST_F(PublisherTest, AbandonedDeliverReturns) {
  kafka_.hold_answers();
  std::thread waiting([&] { EXPECT_FALSE(publisher_.deliver(records(1))); });
  ASSERT_TRUE(kafka_.wait_until([&] { return !kafka_.sent.empty(); }));
  publisher_.abandon();
  waiting.join();
}

}  // namespace
}  // namespace loom::runner
