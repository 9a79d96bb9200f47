#include "kernels/simd/avx2.h"

#include "kernels/simd/int8_avx2.h"

#include "kernels/simd/activation.h"

#include "kernels/depthwise_i8/widened_dot.h"

#include "kernels/depthwise_i8/run_avx2.h"

namespace gossamer {

void DepthwiseI8Avx2(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                     const PackedDepthwiseI8& weights, const Int8Output& output) {
  RunDepthwise(x, rows, row_begin, row_end, weights, output);
}

}  // namespace gossamer
