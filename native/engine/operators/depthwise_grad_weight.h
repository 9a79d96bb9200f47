// The gradient of the weights of a depthwise convolution, one channel to one, over NHWC.
#pragma once
#include "engine/operators/convolution.h"

namespace gossamer {

// dw[c, 1, kH, kW] from x and from the gradient dy of the result.
void RunDepthwiseGradWeight(const ConvAttributes& conv, const ConvGeometry& geometry, const float* x, const float* dy,
                            float* dw, RunContext& context);

}  // namespace gossamer
