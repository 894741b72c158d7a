#include "runner/crew.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"

namespace loom::runner {
namespace {

using std::chrono::milliseconds;

constexpr int no_end = std::numeric_limits<int>::max();
constexpr Micros a_minute = 60'000'000;
constexpr milliseconds clock_step{200};  // how exactly joining stages end what is open

BatchLimits limits_of(const Work& work) {
  return {std::max<std::size_t>(work.batch_records, 1), work.batch_bytes,
          std::chrono::duration_cast<std::chrono::microseconds>(work.batch_wait).count()};
}

}  // namespace

Engine::Engine(const EngineSettings& settings, const Work& the_work, Registry& registry, const Log& log)
    : work(the_work),
      telemetry(registry, settings.options.group),
      partitions(settings.budget, telemetry),
      retries({settings.backoff, work.attempts_end ? settings.options.attempts : no_end, settings.clock}, log),
      circuit(registry, settings.options.group, log),
      lanes(limits_of(work), *returns, {work.circuit_threshold, settings.backoff},
            [this](Circuit::Turn turn, const CallAnswer& answer) { circuit.told(turn, answer.error); }) {}

void Engine::open_publisher(std::unique_ptr<kafka::Producer> opened, ComposerSettings settings) {
  cluster_id = settings.cluster_id;
  producer = std::move(opened);
  composer = std::make_unique<Composer>(std::move(settings));
  publisher = std::make_unique<Publisher>(
      *producer, Publisher::Events{[this](Item* item) { returns->put(item); },
                                   [this](Item* item, Error error) { delivery_failed(item, std::move(error)); }});
}

/// An output that is too large is an error of the data: its origin becomes a dead letter, without asking the worker
/// again. But what a joiner ended is of other messages too, which have settled: it waits until the topic takes it.
/// Anything else is tried for ever.
void Engine::delivery_failed(Item* item, Error error) {
  bool is_dead_letter = item->how == "dead";
  item->how = {};
  if (publisher->is_abandoned() || item->is_gone()) return returns->put(item);
  if (error.kind == ErrorKind::too_large && !is_dead_letter && !item->taken) {
    item->last_failure = item->first_failure = composer->now();
    item->rejected = std::make_unique<Error>(std::move(error));
  } else {
    retries.come_again(*item, error);
  }
  lanes.give_back(item);
}

/// An engine that is away is waited for; what an operator must mend ends the run.
std::unique_ptr<Worker> Crew::make_worker(Engine& engine, WorkerLoop& loop, const Log& log, Backoff backoff) {
  Micros tell_at = 0;
  for (int failures = 1;; ++failures) {
    auto worker = engine.work.make_worker(loop.context(engine.cluster_id));
    if (worker) return std::move(*worker);
    bool is_final = traits_of(worker.error().kind).remedy == Remedy::reject && worker.error().kind != ErrorKind::schema;
    if (!is_final && steady_now() >= tell_at) {
      log.warn("a worker can't be made yet", {{"error", to_string(worker.error())}});
      tell_at = steady_now() + a_minute;
    }
    std::unique_lock lock(mutex);
    if (is_final && !error) error = worker.error();
    changed.notify_all();
    if (is_final) return nullptr;
    changed.wait_for(lock, std::chrono::microseconds(backoff_of(backoff, failures, 0)),
                     [this] { return is_dismissed; });
    if (is_dismissed) return nullptr;
  }
}

void Crew::work(Engine& engine, const Log& log, Backoff backoff) {
  WorkerLoop loop(
      {engine.lanes, *engine.returns, engine.retries, *engine.publisher, *engine.composer, engine.joiners.get()});
  auto worker = engine.joiners ? nullptr : make_worker(engine, loop, log, backoff);
  if (!worker && !engine.joiners) return;
  {
    std::lock_guard lock(mutex);
    ++ready;
    changed.notify_all();
  }
  if (worker)
    loop.run(*worker);
  else
    loop.run();
}

/// Ends what the clock ends (Joiners::close_due). What cannot be delivered is tried until it can.
void Crew::watch_the_clock(Engine& engine) {
  json::Document document;
  auto send = [&](const std::vector<Ended>& ended, const Standing& standing) -> std::optional<Micros> {
    const auto& record = record_of(ended.front().message);
    auto deliver = [&](auto records) { return engine.publisher->deliver(std::move(records)); };
    Result<void> sent;
    if (!standing.is_gone) sent = engine.composer->ended(ended, {}, document).and_then(deliver);
    if (sent || engine.publisher->is_abandoned()) return engine.retries.forget(record), std::nullopt;
    return engine.retries.come_again(record, sent.error());
  };
  while (true) {
    engine.joiners->close_due(send);
    std::unique_lock lock(mutex);
    changed.wait_for(lock, clock_step, [this] { return is_dismissed; });
    if (is_dismissed) return;
  }
}

}  // namespace loom::runner
