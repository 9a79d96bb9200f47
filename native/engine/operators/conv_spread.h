// A transposed convolution as one product and sums: each input pixel times all of the kernel, added to the outputs that
// it reaches. It multiplies by no zero, and few outputs are no loss, since they lie side by side with the kernel
// positions; what it adds up lies in memory.
#pragma once
#include "engine/operators/convolution.h"

namespace gossamer {

// `conv` as a convolution from the channels of the input to those of the output; w [C, M, kH, kW], one group.
struct SpreadShape {
  size_t batch, in[2], out[2];
};

// Whether it costs less than `products` multiply-adds in whole strips of 16 outputs, of the phases of a convolution.
bool SpreadPays(const ConvAttributes& conv, const SpreadShape& shape, size_t products);

// y[image, pixel, m] = sum over all c and kernel positions; images share no sums.
void RunSpread(const ConvAttributes& conv, const SpreadShape& shape, const float* x, const float* w, float* y,
               RunContext& context);

}  // namespace gossamer
