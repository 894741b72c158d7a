#include <charconv>
#include <filesystem>

#include "app/group_of.h"
#include "app/up.h"
#include "base/home.h"

namespace loom::app {
namespace {

constexpr int api_order = 0, stage_order = 1, sink_order = 2;  // the broker comes after them
constexpr int most_instances = 256;

std::optional<int> count_of(std::string_view text) {
  int count = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0 || count > most_instances)
    return std::nullopt;
  return count;
}

ChildSpec part(const std::string& name, std::vector<std::string> words, int order, const std::string& config) {
  ChildSpec spec;
  spec.name = name;
  spec.command.argv = {own_path()};
  for (auto& word : words) spec.command.argv.push_back(std::move(word));
  spec.command.argv.insert(spec.command.argv.end(), {"--config", config});
  spec.drain_order = order;
  return spec;
}

}  // namespace

Result<Instances> instances_of(const model::Catalogue& catalogue, const std::vector<std::string>& scale) {
  Instances instances;
  for (const auto& [group, stage] : catalogue.stages) instances[group] = 1;
  for (const auto& word : scale) {
    auto equals = word.find('=');
    auto group = word.substr(0, equals);
    auto count = equals == std::string::npos ? std::nullopt : count_of(std::string_view(word).substr(equals + 1));
    if (!count)
      return fail(ErrorKind::usage, "--scale: '" + word + "' is not GROUP=N",
                  {.remedy = "write e.g. --scale generic-kafka-to-db-consumer=2"});
    auto known = instances.find(ConsumerGroup{group});
    if (known == instances.end()) return tl::unexpected(no_such_group(catalogue, group));
    known->second = *count;
  }
  return instances;
}

std::vector<ChildSpec> parts_of(const model::Catalogue& catalogue, const Instances& instances,
                                const std::string& config) {
  auto path = std::filesystem::absolute(config).string();
  std::vector<ChildSpec> parts;
  for (const auto& [group, count] : instances) {
    auto order = catalogue.store() && catalogue.store()->group == group ? sink_order : stage_order;
    for (int i = 1; i <= count; ++i) {
      auto name = count == 1 ? group.get() : group.get() + " " + std::to_string(i);
      parts.push_back(part(name, {"run", group.get()}, order, path));
    }
  }
  parts.push_back(part("api", {"api"}, api_order, path));
  return parts;
}

std::string api_url(const model::ApiSettings& api) {
  const auto& listen = api.listen;
  auto colon = listen.rfind(':');
  auto host = listen.substr(0, colon), port = colon == std::string::npos ? "" : listen.substr(colon);
  if (host.empty() || host == "0.0.0.0" || host == "*") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return (api.tls ? "https://" : "http://") + host + port;
}

std::string without_password(std::string_view url) {
  auto scheme = url.find("://");
  auto at = scheme == std::string_view::npos ? scheme : url.find('@', scheme);
  if (at == std::string_view::npos) return std::string(url);
  auto colon = url.substr(0, at).find(':', scheme + 3);
  if (colon == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, colon)) + std::string(url.substr(at));
}

}  // namespace loom::app
