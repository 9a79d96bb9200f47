// Scale and zero point of one block from its range. In an unnamed namespace: every file gets a copy built with its own
// flags.
#pragma once
#include <math.h>

#include "kernels/block_quantize/block_quantize.h"

namespace gossamer {
namespace {

struct BlockParameters {
  float scale;
  int32_t zero_point;
};

inline BlockParameters ParametersOf(float min, float max, const BlockScheme& scheme) {
  float scale = 0;
  int32_t zero_point = scheme.code_zero;
  const float magnitude = max >= -min ? max : -min;
  switch (scheme.mapping) {
    case BlockMapping::kSymmetric: scale = magnitude / static_cast<float>(scheme.code_max - scheme.code_zero); break;
    case BlockMapping::kSymmetricFull:
      scale = (max >= -min ? max : min) / static_cast<float>(scheme.code_min - scheme.code_zero);
      break;
    case BlockMapping::kAsymmetric: {
      const float levels = static_cast<float>(scheme.code_max - scheme.code_min);
      scale = max / levels - min / levels;  // max - min could overflow
      break;
    }
  }
  if (scale == 0) scale = 1;
  if (scheme.mapping == BlockMapping::kAsymmetric) {
    const float levels = static_cast<float>(scheme.code_max - scheme.code_min);
    const float steps = -min / scale;
    zero_point = scheme.code_min + static_cast<int32_t>(lrintf(steps < levels ? steps : levels));
  }
  return {scale, zero_point};
}

// Ratio `step` of the clip search, step < scheme.clip_steps; the ratio of step 0 is 1.
inline float ClipRatio(const BlockScheme& scheme, uint32_t step) {
  if (step == 0) return 1;
  return static_cast<float>(1.0 - (1.0 - static_cast<double>(scheme.clip_min)) * step / (scheme.clip_steps - 1));
}

// A code as an element of the block.
struct CodeBounds {
  float lo, hi;  // of code - zero_point
};

inline CodeBounds BoundsOf(const BlockScheme& scheme, int32_t zero_point) {
  return {static_cast<float>(scheme.code_min - zero_point), static_cast<float>(scheme.code_max - zero_point)};
}

}  // namespace
}  // namespace gossamer
