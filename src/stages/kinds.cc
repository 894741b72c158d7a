#include "stages/kinds.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "stages/command/command.h"
#include "stages/http/http.h"
#include "stages/ocr/ocr.h"
#include "stages/program/program.h"
#include "stages/sentiment/sentiment.h"
#include "stages/transcribe/transcribe.h"
#include "stages/vad/vad.h"

namespace loom::stages {
namespace {

template <class S>
Result<S> read_entry(config::Options<S> options, const StageEntry& entry, config::Faults& faults) {
  for (const auto& key : entry.common_keys) options.also(key);
  config::Faults own;
  auto read = options.read(entry.node, own);
  for (const auto& fault : own.all()) faults.fault(fault.place, fault.message, fault.remedy);
  if (own.any_fault()) return fail(ErrorKind::configuration, "stage " + entry.node.path() + " has faults");
  return read;
}

Result<MadeStage> make_ocr(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(ocr_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  MadeStage stage;
  stage.make_handler = [options = *options, make_reader = std::get<MakeTextReader>(entry.engine),
                        clock = entry.clock]() -> Result<BatchHandler> {
    auto reader = make_reader();
    if (!reader) return tl::unexpected(reader.error());
    return one_by_one([ocr = Ocr{options, std::move(*reader), clock}](const Envelope& message) { return read_text(ocr, message); });
  };
  return stage;
}

Result<MadeStage> make_vad(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(vad_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  if (options->pad_ms * 2 > options->min_silence_ms || options->negative_threshold >= options->threshold) {
    faults.fault(entry.node.place(), entry.node.path() + ": pads would meet in a pause, or speech would end before it began",
                 "keep pad_ms at most half of min_silence_ms, and negative_threshold under threshold");
    return fail(ErrorKind::configuration, entry.node.path() + " has faults");
  }
  MadeStage stage;
  stage.joining.emplace();
  stage.joining->lookback = vad_lookback;
  stage.largest_output = largest_utterance(*options);
  stage.joining->leave_out = {"data.chunk_data"};
  stage.joining->open = [options = *options, make_detector = std::get<MakeSpeechDetector>(entry.engine),
                         clock = entry.clock]() -> Result<std::function<std::unique_ptr<Joiner>()>> {
    auto detect = make_detector();
    if (!detect) return tl::unexpected(detect.error());
    return [vad = Vad{options, std::move(*detect), clock}] { return make_utterances(vad); };
  };
  return stage;
}

Result<MadeStage> make_transcribe(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(transcribe_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  MadeStage stage;
  stage.batch = static_cast<std::size_t>(options->batch);
  stage.make_handler = [options = *options, make = std::get<MakeTranscriber>(entry.engine),
                        clock = entry.clock]() -> Result<BatchHandler> {
    auto transcriber = make();
    if (!transcriber) return tl::unexpected(transcriber.error());
    return BatchHandler([stage = Transcribe{options, std::move(*transcriber), clock}](
                            std::span<const Envelope> messages) { return transcribe(stage, messages); });
  };
  return stage;
}

Result<MadeStage> make_sentiment(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(sentiment_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  MadeStage stage;
  stage.make_handler = [options = *options, clock = entry.clock]() -> Result<BatchHandler> {
    auto vader = Vader::open();
    if (!vader) return tl::unexpected(vader.error());
    Judge it{options, std::make_shared<const Vader>(std::move(*vader)), clock};
    return one_by_one([it](const Envelope& message) { return judge(it, message); });
  };
  return stage;
}

Result<MadeStage> make_command(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(command_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  if (options->command.empty()) {
    faults.fault(entry.node.place(), entry.node.path() + ": has no command", "add 'command: [python3, my_stage.py]'");
    return fail(ErrorKind::configuration, entry.node.path() + " has no command");
  }
  MadeStage stage;
  stage.batch = static_cast<std::size_t>(options->in_flight);
  auto folder = std::filesystem::path(entry.node.place().file).parent_path().string();
  stage.make_handler = [options = *options, folder, secrets = entry.secrets]() -> Result<BatchHandler> {
    auto command = std::make_shared<Command>(options, folder, secrets);
    if (auto started = command->start(); !started) return tl::unexpected(started.error());
    return BatchHandler([command](std::span<const Envelope> messages) { return command->handle(messages); });
  };
  return stage;
}

Result<MadeStage> make_http(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(http_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  if (options->url.empty()) {
    faults.fault(entry.node.place(), entry.node.path() + ": has no url", "add 'url: http://127.0.0.1:9000', your service's address");
    return fail(ErrorKind::configuration, entry.node.path() + " has no url");
  }
  MadeStage stage;
  stage.batch = static_cast<std::size_t>(options->in_flight);
  stage.make_handler = [options = *options, open = entry.open_service, rest = std::make_shared<Rest>()]() -> Result<BatchHandler> {
    auto service = service_of(options);
    if (!service) return tl::unexpected(service.error());
    std::vector<Ask> connections;
    for (int i = 0; i < options.in_flight; ++i) {
      auto ask = open(*service);
      if (!ask) return tl::unexpected(ask.error());
      connections.push_back(std::move(*ask));
    }
    auto lane = std::make_shared<HttpStage>(options.path, rest, std::move(connections));
    return BatchHandler([lane](std::span<const Envelope> messages) { return lane->handle(messages); });
  };
  return stage;
}

Result<MadeStage> make_program(const StageEntry& entry, config::Faults& faults) {
  auto options = read_entry(program_options(), entry, faults);
  if (!options) return tl::unexpected(options.error());
  auto path = path_of(*options, std::filesystem::path(entry.node.place().file).parent_path().string());
  if (!path) {
    faults.fault(entry.node.place(), entry.node.path() + ": " + path.error().message, path.error().remedy);
    return tl::unexpected(path.error());
  }
  MadeStage stage;
  stage.program = std::move(*path);
  return stage;
}

constexpr std::array<StageKind, 7> all{{
    {"command", "Hands each message to a program of any language, in JSON lines on its stdin and stdout (docs/stages.md).",
     EngineWork::none, [] { return command_options().docs(); }, make_command},
    {"http", "POSTs each message to a service of yours and takes its answer (docs/stages.md).", EngineWork::none,
     [] { return http_options().docs(); }, make_http},
    {"ocr", "Reads the text of a picture (`data.image_data`: PNG, JPEG or WebP as base64).", EngineWork::reads_pictures,
     [] { return ocr_options().docs(); }, make_ocr},
    {"program", "A C++ stage of your own, built against include/loom/run.h (docs/stages.md).", EngineWork::none,
     [] { return program_options().docs(); }, make_program},
    {"sentiment", "Says how positive an English text is, by VADER's rules.", EngineWork::none,
     [] { return sentiment_options().docs(); }, make_sentiment},
    {"vad",
     "Finds the utterances in a device's sound (`data.chunk_data`: PCM, WAV, FLAC, OGG or MP3 as base64) and forwards "
     "each as a message of its own; silence is dropped.",
     EngineWork::detects_speech, [] { return vad_options().docs(); }, make_vad, vad_lookback},
    {"transcribe", "Writes down what is said in a sound (`data.chunk_data`), with the times of each word.",
     EngineWork::hears_words, [] { return transcribe_options().docs(); }, make_transcribe},
}};

}  // namespace

std::span<const StageKind> kinds() { return all; }

const StageKind* find_kind(std::string_view name) {
  const auto* found = std::find_if(all.begin(), all.end(), [name](const StageKind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : found;
}

}  // namespace loom::stages
