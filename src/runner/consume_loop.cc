#include "runner/consume_loop.h"

#include <algorithm>

#include "base/until_answered.h"
#include "runner/crew.h"

namespace loom::runner {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds poll_wait{100};
constexpr milliseconds busy_poll_wait{5};  // a partition is held back, and may be released any moment
constexpr milliseconds commit_wait{2000};

std::string names_of(std::span<const model::TopicPartition> partitions) {
  std::string names;
  for (const auto& [topic, partition] : partitions) {
    if (!names.empty()) names += ", ";
    names += topic.get() + "/" + std::to_string(partition.get());
  }
  return names;
}

}  // namespace

ConsumeLoop::ConsumeLoop(Ports ports, RunnerOptions options, Work work, Registry& registry, Log log)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      work_(std::move(work)),
      registry_(registry),
      log_(std::move(log)) {}

ConsumeLoop::~ConsumeLoop() = default;

Result<void> ConsumeLoop::run(const std::atomic<bool>& stop) {
  engine_ = std::make_shared<Engine>(EngineSettings{options_, ports_.budget, ports_.backoff, ports_.clock}, work_,
                                     registry_, log_);
  crew_ = std::make_shared<Crew>();
  auto result = start(stop);
  if (result && consumer_) result = consume(stop);
  drain();
  return result;
}

Result<void> ConsumeLoop::start(const std::atomic<bool>& stop) {
  auto cluster = until_answered({log_, "the broker", stop}, [&] { return ports_.cluster_id(stop); });
  if (stop) return {};
  if (!cluster) return tl::unexpected<Error>(cluster.error());
  auto producer = ports_.open_producer();
  if (!producer) return tl::unexpected<Error>(producer.error());
  if (options_.output) {
    for (int i = 0; i < 5 && !stop; ++i)
      if ((*producer)->warm(*options_.output, milliseconds(1000))) break;
  }
  engine_->open_publisher(std::move(*producer), {options_.group, options_.stage, options_.instance, *cluster,
                                                 options_.output, options_.forward_drop, ports_.clock});
  if (auto remembers = open_joiners(stop); !remembers || stop) return remembers;
  if (auto hired = hire_workers(stop); !hired || stop) return hired;
  return join_group();
}

Result<void> ConsumeLoop::open_joiners(const std::atomic<bool>& stop) {
  if (!work_.make_joiners) return {};
  auto joiners =
      until_answered({log_, "what the stage needs", stop}, [&] { return work_.make_joiners(engine_->cluster_id); });
  if (!joiners) return stop ? Result<void>{} : tl::unexpected<Error>(joiners.error());
  engine_->joiners = std::move(*joiners);
  if (ports_.steady) engine_->joiners->measure_with(ports_.steady);
  return {};
}

/// Before the group is joined: partitions should not wait for a model to load.
Result<void> ConsumeLoop::hire_workers(const std::atomic<bool>& stop) {
  auto count = static_cast<std::size_t>(std::max(work_.workers, 1));
  auto hire = [this](auto job) {
    ++crew_->running;
    crew_->threads.emplace_back([engine = engine_, crew = crew_, job] {
      job(*crew, *engine);
      std::lock_guard lock(crew->mutex);
      --crew->running;
      crew->changed.notify_all();
    });
  };
  std::unique_lock hiring(crew_->mutex);
  for (std::size_t i = 0; i < count; ++i)
    hire([log = log_, backoff = ports_.backoff](Crew& crew, Engine& engine) { crew.work(engine, log, backoff); });
  if (engine_->joiners) hire([](Crew& crew, Engine& engine) { crew.watch_the_clock(engine); });
  hiring.unlock();
  std::unique_lock lock(crew_->mutex);
  while (!stop && crew_->ready < count && !crew_->error) crew_->changed.wait_for(lock, milliseconds(50));
  if (crew_->error) return tl::unexpected<Error>(*crew_->error);
  return {};
}

