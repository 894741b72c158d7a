#include "base/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace loom {
namespace {

TEST(Metrics, RendersSortedFamiliesOnce) {
  Registry registry;
  registry.counter("loom_b_total", "second", {{"type", "x"}}).add(3);
  registry.counter("loom_b_total", "second", {{"type", "a"}}).add();
  registry.gauge("loom_a", "first").set(1.5);
  EXPECT_EQ(registry.render(),
            "# HELP loom_a first\n# TYPE loom_a gauge\nloom_a 1.5\n"
            "# HELP loom_b_total second\n# TYPE loom_b_total counter\n"
            "loom_b_total{type=\"a\"} 1\nloom_b_total{type=\"x\"} 3\n");
}

TEST(Metrics, SameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  auto& one = registry.counter("c", "", {{"a", "1"}, {"b", "2"}});
  auto& same = registry.counter("c", "", {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(&one, &same);
  EXPECT_NE(&one, &registry.counter("c", "", {{"a", "1"}}));
}

TEST(Metrics, EscapesAndMendsNames) {
  Registry registry;
  registry.counter("9bad-name", "line\nbreak \\ \"quoted\"", {{"l:a", "q\"b\\n\n\xff"}}).add();
  EXPECT_EQ(registry.render(),
            "# HELP _9bad_name line\\nbreak \\\\ \"quoted\"\n# TYPE _9bad_name counter\n"
            "_9bad_name{l_a=\"q\\\"b\\\\n\\n?\"} 1\n");
}

TEST(Metrics, ASecondTypeOfANameIsKeptApart) {
  Registry registry;
  registry.counter("x", "").add();
  registry.gauge("x", "").set(2);
  auto text = registry.render();
  EXPECT_NE(text.find("# TYPE x counter\nx 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE x_gauge gauge\nx_gauge 2\n"), std::string::npos) << text;
}

TEST(Metrics, SpecialGaugeValues) {
  Registry registry;
  registry.gauge("g", "", {{"v", "1"}}).set(std::nan(""));
  registry.gauge("g", "", {{"v", "2"}}).set(HUGE_VAL);
  registry.gauge("g", "", {{"v", "3"}}).set(-HUGE_VAL);
  auto text = registry.render();
  EXPECT_NE(text.find("{v=\"1\"} NaN\n"), std::string::npos);
  EXPECT_NE(text.find("{v=\"2\"} +Inf\n"), std::string::npos);
  EXPECT_NE(text.find("{v=\"3\"} -Inf\n"), std::string::npos);
}

TEST(Metrics, HistogramBucketsAreCumulative) {
  Histogram histogram;
  for (double seconds : {0.0001, 0.0002, 0.5, 1000.0, -1.0, std::nan("")}) histogram.observe(seconds);
  std::string text;
  histogram.render(text, "h", "a=\"b\"");
  for (auto line :
       {"h_bucket{a=\"b\",le=\"1e-04\"} 2\n", "h_bucket{a=\"b\",le=\"0.00025\"} 3\n",
        "h_bucket{a=\"b\",le=\"0.25\"} 3\n", "h_bucket{a=\"b\",le=\"0.5\"} 4\n", "h_bucket{a=\"b\",le=\"100\"} 4\n",
        "h_bucket{a=\"b\",le=\"+Inf\"} 5\n", "h_sum{a=\"b\"} 1000.5003\n", "h_count{a=\"b\"} 5\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(Metrics, AnyThread) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry] {
      for (int i = 0; i < 1000; ++i) {
        registry.counter("n", "", {{"i", std::to_string(i % 10)}}).add();
        registry.histogram("h", "").observe(.01);
        if (i % 100 == 0) (void)registry.render();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.counter("n", "", {{"i", "3"}}).value(), 400U);
  EXPECT_NE(registry.render().find("h_count 4000\n"), std::string::npos);
}

}  // namespace
}  // namespace loom
