#include "app/tables.h"

#include <cstdio>

#include "app/commands.h"
#include "loom/json.h"

namespace loom::app {
namespace {

using Changes = Result<std::vector<sink::Change>>;

template <class Call>
Changes with_database(const Loaded& loaded, const Log& log, Call call) {
  if (!loaded.catalogue.store()) return std::vector<sink::Change>{};
  auto database = sink::open_database(loaded.catalogue.database.url, loaded.catalogue.folder, log);
  if (!database) return tl::unexpected(database.error());
  return call(**database);
}

void print(const Common& common, const std::vector<sink::Change>& changes, bool applied) {
  if (common.json) {
    std::vector<std::string> rows;
    for (const auto& change : changes) {
      std::vector<std::string> sql;
      for (const auto& statement : change.sql) json::append_string(sql.emplace_back(), statement);
      rows.push_back(json::Writer{}
                         .field("table", change.table.get())
                         .field("text", change.text)
                         .field("fault", change.is_fault)
                         .field("remedy", change.remedy)
                         .raw("sql", json::array_of(sql))
                         .text());
    }
    std::printf("%s\n", json::Writer{}.field("applied", applied).raw("changes", json::array_of(rows)).text().c_str());
    return;
  }
  for (const auto& change : changes) {
    std::printf("%s%s%s%s\n", change.is_fault ? "fault: " : "", change.text.c_str(), change.remedy.empty() ? "" : ": ",
                change.remedy.c_str());
    if (!applied)
      for (const auto& statement : change.sql) std::printf("  %s;\n", statement.c_str());
  }
  if (changes.empty()) std::printf("tables: nothing to do\n");
}

}  // namespace

Changes plan_tables_for(const Loaded& loaded, const Log& log) {
  return with_database(loaded, log,
                       [&](sink::Database& database) { return sink::plan_tables(database, loaded.mappings); });
}

Changes apply_tables_for(const Loaded& loaded, const Log& log) {
  return with_database(loaded, log, [&](sink::Database& database) -> Changes {
    auto changes = sink::apply_tables(database, loaded.mappings);
    if (!changes) return changes;
    // the sink's own role may be one that makes no tables: the first look makes the offsets'
    auto looked = database.read_offsets({loaded.catalogue.store()->group, ""}, {});
    return looked ? std::move(changes) : tl::unexpected(looked.error());
  });
}

int tables_command(const Common& common, const TablesOptions& options) {
  auto loaded = load_or_report(common);
  if (!loaded) return 78;
  auto log = tool_log(loaded->catalogue, "tables");
  auto changes = options.apply ? apply_tables_for(*loaded, log) : plan_tables_for(*loaded, log);
  if (!changes) return report(changes.error());
  print(common, *changes, options.apply);
  for (const auto& change : *changes)
    if (change.is_fault) return 78;
  return 0;
}

}  // namespace loom::app
