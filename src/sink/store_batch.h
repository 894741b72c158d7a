// What one call of the sink's worker holds: the records by partition, their rows by table, and each record's verdict.
// Pure but for the tables it is given. Partitions leave it (`settle`) until one transaction takes all that are left.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "runner/work.h"
#include "sink/positions.h"
#include "sink/topic_tables.h"

namespace loom::sink {

class StoreBatch {
 public:
  using Records = std::span<const model::Record* const>;
  StoreBatch(Records records, const Positions& positions);

  /// The topics that take part, each once.
  [[nodiscard]] std::vector<TopicName> topics() const;
  [[nodiscard]] std::vector<model::TopicPartition> partitions() const;
  /// Decodes the topic's records and makes their rows; what cannot be one is rejected.
  void convert(const TopicName& topic, TopicTable& table);

  /// Gives every record of these a verdict and takes them out.
  void settle_topic(const TopicName& topic, const runner::Verdict& verdict);
  void settle_partition(const model::TopicPartition& partition, const runner::Verdict& verdict);
  void settle_all(const runner::Verdict& verdict);

  void drop_empty_groups();  // before their bindings die

  [[nodiscard]] bool empty() const { return lanes_.empty(); }
  /// Rows and offsets of all that is left. Keeps the rows: valid until something is settled.
  [[nodiscard]] const Batch& batch();
  /// Of records with rows in several tables, all or none is stored: bad ones are refused whole. True when there were
  /// any: then nothing may be committed as it is.
  bool refuse_families(std::span<const BadRow> bad);
  [[nodiscard]] std::vector<runner::Rejected> rejected(std::span<const BadRow> bad) const;
  /// All that is left is committed.
  void settle_written(const Written& written);
  [[nodiscard]] std::vector<runner::Verdict> verdicts() && { return std::move(verdicts_); }

 private:
  struct Lane {
    std::optional<Offset> from;
    Offset to;
    std::vector<std::size_t> records;
  };
  struct Refused {
    std::size_t record;
    Error error;
  };
  void convert_one(std::size_t index, TopicTable& table);
  void add_row(std::size_t index, const Binding& binding, Row row, bool is_element = false);
  void refuse(std::size_t index, Error error);
  void drop_rows(const model::TopicPartition* partition, const TopicName& topic);
  template <class Leaves>
  void drop_rows_if(const Leaves& leaves);

  Records records_;
  const Positions& positions_;
  std::map<model::TopicPartition, Lane> lanes_;
  Batch batch_;
  std::vector<std::vector<std::size_t>> row_records_;  // as batch_.groups: the record of each row
  std::set<const Binding*> element_bindings_;          // of rows that do not decide their record's verdict
  std::set<std::size_t> families_;                     // records with rows in several tables
  std::vector<Refused> refused_;
  std::vector<runner::Verdict> verdicts_;
  json::Document document_;
};

}  // namespace loom::sink
