#include "engines/whisper.h"

#include <whisper.h>

#include <algorithm>
#include <memory>

#include "base/model_files.h"
#include "engines/whisper_words.h"

namespace loom::engines {
namespace {

constexpr std::size_t full_from = 22 * sound_rate;  // from here on the model's whole window costs little more
constexpr std::size_t shortest = sound_rate;        // whisper.cpp answers nothing for less

struct FreeContext {
  void operator()(whisper_context* context) const { whisper_free(context); }
};
struct FreeState {
  void operator()(whisper_state* state) const { whisper_free_state(state); }
};
using Context = std::shared_ptr<whisper_context>;

Result<Context> load(const WhisperOptions& options) {
  auto file = model_file("ggml-" + options.model + ".bin");
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  whisper_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  auto params = whisper_context_default_params();
  params.use_gpu = false;
  params.flash_attn = false;  // word times need the attention itself
  params.dtw_token_timestamps = true;
  params.dtw_aheads_preset = options.model == "tiny.en" ? WHISPER_AHEADS_TINY_EN : WHISPER_AHEADS_BASE;
  Context context(whisper_init_from_file_with_params_no_state(file->c_str(), params), FreeContext{});
  if (!context) return fail(ErrorKind::configuration, "Whisper's model " + *file + " could not be loaded");
  return context;
}

class Lane {
 public:
  Lane(WhisperOptions options, Context context, std::unique_ptr<whisper_state, FreeState> state)
      : options_(std::move(options)), context_(std::move(context)), state_(std::move(state)) {}

  std::vector<Result<Transcript>> hear(std::span<const Sound> sounds) {
    std::vector<Transcript> transcripts(sounds.size(), blank());
    Errors errors(sounds.size());
    for (const auto& window : packed(sounds, options_.share_windows ? Sharing::together : Sharing::alone)) {
      auto heard = hear(window, sounds);
      if (window.size() > 1 && (heard ? !is_plausible(*heard, window) : is_overdue(heard.error()))) {
        hear_each(window, sounds, transcripts, errors);
        continue;
      }
      keep(std::move(heard), window, transcripts, errors);
    }
    std::vector<Result<Transcript>> results;
    for (std::size_t i = 0; i < sounds.size(); ++i) {
      if (errors[i])
        results.emplace_back(tl::unexpected<Error>(std::move(*errors[i])));
      else
        results.emplace_back(with_confidence(std::move(transcripts[i])));
    }
    return results;
  }

 private:
  [[nodiscard]] Transcript blank() const {
    Transcript transcript;
    transcript.language = options_.language;
    transcript.engine = "whisper";
    transcript.engine_version = whisper_version();
    transcript.settings = options_.model + ", greedy, " + std::to_string(options_.threads) +
                          (options_.threads == 1 ? " thread" : " threads");
    return transcript;
  }

  static Transcript with_confidence(Transcript transcript) {
    double sum = 0;
    for (const auto& word : transcript.words) sum += word.confidence.value_or(0);
    if (!transcript.words.empty()) transcript.confidence = sum / static_cast<double>(transcript.words.size());
    return transcript;
  }

  using Errors = std::vector<std::optional<Error>>;  // one a sound
  static void keep(Result<std::vector<Transcript>>&& heard, const Window& window, std::vector<Transcript>& transcripts,
                   Errors& errors) {
    for (std::size_t i = 0; i < window.size(); ++i) {
      if (heard)
        append(transcripts[window[i].sound], std::move((*heard)[i]));
      else
        errors[window[i].sound] = heard.error();
    }
  }

  /// Sounds that are alike confuse the model when they share a window: one then gets another's words, or none. And one
  /// that takes too long must not take its neighbours along.
  void hear_each(const Window& window, std::span<const Sound> sounds, std::vector<Transcript>& transcripts,
                 Errors& errors) {
    for (auto piece : window) {
      piece.at = lead_in;
      keep(hear({piece}, sounds), {piece}, transcripts, errors);
    }
  }

  /// Each piece's words, in its sound's own time.
  Result<std::vector<Transcript>> hear(const Window& window, std::span<const Sound> sounds) {
    auto samples = samples_of(window, sounds);
    if (samples.size() < shortest) samples.resize(shortest, 0.0F);
    bool is_short = samples.size() < full_from;
    const Deadline deadline(options_.deadline);
    auto heard = decode(window, samples, is_short, deadline);
    // The shortened window makes the model repeat itself on some sounds; the whole one is what it was trained with.
    if (heard && is_short && window.size() == 1 && says_too_much(heard->front(), window.front()))
      heard = decode(window, samples, false, deadline);
    return heard;
  }

