#include "sink/postgres/careful.h"

#include <algorithm>
#include <deque>

#include "sink/key_order.h"
#include "sink/sql_text.h"

namespace loom::sink::postgres {
namespace {

constexpr std::string_view stage_table = "pg_temp.loom_stage";

bool in_key(const Binding& binding, std::size_t index) {
  return std::find(binding.key.begin(), binding.key.end(), index) != binding.key.end();
}

/// For each key of the parameters (n): the first one that is equal to it by the database's own rules (a collation,
/// padding), whether a row has it, and that row's identity.
std::string find_sql(const Binding& binding) {
  auto text_of = [&](std::optional<std::size_t> index) {
    return index ? "t." + quoted_name(binding.columns[*index].name) + "::text" : std::string("NULL");
  };
  std::string arrays = "$1::int4[]", names = "n", equal, same;
  for (std::size_t i = 0; i < binding.key.size(); ++i) {
    const auto& column = binding.columns[binding.key[i]];
    auto alias = "k" + std::to_string(i);
    arrays += ", $" + std::to_string(i + 2) + "::" + column.sql_type + "[]";
    names += ", " + alias;
    auto theirs = "t." + quoted_name(column.name);
    equal += (i ? " AND " : "") + theirs + " = k." + alias;
    same += (i ? ", " : "") + std::string("coalesce(k.") + alias + ", " + theirs + ")";  // has the column's collation
  }
  auto is_there = "t." + quoted_name(binding.columns[binding.key.front()].name) + " IS NOT NULL";
  return "SELECT k.n, min(k.n) OVER (PARTITION BY " + same + "), " + is_there + ", " + text_of(binding.message_id) +
         ", " + text_of(binding.part) + ", " + text_of(binding.fingerprint) + " FROM unnest(" + arrays + ") AS k(" +
         names + ") LEFT JOIN " + quoted_name(binding.table.get()) + " t ON " + equal;
}

}  // namespace

CarefulWriter::CarefulWriter(Connection& connection, const RowGroup& group)
    : connection_(connection), group_(group), binding_(*group.binding), wires_(wires_of(binding_)) {}

Result<CarefulWriter::Fates> CarefulWriter::write() {
  fates_.outcomes.assign(group_.rows.size(), RowOutcome::stored);
  std::vector<Run> runs;
  for (auto& rows : runs_by_key(binding_, group_.rows)) {
    bool together = rows.size() > 1 && binding_.on_conflict != model::OnConflict::ignore;
    runs.push_back({std::move(rows), 0, together});
  }
  while (!runs.empty()) {
    if (auto done = round(runs); !done) return tl::unexpected(done.error());
    std::erase_if(runs, [](const Run& run) { return run.at == run.rows.size(); });
  }
  return std::move(fates_);
}

/// One candidate of every run that is not through.
Result<void> CarefulWriter::round(std::vector<Run>& runs) {
  std::deque<Row> made;
  std::vector<Candidate> candidates;
  for (auto& run : runs) {
    if (run.together) made.push_back(folded(run.rows));
    candidates.push_back({&run, run.together ? &made.back() : &group_.rows[run.rows[run.at]], {}, {}});
  }
  std::vector<Candidate*> all, fresh, clashing;
  for (auto& one : candidates) all.push_back(&one);
  if (auto done = try_each(all, &CarefulWriter::find_existing); !done) return done;
  if (!is_each_alone(candidates)) return {};
  for (auto* one : all)
    if (!one->existing) fresh.push_back(one);
  if (auto done = try_each(fresh, &CarefulWriter::copy); !done) return done;
  if (binding_.on_conflict != model::OnConflict::ignore) {
    for (auto* one : all)
      if (one->existing) clashing.push_back(one);
    if (auto done = try_each(clashing, &CarefulWriter::overwrite); !done) return done;
  }
  for (auto& one : candidates) settle(one);
  return {};
}

/// Before anything is written: whether every key is one that the database takes, and no two are equal to it. A key that
/// it doesn't take is bad in all rows of its run; runs that were joined come again.
bool CarefulWriter::is_each_alone(std::span<Candidate> candidates) {
  bool each = true;
  for (auto& [run, row, existing, bad] : candidates) {
    each = each && !bad && !run->rows.empty();
    while (bad && run->at < run->rows.size()) reject(run->rows[run->at++], *bad);
  }
  return each;
}

Result<void> CarefulWriter::find_existing(Candidates candidates) {
  if (candidates.empty()) return {};
  Parameters parameters;
  std::string numbers = "{";
  for (std::size_t i = 0; i < candidates.size(); ++i) numbers += (i ? "," : "") + std::to_string(i);
  parameters.push_back(numbers + "}");
  for (auto column : binding_.key) {
    std::vector<const Cell*> cells;
    for (const auto* one : candidates) cells.push_back(&one->row->cells[column]);
    parameters.push_back(array_literal(cells));
  }
  auto answer = connection_.ask(find_sql(binding_), parameters);
  if (!answer) return tl::unexpected(answer.error());
  for (int i = 0; i < answer->rows(); ++i) {
    auto& one = *candidates[std::stoul(answer->word(i, 0))];
    auto& first = *candidates[std::stoul(answer->word(i, 1))];
    if (&first != &one) join(*first.run, *one.run);
    if (answer->word(i, 2) == "t") one.existing = Existing{answer->text(i, 3), answer->text(i, 4), answer->text(i, 5)};
  }
  return {};
}

/// `more` is left empty.
void CarefulWriter::join(Run& run, Run& more) const {
  run.rows.erase(run.rows.begin(), run.rows.begin() + static_cast<std::ptrdiff_t>(run.at));
  run.rows.insert(run.rows.end(), more.rows.begin() + static_cast<std::ptrdiff_t>(more.at), more.rows.end());
  std::sort(run.rows.begin(), run.rows.end());
  more.rows.clear();
  run.at = more.at = 0;
  run.together = binding_.on_conflict != model::OnConflict::ignore;
}

Result<void> CarefulWriter::try_each(Candidates candidates, Step step) {
  if (candidates.empty()) return {};
  if (auto set = connection_.run("SAVEPOINT loom_rows"); !set) return tl::unexpected(set.error());
  auto done = (this->*step)(candidates);
  if (done) {
    auto released = connection_.run("RELEASE loom_rows");
    return released ? Result<void>{} : tl::unexpected(released.error());
  }
  if (done.error().kind != ErrorKind::invalid_value) return done;
  auto back = connection_.run("ROLLBACK TO loom_rows; RELEASE loom_rows");
  if (!back) return tl::unexpected(back.error());
  if (candidates.size() > 1) {
    auto half = candidates.size() / 2;
    if (auto first = try_each(candidates.first(half), step); !first) return first;
    return try_each(candidates.subspan(half), step);
  }
  auto& one = *candidates.front();
  if (done.error().code == "23505" && !one.existing) {  // somebody else was faster
    if (auto found = find_existing(candidates); !found) return found;
    if (one.existing) return {};
  }
  one.bad = std::move(done.error());
  return {};
}

Result<void> CarefulWriter::copy(Candidates candidates) {
  std::vector<const Row*> rows;
  for (const auto* one : candidates) rows.push_back(one->row);
  return copy_rows(connection_, {binding_, wires_, quoted_name(binding_.table.get())}, rows);
}

Result<void> CarefulWriter::make_stage() {
  std::string columns;
  for (const auto& column : binding_.columns) columns += (columns.empty() ? "" : ", ") + quoted_name(column.name);
  auto made = connection_.run("DROP TABLE IF EXISTS " + std::string(stage_table) +
                              "; CREATE TEMP TABLE loom_stage ON COMMIT DROP AS SELECT " + columns + " FROM " +
                              quoted_name(binding_.table.get()) + " WITH NO DATA");
  if (!made) return tl::unexpected(made.error());
  return {};
}

std::string CarefulWriter::overwrite_sql() const {
  std::string set, where;
  for (std::size_t i = 0; i < binding_.columns.size(); ++i) {
    auto name = quoted_name(binding_.columns[i].name);
    if (in_key(binding_, i)) {
      where += (where.empty() ? " WHERE t." : " AND t.") + name + " = s." + name;
    } else if (binding_.on_conflict == model::OnConflict::update) {
      set += (set.empty() ? "" : ", ") + name + " = COALESCE(s." + name + ", t." + name + ")";
    } else {
      set += (set.empty() ? "" : ", ") + name + " = s." + name;
    }
  }
  if (set.empty()) return {};
  return "UPDATE " + quoted_name(binding_.table.get()) + " t SET " + set + " FROM " + std::string(stage_table) + " s" +
         where;
}

Result<void> CarefulWriter::overwrite(Candidates candidates) {
  auto sql = overwrite_sql();
  if (sql.empty()) return {};
  if (auto made = make_stage(); !made) return made;
  std::vector<const Row*> rows;
  for (const auto* one : candidates) rows.push_back(one->row);
  if (auto copied = copy_rows(connection_, {binding_, wires_, std::string(stage_table)}, rows); !copied) return copied;
  auto done = connection_.run(sql);
  return done ? Result<void>{} : tl::unexpected(done.error());
}

/// The key stays that of the first.
Row CarefulWriter::folded(const std::vector<std::size_t>& rows) const {
  Row row = group_.rows[rows.front()];
  for (auto index : rows) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const auto& cell = group_.rows[index].cells[i];
      bool is_taken = binding_.on_conflict == model::OnConflict::replace || !is_null(cell);
      if (is_taken && !in_key(binding_, i)) row.cells[i] = cell;
    }
  }
  return row;
}

