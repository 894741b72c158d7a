#include "base/home.h"

#include <cstdlib>
#include <filesystem>

namespace loom {
namespace {

namespace fs = std::filesystem;

std::string found_in(const fs::path& folder, const std::string& name) {
  std::error_code error;
  for (const auto& candidate : {folder / ".deps" / name, folder / name, folder / "share/loom" / name})
    if (fs::exists(candidate, error)) return candidate.string();
  return "";
}

}  // namespace

std::string own_path() {
  std::error_code error;
  auto path = fs::read_symlink("/proc/self/exe", error).string();
  const std::string deleted = " (deleted)";  // replaced by a newer build meanwhile: run that
  if (path.ends_with(deleted)) path.resize(path.size() - deleted.size());
  return path;
}

std::string find_at_home(const std::string& name) {
  if (const char* home = std::getenv("LOOM_HOME")) return found_in(home, name);
  for (auto folder = fs::path(own_path()).parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (auto found = found_in(folder, name); !found.empty()) return found;
    if (folder == folder.root_path()) break;
  }
  return "";
}

std::string where_home_was_looked_for() { return "neither under LOOM_HOME nor above " + own_path(); }

}  // namespace loom
