#include <filesystem>

#include "sink/database.h"
#include "sink/postgres/database.h"
#include "sink/sqlite/database.h"

namespace loom::sink {

Result<std::unique_ptr<Database>> open_database(const std::string& url, const std::string& folder, Log log) {
  if (url.starts_with("sqlite:")) {
    auto path = url.substr(7);
    if (path.empty())
      return fail(ErrorKind::configuration, "database.url names no file",
                  {.field = "database.url", .remedy = "write sqlite:loom.db"});
    if (path != ":memory:") path = (std::filesystem::path(folder) / path).string();
    return sqlite::open(path);
  }
  if (url.starts_with("postgres://") || url.starts_with("postgresql://")) return postgres::open(url, std::move(log));
  return fail(ErrorKind::configuration, "database.url has an unknown scheme",
              {.field = "database.url", .remedy = "write sqlite:loom.db or postgres://user@host/database"});
}

}  // namespace loom::sink