  Result<std::vector<Transcript>> decode(const Window& window, const Sound& samples, bool is_short,
                                         const Deadline& deadline) {
    auto params = params_of(samples.size(), is_short);
    params.abort_callback = [](void* it) { return static_cast<const Deadline*>(it)->is_over(); };
    params.abort_callback_user_data = const_cast<Deadline*>(&deadline);  // only looked at
    auto code = whisper_full_with_state(context_.get(), state_.get(), params, samples.data(),
                                        static_cast<int>(samples.size()));
    if (code != 0 && deadline.is_over()) return deadline.overdue("whisper");
    if (code != 0)
      return fail(ErrorKind::internal, "Whisper could not decode the sound (code " + std::to_string(code) + ")");
    return placed(words_of(tokens_heard()), window, samples);
  }

  [[nodiscard]] whisper_full_params params_of(std::size_t samples, bool is_short) const {
    auto params = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
    params.greedy.best_of = 1;
    params.n_threads = options_.threads;
    params.language = options_.language.c_str();
    params.no_context = true;
    params.temperature_inc = 0;  // tries again without end on noise otherwise
    params.token_timestamps = true;
    params.print_progress = params.print_realtime = params.print_timestamps = params.print_special = false;
    if (is_short) {  // 50 frames a second; fewer cost fewer
      auto frames = static_cast<int>(samples * 50 / sound_rate) + 128;
      params.audio_ctx = (frames + 63) / 64 * 64;
    }
    return params;
  }

  std::vector<Token> tokens_heard() {
    std::vector<Token> tokens;
    auto end_of_text = whisper_token_eot(context_.get());
    for (int segment = 0; segment < whisper_full_n_segments_from_state(state_.get()); ++segment) {
      if (is_no_speech(whisper_full_get_segment_text_from_state(state_.get(), segment))) continue;
      for (int i = 0; i < whisper_full_n_tokens_from_state(state_.get(), segment); ++i) {
        auto data = whisper_full_get_token_data_from_state(state_.get(), segment, i);
        if (data.id >= end_of_text) continue;
        auto time = data.t_dtw >= 0 ? data.t_dtw : data.t1;
        tokens.push_back({whisper_full_get_token_text_from_state(context_.get(), state_.get(), segment, i),
                          static_cast<double>(time) / 100, data.plog});
      }
    }
    return tokens;
  }

  WhisperOptions options_;
  Context context_;
  std::unique_ptr<whisper_state, FreeState> state_;
};

}  // namespace

config::Options<WhisperOptions> whisper_options() {
  auto known_model = [](const std::string& name) -> std::optional<std::string> {
    if (name == "base" || name == "tiny.en") return std::nullopt;
    return "is '" + name + "'; the models are base and tiny.en";
  };
  auto known_language = [](const std::string& name) -> std::optional<std::string> {
    if (whisper_lang_id(name.c_str()) >= 0) return std::nullopt;
    return "is '" + name + "'; a language code such as en or de is wanted";
  };
  auto options = config::Options<WhisperOptions>("engines.whisper")
      .add("model", &WhisperOptions::model, "base, or tiny.en: half the size, English only, more errors", known_model)
      .add("language", &WhisperOptions::language, "the language that is spoken, as a code: en, de, …", known_language)
      .add("threads", &WhisperOptions::threads, "of one lane", config::at_least(1))
      .add("share_windows", &WhisperOptions::share_windows,
           "sounds of any devices that wait together share one of the model's windows: what is heard then depends on the others");
  return add_deadline(options);
}

MakeTranscriber whisper_maker(const WhisperOptions& options, const SharedWeights& weights) {
  return [options, weights]() -> Result<Transcriber> {
    auto context = weights->get<whisper_context>("whisper, " + options.model, [&] { return load(options); });
    if (!context) return tl::unexpected<Error>(std::move(context.error()));
    std::unique_ptr<whisper_state, FreeState> state(whisper_init_state(context->get()));
    if (!state) return fail(ErrorKind::internal, "Whisper's state could not be made: too little memory?");
    auto lane = std::make_shared<Lane>(options, *context, std::move(state));
    return Transcriber([lane](std::span<const Sound> sounds) { return lane->hear(sounds); });
  };
}

}  // namespace loom::engines
