#include "base/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/bytes.h"

namespace loom {
namespace {

enum class Type { counter, gauge, histogram };

std::string_view name_of(Type type) {
  constexpr std::array<std::string_view, 3> names{"counter", "gauge", "histogram"};
  return names[static_cast<std::size_t>(type)];
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

enum class Within { help, label };
std::string escaped(std::string_view text, Within within) {
  bool readable = is_utf8(text);
  std::string to;
  for (char c : text) {
    if (c == '\\') {
      to += "\\\\";
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '"' && within == Within::label) {
      to += "\\\"";
    } else {
      to += readable || static_cast<unsigned char>(c) < 0x80 ? c : '?';
    }
  }
  return to;
}

// [a-zA-Z_:][a-zA-Z0-9_:]*; a label name has no colon.
std::string valid_name(std::string_view name, Within within = Within::help) {
  std::string to;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c == ':' && within == Within::help);
    bool digit = c >= '0' && c <= '9';
    if (digit && to.empty()) to += '_';
    to += letter || digit ? c : '_';
  }
  return to.empty() ? "_" : to;
}

std::string text_of(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += valid_name(name, Within::label) + "=\"" + escaped(value, Within::label) + "\"";
  }
  return text;
}

void append_sample(std::string& to, std::string_view name, std::string_view labels, std::string_view value) {
  to += name;
  if (!labels.empty()) {
    to += '{';
    to += labels;
    to += '}';
  }
  to += ' ';
  to += value;
  to += '\n';
}

// The metrics of one name. Only the map of its type is used; map nodes never move, so references stay valid.
struct Family {
  Type type;
  std::string help;
  std::map<std::string, Counter> counters;
  std::map<std::string, Gauge> gauges;
  std::map<std::string, Histogram> histograms;
};

void render_family(std::string& to, const std::string& name, const Family& family) {
  to += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " ";
  to += name_of(family.type);
  to += '\n';
  for (const auto& [labels, counter] : family.counters) {
    append_sample(to, name, labels, std::to_string(counter.value()));
  }
  for (const auto& [labels, gauge] : family.gauges) append_sample(to, name, labels, number_text(gauge.value()));
  for (const auto& [labels, histogram] : family.histograms) histogram.render(to, name, labels);
}

}  // namespace

void Histogram::observe(double seconds) {
  if (std::isnan(seconds)) return;
  seconds = std::clamp(seconds, 0.0, 1e9);  // a clock set back gives negative times
  auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_micros_.fetch_add(static_cast<std::uint64_t>(std::llround(seconds * 1e6)), std::memory_order_relaxed);
}

void Histogram::render(std::string& to, std::string_view name, std::string_view labels) const {
  std::string prefix(labels);
  if (!prefix.empty()) prefix += ',';
  std::string bucket_name = std::string(name) + "_bucket";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    count += counts_[i].load(std::memory_order_relaxed);
    auto bound = i < bounds.size() ? number_text(bounds[i]) : "+Inf";
    append_sample(to, bucket_name, prefix + "le=\"" + bound + "\"", std::to_string(count));
  }
  double sum = static_cast<double>(sum_micros_.load(std::memory_order_relaxed)) / 1e6;
  append_sample(to, std::string(name) + "_sum", labels, number_text(sum));
  append_sample(to, std::string(name) + "_count", labels, std::to_string(count));
}

struct Registry::State {
  mutable std::mutex mutex;
  std::map<std::string, Family> families;

  Family& family(std::string name, Type type, std::string_view help) {
    auto found = families.find(name);
    // A name belongs to one type: a second type gets a name of its own, so that the page stays valid.
    if (found != families.end() && found->second.type != type) name += "_", name += name_of(type);
    auto& family = families.try_emplace(name, Family{type, escaped(help, Within::help), {}, {}, {}}).first->second;
    return family;
  }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  return state_->family(valid_name(name), Type::counter, help).counters[text_of(labels)];
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  return state_->family(valid_name(name), Type::gauge, help).gauges[text_of(labels)];
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(state_->mutex);
  return state_->family(valid_name(name), Type::histogram, help).histograms[text_of(labels)];
}

std::string Registry::render() const {
  std::lock_guard lock(state_->mutex);
  std::string text;
  for (const auto& [name, family] : state_->families) render_family(text, name, family);
  return text;
}

}  // namespace loom
