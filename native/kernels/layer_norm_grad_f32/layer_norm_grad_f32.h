// Gradient of layer normalisation.
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"

namespace gossamer {

// Rows of cols floats, one after the other, in dy, x and dx; mean and inv_std (1 / sqrt(variance + epsilon)) one a row,
// as normalize_f32 gives them. With h = (x - mean) * inv_std, g = dy * scale and n = cols:
//   dx = inv_std * (g - fma(h, sum(g * h) / n, sum(g) / n)), sums in the order of kernels/simd/fold_row.h
//   dscale[c] += dy * h (by fma), dbias[c] += dy, from the first row to the last
// Of a row whose mean or inv_std is not finite, all is NaN. dx may be dy or x. Bit-exact across variants, but for the
// bits of NaN.
struct LayerNormGradRows {
  const float* dy;
  const float* x;
  const float* scale;  // [cols]
  const float* mean;
  const float* inv_std;
  float* dx;
  float* dscale;  // [cols]
  float* dbias;   // [cols]
};
using LayerNormGradF32Fn = void(const LayerNormGradRows& arrays, size_t rows, size_t cols);

LayerNormGradF32Fn LayerNormGradF32Scalar, LayerNormGradF32Avx2, LayerNormGradF32Avx512, LayerNormGradF32Neon;
VariantList<LayerNormGradF32Fn> LayerNormGradF32Variants();
LayerNormGradF32Fn& LayerNormGradF32();  // best one for this CPU

}  // namespace gossamer
