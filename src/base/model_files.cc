#include "base/model_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "base/bytes.h"
#include "base/home.h"

namespace loom {
namespace {

constexpr std::array<ModelFile, 8> all{{
    {"ggml-base.bin", "7ab3eb3a4a23552b6d6b46aeac8e291ca5cb226a485ca994eb0ced8605f1a9c2"},
    {"ggml-tiny.en.bin", "ecfbd9c41b1815c2c6ee3e79da3470683b8ecaf16d2a3b6c0be8f58daca10e88"},  // by `tools/setup tiny`
    {"silero_vad.onnx", "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"},
    {"ppocr/det.onnx", "30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff"},
    {"ppocr/rec.onnx", "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0"},
    {"ppocr/keys.txt", "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7"},
    {"vader/lexicon.txt", "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5"},
    {"vader/emoji.txt", "b8d54223ae1ce22a3e12c1f745316b71678c328eb5f5d3063a842f37cfbe2823"},
}};

/// "" when it cannot be read.
std::string sha256_of_file(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  struct stat status {};
  std::string digest;
  if (::fstat(file, &status) == 0 && status.st_size > 0) {
    auto size = static_cast<std::size_t>(status.st_size);
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) {
      digest = sha256_hex({static_cast<const char*>(bytes), size});
      ::munmap(bytes, size);
    }
  }
  ::close(file);
  return digest;
}

Result<std::string> proved(const ModelFile& file) {
  auto path = find_at_home("models/" + std::string(file.name));
  if (path.empty())
    return fail(ErrorKind::configuration,
                "the model file .deps/models/" + std::string(file.name) + " is " + where_home_was_looked_for(),
                {.field = std::string(file.name), .remedy = "run tools/setup (for ggml-tiny.en.bin: tools/setup tiny), or set LOOM_HOME to the folder that has it"});
  auto found = sha256_of_file(path);
  if (found != file.sha256)
    return fail(ErrorKind::configuration,
                "the model file " + path + " has the checksum " + (found.empty() ? "of nothing readable" : found) + ", " + std::string(file.sha256) + " was expected",
                {.field = std::string(file.name), .remedy = "remove it and run tools/setup, which fetches it anew"});
  return path;
}

/// The process's: a file is proved once, whoever asks.
struct Asked {
  std::mutex mutex;
  std::map<std::string_view, Result<std::string>> files;
};
Asked& asked() {
  static Asked it;
  return it;
}

}  // namespace

std::span<const ModelFile> model_files() { return all; }

Result<std::string> model_file(std::string_view name) {
  const auto* file = std::find_if(all.begin(), all.end(), [&](const ModelFile& one) { return one.name == name; });
  if (file == all.end()) return fail(ErrorKind::internal, "no model file is called '" + std::string(name) + "'");
  auto& known = asked();
  std::lock_guard lock(known.mutex);
  if (auto found = known.files.find(file->name); found != known.files.end() && found->second) return found->second;
  return known.files.insert_or_assign(file->name, proved(*file)).first->second;
}

std::vector<AskedModelFile> asked_model_files() {
  auto& known = asked();
  std::lock_guard lock(known.mutex);
  std::vector<AskedModelFile> files;
  for (const auto& [name, path] : known.files) files.push_back({std::string(name), path});
  return files;
}

}  // namespace loom
