#include "engine/operators/resize_axis.h"

#include <algorithm>
#include <cmath>

namespace gossamer {
namespace {

// Keys' cubic. Source: Keys 1981, eq. 4, with `a` for its -1/2.
double Cubic(double a, double x) {
  const double d = std::fabs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

double Radius(const ResizeRules& rules) { return rules.mode == ResizeMode::kCubic ? 2 : 1; }

// With antialias the kernel is stretched where the axis shrinks.
double Stretch(const ResizeRules& rules, const ResizeAxis& axis) {
  return rules.antialias ? std::min(1.0, axis.scale) : 1.0;
}

}  // namespace

double ResizePosition(const ResizeRules& rules, const ResizeAxis& axis, int64_t at) {
  const double i = static_cast<double>(at), from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  switch (rules.coordinates) {
    case Coordinates::kAsymmetric:
      return i / axis.scale;
    case Coordinates::kAlignCorners:
      // The standard means the length before rounding: with scales it may have a fraction.
      return axis.to == 1 ? 0 : i * (from - 1) / (axis.scale * from - 1);
    case Coordinates::kPytorchHalfPixel:
      return axis.to > 1 ? (i + 0.5) / axis.scale - 0.5 : 0;
    case Coordinates::kHalfPixelSymmetric:
      return from / 2 * (1 - to / (axis.scale * from)) + (i + 0.5) / axis.scale - 0.5;
    case Coordinates::kTfHalfPixelForNn:
      return (i + 0.5) / axis.scale;
    case Coordinates::kTfCropAndResize:
      if (axis.to == 1) return 0.5 * (axis.start + axis.end) * (from - 1);
      return axis.start * (from - 1) + i * (axis.end - axis.start) * (from - 1) / (to - 1);
    case Coordinates::kHalfPixel:
      break;
  }
  return (i + 0.5) / axis.scale - 0.5;
}

bool ResizesOutside(const ResizeRules& rules, const ResizeAxis& axis, double position) {
  const bool inside = position >= 0 && position <= static_cast<double>(axis.from - 1);
  return rules.coordinates == Coordinates::kTfCropAndResize && !inside;
}

int64_t ResizeNearest(const ResizeRules& rules, const ResizeAxis& axis, double position) {
  double place = 0;
  switch (rules.nearest) {
    case NearestMode::kRoundPreferFloor:
      place = std::ceil(position - 0.5);
      break;
    case NearestMode::kRoundPreferCeil:
      place = std::floor(position + 0.5);
      break;
    case NearestMode::kFloor:
      place = std::floor(position);
      break;
    case NearestMode::kCeil:
      place = std::ceil(position);
      break;
  }
  const double last = static_cast<double>(axis.from - 1);
  return static_cast<int64_t>(place > 0 ? std::min(place, last) : 0);
}

size_t ResizeTaps(const ResizeRules& rules, const ResizeAxis& axis) {
  return 2 * static_cast<size_t>(std::ceil(Radius(rules) / Stretch(rules, axis))) + 2;
}

size_t ResizeWeights(const ResizeRules& rules, const ResizeAxis& axis, double position, int64_t* inputs, float* weights) {
  const double stretch = Stretch(rules, axis), reach = Radius(rules) / stretch;
  const double last_input = static_cast<double>(axis.from - 1);
  const double first = std::floor(position - reach) + 1, last = std::max(std::ceil(position + reach) - 1, first);
  const size_t most = ResizeTaps(rules, axis);
  const auto weight_at = [&](double at) {
    const double distance = (at - position) * stretch;
    return rules.mode == ResizeMode::kCubic ? Cubic(rules.cubic, distance) : std::max(0.0, 1 - std::fabs(distance));
  };
  double total = 0;
  for (double at = first; at <= last; ++at) {
    if (!rules.exclude_outside || (at >= 0 && at <= last_input)) total += weight_at(at);
  }
  size_t count = 0;
  for (double at = first; at <= last && count < most; ++at) {
    if (rules.exclude_outside && !(at >= 0 && at <= last_input)) continue;
    inputs[count] = static_cast<int64_t>(at > 0 ? std::min(at, last_input) : 0);
    weights[count++] = static_cast<float>(weight_at(at) / total);
  }
  return count;
}

}  // namespace gossamer
