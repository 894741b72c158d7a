#include "model/check.h"

#include <gtest/gtest.h>

namespace loom::model {
namespace {

std::string check(std::string_view catalogue_yaml, std::string_view mappings_yaml, config::Faults& faults) {
  auto catalogue =
      read_catalogue(config::Node::parse(catalogue_yaml, "loom.yaml", faults), {}, {"store", "ocr"}, faults);
  auto mappings = read_mappings(config::Node::parse(mappings_yaml, "topic_mappings.yml", faults), faults);
  add_mapped_topics(catalogue, mappings);
  EXPECT_EQ(faults.text(), "");  // nothing is wrong yet
  check_offline(catalogue, mappings, faults);
  return faults.text();
}

struct Case {
  const char* name;
  const char* catalogue;
  const char* mappings;
  const char* expected;  // "" = nothing at all
};
class Check : public testing::TestWithParam<Case> {};

TEST_P(Check, Says) {
  config::Faults faults;
  auto text = check(GetParam().catalogue, GetParam().mappings, faults);
  if (std::string_view(GetParam().expected).empty()) {
    EXPECT_EQ(text, "");
  } else {
    EXPECT_NE(text.find(GetParam().expected), std::string::npos) << text;
  }
  EXPECT_EQ(faults.any_fault(), std::string_view(GetParam().expected).starts_with("fault")) << text;
}

const Case cases[] = {
    {"fine", "message_types: {m: in.raw}\nstages:\n  g: {use: ocr, input: in.raw, output: out}\n  sink: {use: store}\n",
     "topics: {out: {table: t}}", ""},
    {"when_and_hints",
     "message_types: {m: {topic: in.raw, hint: ocr}}\nstages:\n  g: {use: ocr, input: in.raw, output: out, when: {pipeline_hint: ocr, "
     "data.a: 1, metadata.b.0: 2}, hints: {ocr: {}}}\n  sink: {use: store}\n",
     "topics: {out: {table: t}}", ""},
    {"when_of_no_field",
     "message_types: {m: in.raw}\nstages:\n  g:\n    use: ocr\n    input: in.raw\n    output: out\n    when: {pipline_hint: x}\n  sink: {use: store}\n",
     "topics: {out: {table: t}}",
     "warning  loom.yaml:7: stages.g.when.pipline_hint: Loom's messages have no such field, and a message without it is dropped; did you "
     "mean 'pipeline_hint'?"},
    {"when_of_no_hint",
     "message_types: {m: {topic: in.raw, hint: direct}}\nstages:\n  g: {use: ocr, input: in.raw, output: out, when: {pipeline_hint: dirct}}\n  "
     "sink: {use: store}\n",
     "topics: {out: {table: t}}",
     "warning  loom.yaml:3: stages.g.when.pipeline_hint: no message type here has the hint 'dirct'; did you mean 'direct'?"},
    {"hints_of_no_type",
     "message_types: {m: {topic: in.raw, hint: ocr_extraction}}\nstages:\n  g: {use: ocr, input: in.raw, output: out, hints: {ocr_extracton: {}}}\n  "
     "sink: {use: store}\n",
     "topics: {out: {table: t}}",
     "warning  loom.yaml:3: stages.g.hints.ocr_extracton: no message type here has this hint; did you mean 'ocr_extraction'?"},
    {"type_unread", "message_types:\n  m: in.raw\n", "",
     "warning  loom.yaml:2: message_types.m: nothing here reads topic 'in.raw'; map it"},
    {"output_unread", "message_types: {m: in.raw}\nstages:\n  g: {use: ocr, input: in.raw, output: out}\n", "",
     "warning  loom.yaml:3: stages.g: nothing here reads its output 'out'"},
    {"input_unwritten",
     "message_types: {m: in.raw}\nstages:\n  g: {use: ocr, input: in.rav, output: out}\n  sink: {use: store}\n",
     "topics: {out: {table: t}, in.raw: {table: u}}",
     "warning  loom.yaml:3: stages.g: nothing here writes its input 'in.rav'; did you mean 'in.raw'?"},
    {"mapped_unwritten", "message_types: {m: in.raw}\nstages:\n  sink: {use: store}\n",
     "topics:\n  in.raw: {table: t}\n  out.side: {table: u}\n",
     "warning  topic_mappings.yml:3: topics.out.side: nothing here writes this topic; leave it"},
    {"topic_unused", "message_types: {m: in.raw}\ntopics:\n  in.rae: {partitions: 3}\nstages:\n  sink: {use: store}\n",
     "topics: {in.raw: {table: t}}",
     "warning  loom.yaml:3: topics.in.rae: nothing here writes or reads this topic; did you mean 'in.raw'?"},
    {"one_table", "message_types: {a: a.raw, b: b.raw}\nstages:\n  sink: {use: store}\n",
     "topics:\n  a.raw: {table: t}\n  b.raw: {table: t}\n",
     "warning  topic_mappings.yml:3: topics.b.raw: table 't' also takes 'a.raw'; their columns are merged"},
    {"maps_nothing", "stages:\n  sink: {use: store}\n", "", "warning  loom.yaml:2: stages.sink: maps no topic"},
    {"own_dead_letters", "stages:\n  sink: {use: store}\n", "topics:\n  dlq.sink: {table: t}\n",
     "fault  topic_mappings.yml:2: topics.dlq.sink: the group would read what"},
    {"dead_letters_of_others",
     "message_types: {m: a}\nstages:\n  g: {use: ocr, input: a, output: b}\n  sink: {use: store}\n",
     "topics: {dlq.g: {table: t}, b: {table: u}}", ""},
    {"itself", "stages:\n  g: {use: ocr, input: a, output: a}\n", "",
     "fault  loom.yaml:2: stages.g: input and output are the same topic 'a'"},
    {"cycle",
     "stages:\n  g: {use: ocr, input: a, output: b}\n  h: {use: ocr, input: b, output: c}\n  i: {use: ocr, input: c, "
     "output: a}\n",
     "", "fault  loom.yaml:4: stages.i: messages go round for ever: a → g → b → h → c → i → a"},
    {"reads_own_dead_letters", "stages:\n  g: {use: ocr, input: dlq.g, output: b}\n", "",
     "fault  loom.yaml:2: stages.g: reads what it gives up itself, 'dlq.g'"},
    {"collision", "message_types:\n  a: x.y\n  b: x_y\nstages:\n  sink: {use: store}\n",
     "topics: {x.y: {table: t}, x_y: {table: u}}",
     "fault  loom.yaml:3: topics 'x.y' and 'x_y' differ only in '.' and '_'; rename one"},
    {"over_budget",
     "message_types: {m: a}\ntopics:\n  a: {max_message_bytes: 65MiB}\napi: {max_body: 65MiB}\nstages:\n  sink: {use: "
     "store}\n",
     "topics: {a: {table: t}}", "fault  loom.yaml:3: topic 'a' allows 65MiB, more than kafka.producer_budget 64MiB"},
    {"api_budget", "api:\n  budget: 1MiB\n", "", "fault  loom.yaml:1: api.budget 1MiB is less than one body, 64MiB"},
    {"api_narrow",
     "message_types: {m: a}\napi: {max_body: 1MiB}\ntopics:\n  a: {max_message_bytes: 2MiB}\nstages:\n  sink: {use: "
     "store}\n",
     "topics: {a: {table: t}}", "warning  loom.yaml:4: topic 'a' allows 2MiB, but api.max_body lets in 1MiB"},
    {"small_for_media",
     "message_types: {m: {topic: a, fields: {p: base64}}}\ntopics:\n  a: {max_message_bytes: 64KiB}\nstages:\n  sink: "
     "{use: store}\n",
     "topics: {a: {table: t}}", "warning  loom.yaml:3: topic 'a' allows 64KiB, little for the media of 'm'"},
    {"narrow_output",
     "message_types: {m: a}\ntopics:\n  b: {max_message_bytes: 64KiB}\nstages:\n  g: {use: ocr, input: a, output: b}\n "
     " sink: {use: store}\n",
     "topics: {b: {table: t}}", "warning  loom.yaml:3: topic 'b' allows 64KiB, its stage 'g' forwards up to 1MiB"},
    {"narrow_output_dropped",
     "message_types: {m: a}\ntopics:\n  b: {max_message_bytes: 64KiB}\nstages:\n  g: {use: ocr, input: a, output: b, "
     "forward: {drop: [data.p]}}\n  sink: {use: store}\n",
     "topics: {b: {table: t}}", ""},
    {"narrow_dead_letters",
     "message_types: {m: a}\ntopics:\n  dlq.sink: {max_message_bytes: 1MiB}\nstages:\n  sink: {use: store}\n",
     "topics: {a: {table: t}}", "fault  loom.yaml:3: topic 'dlq.sink' is too small for dead letters of 'a'"},
    {"store_lanes", "message_types: {m: a}\nstages:\n  sink: {use: store, lanes: 2}\n", "topics: {a: {table: t}}",
     "warning  loom.yaml:3: stages.sink: lanes have no meaning"},
};
INSTANTIATE_TEST_SUITE_P(All, Check, testing::ValuesIn(cases),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace loom::model
