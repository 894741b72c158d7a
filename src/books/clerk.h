// Reads records into entries: which message a record is of, who wrote it and from which record, by its headers (and by
// its value for records of foreign programs and for the sources of what was joined). Threads: one; keeps scratch space.
//   Clerk clerk(scene, cluster_id, notes);   clerk.write(record, [&](const Entry& entry) { … });
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "books/scene.h"
#include "loom/json.h"
#include "model/record.h"

namespace loom::books {

class Clerk {
 public:
  using Put = std::function<void(const Entry&)>;
  /// Fills what the database is asked about later; per topic that the sink reads (wanted_rows.h).
  using NoteRows = std::function<void(const model::Record&, Entry&, std::string& text)>;

  Clerk(Scene& scene, std::string cluster_id, std::map<TopicIndex, NoteRows> notes);
  /// Records of topics that take no part are passed over.
  void write(const model::Record& record, const Put& put);

 private:
  struct Role {
    GroupIndex drops_of = nobody, dead_letters_of = nobody;
    bool is_output = false;
    std::vector<std::size_t> read_by;  // hops
  };
  void write_message(const model::Record& record, const Role& role, Entry entry, const Put& put);
  void write_end(const model::Record& record, const Role& role, Entry entry, const Put& put);
  void write_sources(const model::Record& record, const Entry& output, const Put& put);
  void read_hop(std::string_view text, Entry& entry);
  void note_settled(const Role& role, const Entry& entry);
  [[nodiscard]] Spot origin_of(const model::Record& record) const;

  Scene& scene_;
  const Plan& plan_;
  std::string cluster_id_;
  std::map<TopicIndex, NoteRows> notes_;
  std::vector<Role> roles_;  // by topic
  std::vector<bool> joins_;  // by group
  std::string last_topic_, part_, rows_;
  TopicIndex last_index_ = nobody;
  json::Document document_;
};

/// "topic/partition/offset", as in loom-hop.
[[nodiscard]] Spot spot_of(std::string_view text, const Plan& plan);
/// The identity of a dead letter is that of its origin, also where it followed from the place.
[[nodiscard]] Identity identity_of_letter(const model::Record& letter, const std::string& cluster_id);

}  // namespace loom::books
