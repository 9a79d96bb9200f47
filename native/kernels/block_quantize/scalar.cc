#include <cmath>
#include <limits>

#include "kernels/block_quantize/block_quantize.h"
#include "kernels/block_quantize/parameters.h"

namespace gossamer {
namespace {

constexpr size_t kPartialSums = 16;

// `count` values of one block, `stride` floats apart.
struct Block {
  const float* x;
  size_t count, stride;
  float operator[](size_t i) const { return x[i * stride]; }
};

float NearestLevel(float x, float scale, CodeBounds bounds) {
  float v = x / scale;
  v = v > bounds.lo ? v : bounds.lo;  // NaN fails the comparison
  v = v < bounds.hi ? v : bounds.hi;
  return static_cast<float>(std::lrintf(v));
}

float SquaredError(Block block, float scale, CodeBounds bounds) {
  float sums[kPartialSums] = {};
  for (size_t i = 0; i < block.count; ++i) {
    const float error = block[i] - NearestLevel(block[i], scale, bounds) * scale;
    sums[i % kPartialSums] += error * error;
  }
  for (size_t half = kPartialSums / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

BlockParameters BestParameters(Block block, const BlockScheme& scheme, uint64_t* non_finite) {
  float min = 0, max = 0;
  for (size_t i = 0; i < block.count; ++i) {
    if (!(std::fabs(block[i]) < std::numeric_limits<float>::infinity())) {
      ++*non_finite;
      continue;
    }
    min = block[i] < min ? block[i] : min;
    max = block[i] > max ? block[i] : max;
  }
  BlockParameters best = ParametersOf(min, max, scheme);
  if (scheme.clip_steps <= 1) return best;
  const CodeBounds bounds = BoundsOf(scheme, best.zero_point);
  const float unclipped = best.scale;
  float least = SquaredError(block, unclipped, bounds);
  for (uint32_t step = 1; step < scheme.clip_steps; ++step) {
    const float scale = unclipped * ClipRatio(scheme, step);
    const float error = SquaredError(block, scale, bounds);
    if (error < least) {
      least = error;
      best.scale = scale;
    }
  }
  return best;
}

int32_t CodeOf(float x, BlockParameters params, CodeBounds bounds) {
  return static_cast<int32_t>(NearestLevel(x, params.scale, bounds)) + params.zero_point;
}

}  // namespace

void QuantizeBlocksScalar(const float* x, size_t count, size_t block_size, const BlockScheme& scheme, float* scales,
                          uint8_t* zero_points, uint8_t* codes, uint64_t* non_finite) {
  for (size_t begin = 0, b = 0; begin < count; begin += block_size, ++b) {
    const Block block{x + begin, block_size < count - begin ? block_size : count - begin, 1};
    const BlockParameters params = BestParameters(block, scheme, non_finite);
    const CodeBounds bounds = BoundsOf(scheme, params.zero_point);
    scales[b] = params.scale;
    zero_points[b] = static_cast<uint8_t>(params.zero_point);
    for (size_t i = 0; i < block.count; ++i) codes[begin + i] = static_cast<uint8_t>(CodeOf(block[i], params, bounds));
  }
}

void QuantizeColumnsScalar(const float* x, size_t rows, size_t cols, size_t stride, const BlockScheme& scheme,
                           float* scales, uint8_t* zero_points, uint8_t* codes, size_t code_stride,
                           uint64_t* non_finite) {
  for (size_t c = 0; c < cols; ++c) {
    const Block block{x + c, rows, stride};
    const BlockParameters params = BestParameters(block, scheme, non_finite);
    const CodeBounds bounds = BoundsOf(scheme, params.zero_point);
    scales[c] = params.scale;
    zero_points[c] = static_cast<uint8_t>(params.zero_point);
    for (size_t r = 0; r < rows; ++r)
      codes[r * code_stride + c] = static_cast<uint8_t>(CodeOf(block[r], params, bounds));
  }
}

void QuantizeColumnsPackedScalar(const float* x, size_t rows, size_t cols, size_t stride, const BlockScheme& scheme,
                                 unsigned bits, float* scales, uint8_t* zero_points, uint32_t* words,
                                 size_t word_stride, uint64_t* non_finite) {
  const size_t codes_per_word = 32 / bits;
  for (size_t c = 0; c < cols; ++c) {
    const Block block{x + c, rows, stride};
    const BlockParameters params = BestParameters(block, scheme, non_finite);
    const CodeBounds bounds = BoundsOf(scheme, params.zero_point);
    scales[c] = params.scale;
    zero_points[c] = static_cast<uint8_t>(params.zero_point);
    for (size_t first = 0; first < rows; first += codes_per_word) {
      uint32_t word = 0;
      for (size_t j = 0; j < codes_per_word; ++j) {
        const int32_t code = first + j < rows ? CodeOf(block[first + j], params, bounds) : params.zero_point;
        word |= static_cast<uint32_t>(code) << (j * bits);
      }
      words[first / codes_per_word * word_stride + c] = word;
    }
  }
}

}  // namespace gossamer
