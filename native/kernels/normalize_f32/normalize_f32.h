// Normalisation by mean and variance: rows (layer and RMS normalisation, with a residual sum before it), the moments of
// one row, and the affine map that instance, group and batch normalisation are after that.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Rows of cols floats, one after the other, in all arrays. With x' = x + skip + skip_bias (null: not added, in this
// order), sums in the order of kernels/simd/fold_row.h and n = cols:
//   kLayer: mean = sum(x') / n, variance = sum((x' - mean)^2) / n     kRms: mean = 0, variance = sum(x'^2) / n
//   y = fma((x' - mean) * r, scale, shift), r = 1 / sqrt(variance + epsilon); scale null: 1, shift null: 0
// sum receives x', means and reciprocals (one a row) mean and r, where they are not null. y may be x, skip or sum: the
// last only when nobody needs x'.
enum class Normalize : uint8_t { kLayer, kRms };
struct NormalizeRows {
  Normalize kind;
  const float* x;
  const float* skip;
  const float* skip_bias;  // [cols]
  const float* scale;      // [cols]
  const float* shift;      // [cols]
  float epsilon;
  float* y;
  float* sum;
  float* means;
  float* reciprocals;
};
using NormalizeF32Fn = void(const NormalizeRows& arrays, size_t rows, size_t cols);

// Mean and variance, as kLayer has them, of count > 0 floats.
using MomentsF32Fn = void(const float* x, size_t count, float* mean, float* variance);

// y[r, c] = fma(x[r, c], scale, shift): scale[r] and shift[r] for kRows, scale[c] and shift[c] for kColumns. y may be
// x.
enum class AffineAxis : uint8_t { kRows, kColumns };
using AffineF32Fn = void(AffineAxis axis, const float* x, size_t rows, size_t cols, const float* scale,
                         const float* shift, float* y);

// All bit-exact across variants, but for the bits of NaN.
NormalizeF32Fn NormalizeF32Scalar, NormalizeF32Avx2, NormalizeF32Avx512, NormalizeF32Neon;
MomentsF32Fn MomentsF32Scalar, MomentsF32Avx2, MomentsF32Avx512, MomentsF32Neon;
AffineF32Fn AffineF32Scalar, AffineF32Avx2, AffineF32Avx512, AffineF32Neon;

VariantList<NormalizeF32Fn> NormalizeF32Variants();
VariantList<MomentsF32Fn> MomentsF32Variants();
VariantList<AffineF32Fn> AffineF32Variants();

NormalizeF32Fn& NormalizeF32();  // best one for this CPU
MomentsF32Fn& MomentsF32();
AffineF32Fn& AffineF32();

}  // namespace gossamer
