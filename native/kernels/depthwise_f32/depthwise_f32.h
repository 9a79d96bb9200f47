// Float32 depthwise convolution over NHWC: every channel has a filter of its own.
#pragma once
#include <cstddef>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

// Floats between the weights of two taps: channels, filled up with zeros to whole vectors.
inline size_t DepthwiseStrideF32(size_t channels) { return (channels + 15) / 16 * 16; }

// y[m, c] = act(sum_t x[t, m, c] * weights[t, c] + bias[c] + residual[m, c]) for m0 <= m < m1 and every channel c <
// rows.piece; x[t, m] is piece t of row m (ActivationRows: the offsets of a convolution). weights: [taps,
// DepthwiseStrideF32(piece)]. The sum is one chain of fused multiply-adds from 0 in the order of t: the same bits on
// every instruction set. bias, residual and y are those of m = 0. y overlaps nothing but, element by element, the
// residual.
using DepthwiseF32Fn = void(const float* x, const ActivationRows& rows, size_t m0, size_t m1, const float* weights,
                            const FloatOutput& output);

DepthwiseF32Fn DepthwiseF32Scalar, DepthwiseF32Avx2, DepthwiseF32Avx512, DepthwiseF32Neon;

VariantList<DepthwiseF32Fn> DepthwiseF32Variants();
DepthwiseF32Fn& DepthwiseF32();  // best one for this CPU

}  // namespace gossamer