Result<void> ConsumeLoop::join_group() {
  if (auto ask = starts_of_work())
    starts_ = std::make_unique<StartOffsets>(std::move(ask), ports_.backoff, engine_->returns, log_);
  kafka::ConsumerEvents events;
  events.assigned = [this](std::span<const model::TopicPartition> partitions) { assigned(partitions); };
  events.revoked = [this](std::span<const model::TopicPartition> partitions, bool lost) { revoked(partitions, lost); };
  kafka::ConsumerOptions options{options_.group, options_.inputs, static_cast<bool>(starts_),
                                 static_cast<bool>(engine_->joiners)};
  for (const auto& topic : options_.inputs) (void)engine_->telemetry.of(topic);
  auto consumer = ports_.open_consumer(std::move(options), std::move(events));
  if (!consumer) return tl::unexpected<Error>(consumer.error());
  consumer_ = std::move(*consumer);
  return {};
}

StartOffsets::Ask ConsumeLoop::starts_of_work() const {
  if (work_.start_offsets)
    return [ask = work_.start_offsets](std::span<const model::TopicPartition> partitions) {
      return ask(partitions).map([](const kafka::Offsets& offsets) {
        Starts starts;
        for (const auto& [partition, offset] : offsets) starts.emplace(partition, Start{offset});
        return starts;
      });
    };
  if (engine_->joiners)
    return [ask = ports_.lookback, lookback = work_.lookback](std::span<const model::TopicPartition> partitions) {
      return ask(partitions, lookback);
    };
  return {};
}

Result<void> ConsumeLoop::consume(const std::atomic<bool>& stop) {
  auto& partitions = engine_->partitions;
  while (!stop) {
    auto wait = partitions.is_any_waiting() ? busy_poll_wait : poll_wait;
    auto records = consumer_->poll(wait, partitions.room());
    if (!records) return tl::unexpected<Error>(records.error());
    take_in(std::move(*records));
    take_back(std::chrono::microseconds(0));
    for (const auto& request : std::exchange(requests_, {})) reposition(request);
    seek_pending();
    partitions.balance(*consumer_);
    if (engine_->joiners) partitions.note_ends(*consumer_);
    auto now = steady_now();
    if (now >= commit_at_) commit();
    if (now >= report_at_) each_second();
  }
  return {};
}

void ConsumeLoop::take_in(std::vector<model::Record> records) {
  admitted_.clear();
  auto now = steady_now();
  for (auto& record : records) {
    Item* item = engine_->partitions.admit(std::move(record), work_.order);
    if (!item) continue;
    item->arrived = now;
    admitted_.push_back(item);
  }
  engine_->lanes.add(admitted_);
}

void ConsumeLoop::take_back(std::chrono::microseconds wait) {
  engine_->returns->collect(returned_, requests_, wait);
  for (Item* item : returned_) {
    engine_->retries.forget(*item);
    engine_->partitions.take_back(item);
  }
}

void ConsumeLoop::assigned(std::span<const model::TopicPartition> partitions) {
  for (const auto& partition : partitions) engine_->partitions.begin(partition).starting = static_cast<bool>(starts_);
  want_starts();
  if (partitions.empty()) return;
  log_.info("partitions assigned", {{"count", partitions.size()}, {"partitions", names_of(partitions)}});
}

void ConsumeLoop::revoked(std::span<const model::TopicPartition> partitions, bool lost) {
  std::vector<Assignment*> leaving;
  for (const auto& partition : partitions) {
    auto* assignment = engine_->partitions.find(partition);
    if (!assignment) continue;
    auto open = Phase::open;
    assignment->phase.compare_exchange_strong(open, lost ? Phase::gone : Phase::closing);
    leaving.push_back(assignment);
  }
  engine_->lanes.drop_closed();
  if (!lost) {
    settle_in_flight(leaving, SteadyClock::now() + ports_.revoke_wait);
    if (auto next = to_commit(); !next.empty()) {
      auto committed = consumer_->commit_now(next, commit_wait);
      if (!committed)
        log_.warn("what is settled could not be committed, it will be read again",
                  {{"error", to_string(committed.error())}});
    }
  }
  for (auto* assignment : leaving) engine_->partitions.end(*assignment);
  want_starts();
  if (!partitions.empty())
    log_.info(lost ? "partitions lost" : "partitions revoked",
              {{"count", partitions.size()}, {"partitions", names_of(partitions)}});
}

void ConsumeLoop::settle_in_flight(const std::vector<Assignment*>& assignments, SteadyClock::time_point deadline) {
  auto is_settled = [&] {
    return std::all_of(assignments.begin(), assignments.end(), [](auto* one) { return one->records == 0; });
  };
  take_back(std::chrono::microseconds(0));
  while (!is_settled()) {
    auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return;
    take_back(left);
  }
}

