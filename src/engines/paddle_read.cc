#include "engines/paddle_read.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>

namespace loom::engines {
namespace {

constexpr int model_height = 48;
constexpr double widest = 40;          // lines, in their heights: what is longer is squeezed
constexpr double space_width = 0.3;   // empty columns that part words, in heights of the letters: boxes are tight or wide

struct Letter {
  std::size_t index = 0;  // in Letters
  double at = 0;          // of its middle, in columns of the strip
  double probability = 0;
};

OwnPix strip_of(Pix* page, const Box& box) {
  ::Box* area = boxCreate(box.x, box.y, box.width, box.height);
  OwnPix cut(pixClipRectangle(page, area, nullptr));
  boxDestroy(&area);
  if (!cut) return nullptr;
  auto width = std::clamp(static_cast<int>(std::lround(model_height * static_cast<double>(box.width) / box.height)), 16,
                          static_cast<int>(model_height * widest));
  return OwnPix(pixScaleToSize(cut.get(), width, model_height));
}

l_uint32 pixel(Pix* pix, int x, int y) { return pixGetData(pix)[static_cast<std::ptrdiff_t>(y) * pixGetWpl(pix) + x]; }

std::vector<float> values_of(Pix* strip) {
  auto width = static_cast<std::size_t>(pixGetWidth(strip));
  std::vector<float> values(3 * model_height * width);
  for (int y = 0; y < model_height; ++y)
    for (std::size_t x = 0; x < width; ++x) {
      l_int32 channels[3];
      extractRGBValues(pixel(strip, static_cast<int>(x), y), &channels[0], &channels[1], &channels[2]);
      for (std::size_t c = 0; c < 3; ++c)
        values[(c * model_height + static_cast<std::size_t>(y)) * width + x] = static_cast<float>(channels[2 - c]) / 127.5F - 1;
    }
  return values;
}

/// The likeliest class of each step, repeats and blanks left out.
std::vector<Letter> letters_of(const TensorOut& out, int width) {
  std::vector<Letter> found;
  auto steps = static_cast<std::size_t>(out.shape[1]), classes = static_cast<std::size_t>(out.shape[2]);
  std::size_t before = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    const auto* first = out.values.data() + step * classes;
    auto best = static_cast<std::size_t>(std::max_element(first, first + classes) - first);
    auto at = (static_cast<double>(step) + 0.5) * width / static_cast<double>(steps);
    if (best != 0 && best != before) found.push_back({best, at, first[best]});
    before = best;
  }
  return found;
}

struct Ink {
  std::vector<bool> columns;  // whether anything stands in each
  int height = 0;             // rows from the highest letter's top to the lowest one's foot
};

/// Rows around the fullest one that hold more than specks: what the lines above and below reach into the strip is apart.
int height_of(const std::array<int, model_height>& rows) {
  auto fullest = std::max_element(rows.begin(), rows.end());
  auto is_empty = [least = *fullest / 20](int count) { return count <= least; };
  auto foot = std::find_if(fullest, rows.end(), is_empty);
  auto top = std::find_if(std::make_reverse_iterator(fullest), rows.rend(), is_empty).base();
  return static_cast<int>(foot - top);
}

/// Pixels unlike the ground, which is what most of the strip is.
Ink ink_of(Pix* strip) {
  int width = pixGetWidth(strip);
  std::vector<int> levels(static_cast<std::size_t>(width * model_height)), sorted;
  for (int x = 0; x < width; ++x)
    for (int y = 0; y < model_height; ++y) {
      l_int32 red = 0, green = 0, blue = 0;
      extractRGBValues(pixel(strip, x, y), &red, &green, &blue);
      levels[static_cast<std::size_t>(x * model_height + y)] = (red * 3 + green * 6 + blue) / 10;
    }
  sorted = levels;
  auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  int ground = *middle, most = 0;
  for (int level : levels) most = std::max(most, std::abs(level - ground));
  Ink ink{std::vector<bool>(static_cast<std::size_t>(width)), 0};
  std::array<int, model_height> rows{};
  for (int x = 0; x < width; ++x)
    for (int y = 0; y < model_height; ++y) {
      if (std::abs(levels[static_cast<std::size_t>(x * model_height + y)] - ground) * 3 <= most) continue;
      ++rows[static_cast<std::size_t>(y)];
      if (y >= model_height / 8 && y < model_height * 7 / 8) ink.columns[static_cast<std::size_t>(x)] = true;
    }
  ink.height = std::max(height_of(rows), model_height / 3);
  return ink;
}

/// The widest run of empty columns between two letters.
int widest_gap(const std::vector<bool>& ink, double from, double to) {
  int widest_run = 0, run = 0;
  auto end = std::min(ink.size(), static_cast<std::size_t>(std::max(to, 0.0)) + 1);
  for (auto x = static_cast<std::size_t>(std::max(from, 0.0)); x < end; ++x) {
    run = ink[x] ? 0 : run + 1;
    widest_run = std::max(widest_run, run);
  }
  return widest_run;
}

bool is_wide(const std::string& letter) { return letter.size() > 2; }  // Chinese and its like: no spaces between words

ReadWord word_of(const Letters& letters, std::span<const Letter> of, const Box& box, double scale) {
  ReadWord word;
  for (const auto& letter : of) {
    word.text += letters[letter.index];
    word.confidence += letter.probability / static_cast<double>(of.size());
  }
  double half = of.size() > 1 ? (of.back().at - of.front().at) / static_cast<double>(of.size() - 1) / 2 : model_height / 4.0;
  auto left = std::max(0, static_cast<int>((of.front().at - half) * scale));
  auto right = std::min(box.width, static_cast<int>(std::ceil((of.back().at + half) * scale)));
  word.box = {box.x + left, box.y, std::max(1, right - left), box.height};
  return word;
}

}  // namespace

Result<Letters> read_letters(const std::string& file) {
  std::ifstream in(file);
  Letters letters{""};
  for (std::string line; std::getline(in, line);) letters.push_back(line);
  letters.emplace_back(" ");
  if (letters.size() < 100) return fail(ErrorKind::configuration, "the list of letters " + file + " cannot be read");
  return letters;
}

Result<std::vector<ReadWord>> read_line(const OnnxModel& model, const Letters& letters, Pix* page, const Box& box) {
  auto strip = strip_of(page, box);
  if (!strip) return fail(ErrorKind::internal, "a line could not be cut out of the picture");
  auto width = pixGetWidth(strip.get());
  auto values = values_of(strip.get());
  auto name = model.input_name(), output = model.output_name();
  auto out = model.run({{name.c_str(), {1, 3, model_height, width}, std::span<const float>(values)}}, {output.c_str()});
  if (!out) return tl::unexpected<Error>(std::move(out.error()));
  auto found = letters_of(out->front(), width);
  auto ink = ink_of(strip.get());
  double scale = static_cast<double>(box.width) / width;
  std::vector<ReadWord> words;
  std::vector<Letter> current;
  auto end_word = [&] {
    if (!current.empty()) words.push_back(word_of(letters, current, box, scale));
    current.clear();
  };
  for (const auto& letter : found) {
    if (letter.index + 1 >= letters.size()) {
      end_word();
      continue;
    }
    bool is_apart = !current.empty() && !is_wide(letters[letter.index]) &&
                    widest_gap(ink.columns, current.back().at, letter.at) >= space_width * ink.height;
    if (is_apart) end_word();
    current.push_back(letter);
  }
  end_word();
  return words;
}

}  // namespace loom::engines
