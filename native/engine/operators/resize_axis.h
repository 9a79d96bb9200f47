// One axis of a Resize: where its outputs lie on its inputs, and with which weights they are read.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

enum class ResizeMode : uint8_t { kNearest, kLinear, kCubic };
enum class Coordinates : uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize
};
enum class NearestMode : uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };

struct ResizeRules {
  ResizeMode mode;
  Coordinates coordinates;
  NearestMode nearest;
  bool antialias, exclude_outside;
  double cubic;  // a of Keys' cubic
};

// from > 0, to > 0, scale finite and > 0; `start` and `end`: the region of interest, of kTfCropAndResize only.
struct ResizeAxis {
  size_t axis;
  int64_t from, to;
  double scale, start, end;
};

// The position of output `at` on the input axis.
double ResizePosition(const ResizeRules& rules, const ResizeAxis& axis, int64_t at);

// Whether that position lies outside of what kTfCropAndResize may read.
bool ResizesOutside(const ResizeRules& rules, const ResizeAxis& axis, double position);

// The input of output `at` for kNearest.
int64_t ResizeNearest(const ResizeRules& rules, const ResizeAxis& axis, double position);

// The most taps that an output has for kLinear and kCubic.
size_t ResizeTaps(const ResizeRules& rules, const ResizeAxis& axis);
// Writes the inputs and weights (their sum 1) of the output at `position`; returns how many.
size_t ResizeWeights(const ResizeRules& rules, const ResizeAxis& axis, double position, int64_t* inputs, float* weights);

}  // namespace gossamer
