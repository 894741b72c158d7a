#include "engines/paddle_lines.h"

#include <algorithm>
#include <cmath>

namespace loom::engines {
namespace {

constexpr float text_from = 0.3F;  // probability of a pixel
constexpr double unclip = 1.8;     // the model marks the middle of a line; its letters reach further
constexpr int smallest = 3;        // pixels of the map

struct Map {
  int width = 0, height = 0;
  std::vector<float> values;
};

/// Blue, green, red, each by the mean and deviation that the model was trained with, at a size it takes.
TensorIn tensor_of(Pix* pix, std::vector<float>& values) {
  constexpr float mean[] = {0.485F, 0.456F, 0.406F}, deviation[] = {0.229F, 0.224F, 0.225F};
  int width = pixGetWidth(pix), height = pixGetHeight(pix);
  auto plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  values.resize(3 * plane);
  for (int y = 0; y < height; ++y) {
    const auto* line = pixGetData(pix) + static_cast<std::ptrdiff_t>(y) * pixGetWpl(pix);
    for (int x = 0; x < width; ++x) {
      l_int32 channels[3];  // red, green, blue
      extractRGBValues(line[x], &channels[0], &channels[1], &channels[2]);
      auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
      for (std::size_t c = 0; c < 3; ++c)
        values[c * plane + at] = (static_cast<float>(channels[2 - c]) / 255.0F - mean[c]) / deviation[c];
    }
  }
  return {"x", {1, 3, height, width}, std::span<const float>(values)};
}

Result<Map> probabilities(const OnnxModel& model, Pix* pix) {
  std::vector<float> values;
  auto input = tensor_of(pix, values);
  auto name = model.input_name(), output = model.output_name();
  input.name = name.c_str();
  auto out = model.run({input}, {output.c_str()});
  if (!out) return tl::unexpected<Error>(std::move(out.error()));
  return Map{pixGetWidth(pix), pixGetHeight(pix), std::move(out->front().values)};
}

OwnPix text_mask(const Map& map) {
  OwnPix mask(pixCreate(map.width, map.height, 1));
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x)
      if (map.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(map.width) + static_cast<std::size_t>(x)] > text_from)
        pixSetPixel(mask.get(), x, y, 1);
  return mask;
}

double mean_in(const Map& map, const Box& box) {
  double sum = 0;
  int count = 0;
  for (int y = box.y; y < box.y + box.height; ++y)
    for (int x = box.x; x < box.x + box.width; ++x) {
      auto value = map.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(map.width) + static_cast<std::size_t>(x)];
      if (value > text_from) sum += value, ++count;
    }
  return count > 0 ? sum / count : 0;
}

Box grown(const Box& box, double scale_x, double scale_y, int width, int height) {
  double by = box.width * box.height * unclip / (2.0 * (box.width + box.height));
  auto left = std::clamp(static_cast<int>((box.x - by) * scale_x), 0, width - 1);
  auto top = std::clamp(static_cast<int>((box.y - by) * scale_y), 0, height - 1);
  auto right = std::clamp(static_cast<int>(std::ceil((box.x + box.width + by) * scale_x)), left + 1, width);
  auto bottom = std::clamp(static_cast<int>(std::ceil((box.y + box.height + by) * scale_y)), top + 1, height);
  return {left, top, right - left, bottom - top};
}

int multiple_of_32(double pixels) { return std::max(32, static_cast<int>(std::lround(pixels / 32)) * 32); }

}  // namespace

Result<std::vector<Box>> find_lines(const OnnxModel& model, Pix* page, const PaddleOptions& options) {
  int width = pixGetWidth(page), height = pixGetHeight(page);
  double shrink = std::min(1.0, static_cast<double>(options.longest_side) / std::max(width, height));
  int to_width = multiple_of_32(width * shrink), to_height = multiple_of_32(height * shrink);
  OwnPix scaled(pixScaleToSize(page, to_width, to_height));
  if (!scaled) return fail(ErrorKind::internal, "the picture could not be scaled");
  auto map = probabilities(model, scaled.get());
  if (!map) return tl::unexpected<Error>(std::move(map.error()));
  Boxa* found = pixConnCompBB(text_mask(*map).get(), 8);
  std::vector<Box> boxes;
  for (int i = 0; found && i < boxaGetCount(found); ++i) {
    Box box;
    boxaGetBoxGeometry(found, i, &box.x, &box.y, &box.width, &box.height);
    if (std::min(box.width, box.height) < smallest || mean_in(*map, box) < options.min_box_score) continue;
    boxes.push_back(grown(box, static_cast<double>(width) / to_width, static_cast<double>(height) / to_height, width, height));
  }
  boxaDestroy(&found);
  return boxes;
}

std::vector<std::pair<Box, int>> in_reading_order(std::vector<Box> boxes) {
  auto middle = [](const Box& box) { return box.y + box.height / 2.0; };
  std::sort(boxes.begin(), boxes.end(), [&](const Box& a, const Box& b) { return middle(a) < middle(b); });
  std::vector<std::pair<Box, int>> ordered;
  int line = -1;
  for (std::size_t i = 0; i < boxes.size();) {
    auto end = i + 1;
    while (end < boxes.size() && middle(boxes[end]) - middle(boxes[i]) < std::min(boxes[i].height, boxes[end].height) * 0.4) ++end;
    std::sort(boxes.begin() + static_cast<std::ptrdiff_t>(i), boxes.begin() + static_cast<std::ptrdiff_t>(end),
              [](const Box& a, const Box& b) { return a.x < b.x; });
    ++line;
    for (; i < end; ++i) ordered.emplace_back(boxes[i], line);
  }
  return ordered;
}

}  // namespace loom::engines
