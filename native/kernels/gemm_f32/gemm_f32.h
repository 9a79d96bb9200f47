// Float32 matrix products and convolutions against a matrix of weights: one kernel, which reads its activations through
// ActivationRows (kernels/linear.h).
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

// Columns of the weight matrix that lie side by side: a strip.
constexpr size_t kStripF32 = 16;

// The weights w[k, n] of k x n: k as ActivationRows counts it (piece t, element i: k = t * piece + i). Column n = 16 *
// s + j of row k is at data[s * strip_stride + k * row_stride + j]. Packed (PackF32): row_stride 16, strip_stride 16 *
// k, the last strip filled up with zeros. A row-major matrix is read where it lies: row_stride its row length,
// strip_stride 16; kernels may read, and ignore, up to 15 floats behind a row.
struct WeightsF32 {
  const float* data;
  size_t k, n, row_stride, strip_stride;
};

inline size_t StripsF32(size_t n) { return (n + kStripF32 - 1) / kStripF32; }
inline size_t PackedCountF32(size_t k, size_t n) { return StripsF32(n) * k * kStripF32; }
inline WeightsF32 PackedF32(const float* data, size_t k, size_t n) { return {data, k, n, kStripF32, kStripF32 * k}; }

// Where the weights to pack lie: that of output n for element i of piece t is at data[n * n_stride + t * tap_stride + i
// * piece_stride]. [K, N]: one tap, n_stride 1, piece_stride N. [N, K]: one tap, n_stride K, piece_stride 1. OIHW:
// n_stride I * H * W, tap_stride 1, piece_stride H * W.
struct WeightSourceF32 {
  const float* data;
  size_t n, taps, piece, n_stride, tap_stride, piece_stride;
};

// Packs strips first .. end - 1 (end <= StripsF32(n)) times `factor` to packed + first * 16 * taps * piece and on.
void PackF32(const WeightSourceF32& source, size_t first, size_t end, float factor, float* packed);

// Weights of a convolution, to pack: that of output n for element i of piece t is at data[n * n_stride + i *
// piece_stride + taps[t]].
struct TapSourceF32 {
  const float* data;
  size_t n, piece, n_stride, piece_stride;
  const size_t* taps;
  size_t tap_count;
};

// As PackF32 packs them, in one pass over the source.
void PackTapsF32(const TapSourceF32& source, size_t first, size_t end, float* packed);

// y[m, n] = act(sum + bias[n] + residual[m, n]) for m0 <= m < m1, n0 <= n < n1; n0 a multiple of 16, n1 too or
// weights.n. rows.taps * rows.piece == weights.k; bias, residual and y are those of m = 0, n = 0. The sum is one chain
// of fused multiply-adds from 0 in the order of k: the same bits on every instruction set, however m and n are split.
// A NaN is a NaN, of any bits. y overlaps nothing but, element by element, the residual. Of a piece exactly `piece`
// floats are read.
using GemmF32Fn = void(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsF32& weights,
                       size_t n0, size_t n1, const FloatOutput& output);

// The same of x transposed: element k of row m is at x[k * x_stride + m]. Where output.goes_on, the chain goes on from
// y: k may be split, too.
using GemmTransposedF32Fn = void(const float* x, size_t x_stride, size_t m0, size_t m1, const WeightsF32& weights,
                                 size_t n0, size_t n1, const FloatOutput& output);

GemmF32Fn GemmF32Scalar, GemmF32Avx2, GemmF32Avx512, GemmF32Neon;
GemmTransposedF32Fn GemmTransposedF32Scalar, GemmTransposedF32Avx2, GemmTransposedF32Avx512, GemmTransposedF32Neon;

VariantList<GemmF32Fn> GemmF32Variants();
GemmF32Fn& GemmF32();  // best one for this CPU

VariantList<GemmTransposedF32Fn> GemmTransposedF32Variants();
GemmTransposedF32Fn& GemmTransposedF32();

}  // namespace gossamer
