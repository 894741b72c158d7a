#include "engines/kinds.h"

#include <array>

#include "base/bytes.h"
#include "engines/tesseract.h"

namespace loom::engines {
namespace {

template <class S>
Result<S> read_engine(config::Options<S> options, const config::Node& engine, config::Faults& faults) {
  options.also("use");
  config::Faults own;
  auto read = options.read(engine, own);
  for (const auto& fault : own.all()) faults.fault(fault.place, fault.message, fault.remedy);
  if (own.any_fault()) return fail(ErrorKind::configuration, engine.path() + " has faults");
  return read;
}

Result<MakeTextReader> make_tesseract(const config::Node& engine, config::Faults& faults) {
  return read_engine(tesseract_options(), engine, faults).map([](const TesseractOptions& options) {
    return MakeTextReader([options] { return open_tesseract(options); });
  });
}

constexpr std::array<EngineKind, 1> all{{
    {"tesseract",
     "Tesseract 5 in this process: fast, offline, needs language data (`apt-get install tesseract-ocr-eng`).",
     [] { return tesseract_options().docs(); }, make_tesseract},
}};

tl::unexpected<Error> unknown(const config::Node& engine, const std::string& use, config::Faults& faults) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& kind : all) {
    names.push_back(kind.name);
    list += (list.empty() ? "" : ", ") + std::string(kind.name);
  }
  auto near = nearest(use, names);
  auto what = use.empty() ? engine.path() + ": names no engine" : engine.path() + ".use: unknown engine '" + use + "'";
  faults.fault(engine["use"].present() ? engine["use"].place() : engine.place(), what,
               near.empty() || use.empty() ? "say 'use:' with one of: " + list : "did you mean '" + near + "'?");
  return fail(ErrorKind::configuration, what);
}

}  // namespace

std::span<const EngineKind> kinds() { return all; }

Result<MakeTextReader> make_text_reader(const config::Node& engine, config::Faults& faults) {
  auto use = engine["use"].scalar();
  for (const auto& kind : all)
    if (kind.name == use) return kind.make(engine, faults);
  return unknown(engine, use, faults);
}

}  // namespace loom::engines
