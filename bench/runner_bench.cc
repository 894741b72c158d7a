// The runner with a stage that does nothing, from one topic to another: what Loom adds to librdkafka's own cost.
// usage: runner_bench BOOTSTRAP INPUT OUTPUT COUNT
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

#include "runner/runner.h"
#include "runner/stage_work.h"
#include "usage.h"

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  using namespace loom;
  auto count = static_cast<std::size_t>(std::atoll(argv[4]));
  model::ClusterSettings settings;
  settings.bootstrap = argv[1];
  std::atomic<std::size_t> seen{0};
  std::atomic<bool> stop{false};
  std::unique_ptr<bench::Usage> usage;

  runner::StageWork stage;
  stage.group = ConsumerGroup{"bench-consumer"};
  stage.batch = 500;
  stage.make_handler = [&]() -> Result<BatchHandler> {
    return one_by_one([&](const Envelope&) -> Outcome {
      auto n = ++seen;
      if (n == 1) usage = std::make_unique<bench::Usage>();
      if (n == count) stop = true;
      return with_result("{}");
    });
  };
  runner::RunnerOptions options;
  options.group = stage.group;
  options.stage = "bench";
  options.instance = "bench";
  options.inputs = {TopicName{argv[2]}};
  options.output = TopicName{argv[3]};
  Registry registry;
  auto log = Log::to_stderr("bench", LogLevel::warn);
  auto runner = runner::Runner::open(settings, options, runner::work_of(stage), registry, log);
  if (!runner) return std::fprintf(stderr, "%s\n", to_string(runner.error()).c_str()), 70;
  auto done = (*runner)->run(stop);
  if (!done) return std::fprintf(stderr, "%s\n", to_string(done.error()).c_str()), 70;
  usage->print("runner", seen);
  return 0;
}