void CarefulWriter::settle(Candidate& candidate) {
  auto& run = *candidate.run;
  if (candidate.bad && run.together) {
    run.together = false;  // one of them is to blame: one after the other
  } else if (candidate.bad) {
    reject(run.rows[run.at++], *std::move(candidate.bad));
  } else if (binding_.on_conflict == model::OnConflict::ignore) {
    settle_ignored(candidate);
  } else {
    settle_overwritten(candidate);
  }
}

/// The first one is in the table, or what was there before is: all others fell on it.
void CarefulWriter::settle_ignored(Candidate& candidate) {
  auto& run = *candidate.run;
  auto there = candidate.existing;
  if (!there) {
    there = existing_of(binding_, *candidate.row);
    ++run.at;
  }
  for (; run.at < run.rows.size(); ++run.at) settle_one(run.rows[run.at], there);
}

void CarefulWriter::settle_overwritten(Candidate& candidate) {
  auto& run = *candidate.run;
  auto before = candidate.existing;
  auto end = run.together ? run.rows.size() : run.at + 1;
  for (; run.at < end; ++run.at) {
    settle_one(run.rows[run.at], before);
    before = existing_of(binding_, group_.rows[run.rows[run.at]]);
  }
}

void CarefulWriter::settle_one(std::size_t row, const std::optional<Existing>& before) {
  if (!before) return;  // stored
  auto clash = classify(binding_, group_.rows[row], *before);
  if (clash == Clash::conflict && binding_.on_conflict == model::OnConflict::ignore)
    return reject(row, identity_conflict(binding_, group_.rows[row]));
  fates_.outcomes[row] = clash == Clash::repeated ? RowOutcome::repeated : RowOutcome::merged;
}

void CarefulWriter::reject(std::size_t row, Error error) {
  fates_.outcomes[row] = RowOutcome::dead;
  fates_.bad.emplace_back(row, std::move(error));
}

}  // namespace loom::sink::postgres
