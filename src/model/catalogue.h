// The catalogue: loom.yaml read, checked and resolved. Pure: text in, values out. The document's MESSAGE_TYPE_MAPPINGS
// are `message_types`; there is no router, a type names its topic. All faults are reported at once, with places.
//   Faults faults;  auto catalogue = read_catalogue(Node::load("loom.yaml", faults), environment, faults);
// Threads: read once at start, then const.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "loom/named.h"
#include "model/cluster_settings.h"

namespace loom::model {

struct Mappings;  // mapping.h

enum class FieldKind { any, string, integer, number, boolean, base64, object, array, timestamp };
[[nodiscard]] std::string_view name_of(FieldKind kind);
[[nodiscard]] std::optional<FieldKind> field_kind_of(std::string_view name);

struct Field {
  std::string name;  // dotted inside `data`
  FieldKind kind = FieldKind::any;
  bool required = true;
  std::optional<double> min, max;
};

enum class KeyBy { device_id, message_id };

struct MessageTypeSpec {
  MessageType name;
  TopicName topic;
  std::string hint;
  KeyBy key = KeyBy::device_id;
  std::vector<Field> fields;
  std::string description;
  config::Place place;
  [[nodiscard]] bool carries_media() const;  // a base64 field
};

struct TopicSpec {
  TopicName name;
  int partitions = 6;
  std::optional<int> replication, min_insync;  // absent: from the number of brokers
  config::Milliseconds retention{7LL * 24 * 3600 * 1000};
  std::string compression = "none";
  config::Bytes max_message_bytes{1 << 20};
  bool limit_given = false;                       // max_message_bytes was written, not derived
  std::map<std::string, std::string> properties;  // further settings of Kafka's
  config::Place place;
};

struct StageSpec {
  ConsumerGroup group;
  std::string use;  // ocr, store, …
  std::optional<TopicName> input, output;
  std::map<std::string, std::string> when;  // dotted field (or pipeline_hint) → wanted value
  std::vector<std::string> forward_drop;    // dotted paths left out of what is forwarded
  int lanes = 1;                            // worker threads
  int attempts = 5;                         // of a data error that may pass
  config::Node engine;                      // { use: tesseract, … }
  config::Node node;                        // the whole entry: the stage kind reads its own options
  config::Place place;
};

struct ApiKey {
  std::string name, sha256;        // of the key, hex
  std::vector<std::string> types;  // "*" or type names
  double rate = 0;                 // messages a second, 0 = unlimited
};

struct ApiTls {
  std::string cert, key, key_password, client_ca;  // files, beside loom.yaml when relative
};

struct ApiSettings {
  std::string listen = "127.0.0.1:8000";
  std::vector<ApiKey> keys;
  std::optional<ApiTls> tls;
  int threads = 1;
  config::Bytes max_body{16ULL << 20};  // one message; a batch may have max_batch_body
  config::Bytes max_batch_body{64ULL << 20};
  int max_batch_records = 10000;
  config::Bytes budget{256ULL << 20};  // bodies in memory and records in flight together
  int stream_window = 1000;             // messages of one stream that are not yet answered
  config::Bytes stream_bytes{8 << 20};  // and their bytes
  int max_connections = 4096;
  config::Milliseconds ack_timeout{15000};  // then 503 with outcome unknown
  config::Milliseconds idle_timeout{60000};
  config::Place place;
};

struct DatabaseSettings {
  std::string url = "sqlite:loom.db";
  bool create = false;  // `loom run` makes missing tables
  int writers = 2;      // PostgreSQL: one prepares its rows while the other's are stored
  int batch_rows = 10000;
  config::Milliseconds batch_wait{50};
};

struct Catalogue {
  ClusterSettings kafka;
  DatabaseSettings database;
  ApiSettings api;
  std::map<MessageType, MessageTypeSpec> types;
  std::map<TopicName, TopicSpec> topics;  // every topic of a type, stage, mapping, dead letters and drops, resolved
  std::map<ConsumerGroup, StageSpec> stages;
  std::string mappings_file = "topic_mappings.yml";  // of the store stage, resolved beside loom.yaml
  std::string folder;                                // where loom.yaml lies; relative paths start here
  std::string log_level = "info";
  std::vector<std::string> secret_variables;  // of the environment, which the configuration names

  [[nodiscard]] const MessageTypeSpec* type(std::string_view name) const;
  [[nodiscard]] const StageSpec* stage(std::string_view group) const;
  /// The store stage's entry, if there is one.
  [[nodiscard]] const StageSpec* store() const;
};

[[nodiscard]] TopicName dead_letters_of(const ConsumerGroup& group);  // dlq.<group>
[[nodiscard]] TopicName drops_of(const ConsumerGroup& group);         // drops.<group>
/// Which dead letters were replayed or dropped by hand, of all groups: loom.dlq.settled.
[[nodiscard]] TopicName settled_letters();

/// `stage_kinds` are the names that `use` may have; the engines are checked by the stage's own maker.
[[nodiscard]] Catalogue read_catalogue(const config::Node& root, const config::Environment& environment,
                                       const std::vector<std::string>& stage_kinds, config::Faults& faults);

/// The mapped topics become topics of the catalogue and the store stage's inputs: its dead letters take the largest.
void add_mapped_topics(Catalogue& catalogue, const Mappings& mappings);

/// What every stage may say; a stage kind's own Options name them with `also`, and read the rest of StageSpec::node.
[[nodiscard]] const std::vector<std::string>& common_stage_keys();

/// "127.0.0.1:8000", "localhost:9092", "[::1]:80": only this machine reaches it.
[[nodiscard]] bool is_loopback(std::string_view address);

/// Every option of every section, for the generated reference: section → options. Entries of message_types, topics and
/// stages have no environment variable.
[[nodiscard]] std::vector<std::pair<std::string, std::vector<config::OptionDoc>>> catalogue_docs();

}  // namespace loom::model