/// Two ask: the start of an assignment became known, or a worker gave an assignment up.
void ConsumeLoop::reposition(const RepositionRequest& request) {
  auto* assignment = engine_->partitions.find(request.partition);
  if (!assignment || assignment->serial != request.serial) return;
  if (assignment->phase.load() == Phase::gone) {
    assignment = &engine_->partitions.begin(request.partition);
    assignment->starting = true;
    assignment->held = false;
    assignment->seek_to = request.next;
    consumer_->hold(request.partition);
    log_.info("partition is read on from elsewhere",
              {{"partition", names_of({&request.partition, 1})}, {"offset", request.next->get()}});
  } else if (assignment->starting && !assignment->seek_to) {
    assignment->seek_to = request.next.value_or(Offset{-1});
    assignment->settle_from = request.settle_from;
  }
}

void ConsumeLoop::seek_pending() {
  for (auto* assignment : engine_->partitions.all()) {
    if (!assignment->seek_to) continue;
    if (assignment->seek_to->get() >= 0) {
      auto sought = consumer_->seek(assignment->partition, *assignment->seek_to);
      if (!sought) continue;  // unavailable: again after the next poll; not assigned any more: its revoke is on the way
    }
    assignment->seek_to.reset();
    assignment->starting = false;
    consumer_->release(assignment->partition);
  }
}

void ConsumeLoop::want_starts() {
  if (!starts_) return;
  std::vector<WantedStart> wanted;
  for (auto* assignment : engine_->partitions.all())
    if (assignment->starting && !assignment->seek_to) wanted.push_back({assignment->serial, assignment->partition});
  starts_->want(std::move(wanted));
}

kafka::Offsets ConsumeLoop::to_commit() {
  return engine_->partitions.to_commit(engine_->joiners ? engine_->joiners->limits() : Limits{});
}

void ConsumeLoop::commit() {
  commit_at_ = steady_now() + std::chrono::microseconds(options_.commit_every).count();
  if (auto next = to_commit(); !next.empty()) consumer_->commit(next);
}

void ConsumeLoop::each_second() {
  report_at_ = steady_now() + 1'000'000;
  engine_->retries.report(engine_->telemetry);
  engine_->partitions.report();
}

/// Nothing new is begun; what is in flight may end, until the time is up. Then nobody waits for it any more.
void ConsumeLoop::drain() {
  auto deadline = SteadyClock::now() + options_.drain_timeout;
  auto all = engine_->partitions.all();
  for (auto* assignment : all) {
    auto open = Phase::open;
    assignment->phase.compare_exchange_strong(open, Phase::closing);
  }
  engine_->lanes.drop_closed();
  engine_->lanes.close();
  if (consumer_) settle_in_flight(all, deadline);
  auto left = engine_->partitions.records();
  if (consumer_) {
    if (auto next = to_commit(); !next.empty()) (void)consumer_->commit_now(next, commit_wait);
  }
  for (auto* assignment : all) engine_->partitions.end(*assignment);
  if (engine_->publisher) engine_->publisher->abandon();
  starts_.reset();
  part_with_workers(std::max(deadline, SteadyClock::now() + milliseconds(100)));
  if (consumer_) consumer_->close();
  consumer_.reset();
  if (left > 0) log_.warn("stopped before all was settled, the rest will be read again", {{"records", left}});
  log_.info("drained");
}

/// A worker that does not come back is left behind: it holds the engine, so that nothing it touches goes away.
void ConsumeLoop::part_with_workers(SteadyClock::time_point deadline) {
  std::unique_lock lock(crew_->mutex);
  crew_->is_dismissed = true;
  crew_->changed.notify_all();
  bool all_back = crew_->changed.wait_until(lock, deadline, [this] { return crew_->running == 0; });
  lock.unlock();
  if (!all_back) log_.error("a handler does not return, its thread is left behind", {{"group", options_.group.get()}});
  for (auto& thread : crew_->threads) {
    if (all_back)
      thread.join();
    else
      thread.detach();
  }
  crew_->threads.clear();
}

}  // namespace loom::runner
