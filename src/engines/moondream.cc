#include "engines/moondream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "engines/remote.h"

namespace loom::engines {
namespace {

constexpr std::string_view engine_name = "moondream";

/// Its failures come as HTTP 200 with {"error"}: these are the picture's, any other is the server's (no model loaded).
constexpr std::array<std::string_view, 4> of_pictures{"cannot identify image", "Invalid image", "image_url",
                                                      "Incorrect padding"};

tl::unexpected<Error> refused(const std::string& said) {
  auto what = std::string(engine_name) + ": the server refuses" + (said.empty() ? "" : ": " + said);
  for (auto words : of_pictures)
    if (said.find(words) != std::string::npos)
      return fail(ErrorKind::malformed, what,
                  {.field = "data.image_data", .remedy = "send a picture that it takes", .code = {}});
  auto kind = said.starts_with("Request timeout") ? ErrorKind::timeout : ErrorKind::unavailable;
  return fail(kind, what,
              {.field = {}, .remedy = "it is tried again; check the server, or give it fewer lanes", .code = {}});
}

/// The sides are shares of the picture's; nullopt: no box.
std::optional<Box> box_of(const json::Value& object, const Picture& picture) {
  std::array<double, 4> at{};
  constexpr std::array names{"x_min", "y_min", "x_max", "y_max"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto value = object.get(names[i]);
    if (!value || !value->number()) return std::nullopt;
    at[i] = std::clamp(*value->number(), 0.0, 1.0) * (i % 2 == 0 ? picture.width : picture.height);
  }
  auto pixel = [&](std::size_t i) { return static_cast<int>(std::lround(at[i])); };
  if (at[2] < at[0] || at[3] < at[1]) return std::nullopt;
  return Box{pixel(0), pixel(1), pixel(2) - pixel(0), pixel(3) - pixel(1)};
}

class Moondream {
 public:
  Moondream(MoondreamOptions options, Remote remote) : options_(std::move(options)), remote_(std::move(remote)) {}

  Result<ReadText> look(const Picture& picture) {
    json::Document document;
    auto root = remote_.ask("/v1/" + options_.skill, question(picture), document);
    if (!root) return tl::unexpected(root.error());
    if (auto said = error_told(*root)) return refused(*said);
    ReadText read{.engine = std::string(engine_name), .settings = settings()};
    read.engine_version = model_told(*root);
    if (options_.skill == "detect") return found(*root, picture, std::move(read));
    auto* name = options_.skill == "query" ? "answer" : "caption";
    auto text = root->get(name);
    if (!text || !text->string()) return remote_.rubbish(std::string("no '") + name + "'");
    read.text = plain_text(*text->string());
    return read;
  }

 private:
  [[nodiscard]] std::string question(const Picture& picture) const {
    json::Writer body;
    body.field("image_url", data_url(picture));
    if (options_.skill == "query") body.field("question", options_.prompt).field("stream", false);
    if (options_.skill == "caption") body.field("length", options_.length).field("stream", false);
    if (options_.skill == "detect") body.field("object", options_.object);
    return body.text();
  }

  [[nodiscard]] std::string settings() const {
    if (!options_.name.empty()) return options_.name;
    if (options_.skill == "query") return "query: " + options_.prompt;
    return options_.skill + ": " + (options_.skill == "caption" ? options_.length : options_.object);
  }

  Result<ReadText> found(const json::Value& root, const Picture& picture, ReadText read) const {
    auto objects = root.get("objects");
    if (!objects || objects->kind() != json::Kind::array) return remote_.rubbish("no 'objects'");
    bool is_whole = true;
    read.objects.emplace();
    objects->each_element([&](const json::Value& object) {
      auto box = box_of(object, picture);
      if (box)
        read.objects->push_back({options_.object, *box});
      else
        is_whole = false;
    });
    if (!is_whole) return remote_.rubbish("an object without its place");
    return read;
  }

  MoondreamOptions options_;
  Remote remote_;
};

auto one_of(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& name) -> std::optional<std::string> {
    if (std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
    std::string list;
    for (const auto& one : names) list += (list.empty() ? "" : ", ") + one;
    return "must be one of: " + list;
  };
}

}  // namespace

config::Options<MoondreamOptions> moondream_options() {
  return remote_options<MoondreamOptions>()
      .add("skill", &MoondreamOptions::skill,
           "query (answers the prompt), caption (says what is to be seen) or detect (finds where an object is)",
           one_of({"query", "caption", "detect"}))
      .add("prompt", &MoondreamOptions::prompt, "the question of a query")
      .add("object", &MoondreamOptions::object, "what detect looks for")
      .add("length", &MoondreamOptions::length, "of a caption: short, normal or long", one_of({"short", "normal", "long"}))
      .add("name", &MoondreamOptions::name, "what results show as settings, instead of the prompt");
}

Result<TextReader> open_moondream(const MoondreamOptions& options) {
  auto remote = Remote::open(engine_name, remote_of(options), {"X-Moondream-Auth", ""});
  if (!remote) return tl::unexpected(remote.error());
  auto moondream = std::make_shared<Moondream>(options, std::move(*remote));
  return TextReader([moondream](const Picture& picture) { return moondream->look(picture); });
}

}  // namespace loom::engines
