// The gradient of the weights of a depthwise convolution, from some of its pixels.
#pragma once
#include <cstddef>

#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"
#include "kernels/depthwise_f32/depthwise_f32.h"

namespace gossamer {

// sums[t * DepthwiseStrideF32(channels) + c] += sum over all pixels of x[taps[t] + c] * dy[c], for c < channels; what
// is behind them then holds anything. A chain of fused multiply-adds in the order of the lines and their pixels, from
// what the sums were: the same bits on every instruction set. Kernels may read up to 15 floats behind the channels.
using DepthwiseGradWeightF32Fn = void(const PixelLines& pixels, const size_t* taps, size_t tap_count, size_t channels,
                                      float* sums);

DepthwiseGradWeightF32Fn DepthwiseGradWeightF32Scalar, DepthwiseGradWeightF32Avx2, DepthwiseGradWeightF32Avx512,
    DepthwiseGradWeightF32Neon;

VariantList<DepthwiseGradWeightF32Fn> DepthwiseGradWeightF32Variants();
DepthwiseGradWeightF32Fn& DepthwiseGradWeightF32();  // best one for this CPU

}  // namespace gossamer
