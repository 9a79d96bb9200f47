// Batch normalisation while training, over matrices [rows, cols] whose rows are `stride` elements apart: statistics of
// columns, the result, its gradient. Every number is bit-exact across variants (but for the bits of NaN): columns do not
// mix, and each is folded from the first row to the last.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Rows whose sums are taken in float32 before they are added up in float64.
constexpr size_t kColumnBlock = 64;

struct ColumnMatrix {
  size_t rows, cols, stride;
};

// What follows the normalisation: y = v, max(v, 0), or min(max(v, low), high). NaN stays.
enum class BatchNormActivation : uint8_t { kNone, kRelu, kClip };
struct BatchNormEpilogue {
  BatchNormActivation kind;
  float low, high;  // of kClip
};

// sums[c] = the sum of column c: float32 within a block, float64 over blocks.
using ColumnSumsF32Fn = void(const float* x, const ColumnMatrix& matrix, double* sums);

// mean[c] and m2[c] = sum((x - mean[c])^2). Of a block of n rows: with m = sum(x) / n in float32 and d = x - m,
// mean = m + sum(d) / n and m2 = sum(d^2) - sum(d)^2 / n, where the second terms take the roundings of m back
// (Chan, Golub, LeVeque: Algorithms for computing the sample variance, 1983, eq. 1.7); blocks are merged in float64
// (eq. 2.1 there). Nothing cancels, however far the mean lies from 0. 0 and 0 without rows.
using ColumnMomentsF32Fn = void(const float* x, const ColumnMatrix& matrix, double* mean, double* m2);

// y = activation(fma(x - mean[c], scale[c], shift[c]) + residual); without residual (null) nothing is added. y may be x
// or residual, which is laid out as x is.
struct BatchNormParameters {
  const float *mean, *scale, *shift;
};
using BatchNormApplyF32Fn = void(const float* x, const ColumnMatrix& matrix, const BatchNormParameters& parameters,
                                 const float* residual, const BatchNormEpilogue& epilogue, float* y);

// The gradient of what was before the activation: g = dy where y says that the activation passed it on (kRelu: y > 0;
// kClip: low < y < high), else 0. y is not read for kNone.
struct BatchNormGradInputs {
  const float *dy, *x, *y;
  BatchNormEpilogue epilogue;
};

// sums[c] = sum(g), products[c] = sum(g * (x - mean[c])).
using BatchNormGradSumsF32Fn = void(const BatchNormGradInputs& inputs, const ColumnMatrix& matrix, const float* mean,
                                    double* sums, double* products);

// dx = fma(g, scale[c], fma(x - mean[c], slope[c], shift[c])). dx may be dy.
struct BatchNormGradParameters {
  const float *mean, *scale, *slope, *shift;
};
using BatchNormGradApplyF32Fn = void(const BatchNormGradInputs& inputs, const ColumnMatrix& matrix,
                                     const BatchNormGradParameters& parameters, float* dx);

ColumnSumsF32Fn ColumnSumsF32Scalar, ColumnSumsF32Avx2, ColumnSumsF32Avx512, ColumnSumsF32Neon;
ColumnMomentsF32Fn ColumnMomentsF32Scalar, ColumnMomentsF32Avx2, ColumnMomentsF32Avx512, ColumnMomentsF32Neon;
BatchNormApplyF32Fn BatchNormApplyF32Scalar, BatchNormApplyF32Avx2, BatchNormApplyF32Avx512, BatchNormApplyF32Neon;
BatchNormGradSumsF32Fn BatchNormGradSumsF32Scalar, BatchNormGradSumsF32Avx2, BatchNormGradSumsF32Avx512,
    BatchNormGradSumsF32Neon;
BatchNormGradApplyF32Fn BatchNormGradApplyF32Scalar, BatchNormGradApplyF32Avx2, BatchNormGradApplyF32Avx512,
    BatchNormGradApplyF32Neon;

VariantList<ColumnSumsF32Fn> ColumnSumsF32Variants();
VariantList<ColumnMomentsF32Fn> ColumnMomentsF32Variants();
VariantList<BatchNormApplyF32Fn> BatchNormApplyF32Variants();
VariantList<BatchNormGradSumsF32Fn> BatchNormGradSumsF32Variants();
VariantList<BatchNormGradApplyF32Fn> BatchNormGradApplyF32Variants();

ColumnSumsF32Fn& ColumnSumsF32();  // best one for this CPU
ColumnMomentsF32Fn& ColumnMomentsF32();
BatchNormApplyF32Fn& BatchNormApplyF32();
BatchNormGradSumsF32Fn& BatchNormGradSumsF32();
BatchNormGradApplyF32Fn& BatchNormGradApplyF32();

}  // namespace gossamer
