#include "kernels/simd/scalar.h"

#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/simd/activation.h"
#include "kernels/simd/int8_scalar.h"

namespace gossamer {

void DepthwiseI8Scalar(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                       const PackedDepthwiseI8& weights, const Int8Output& output) {
  for (size_t first = 0, width = 0; first < weights.channels; first += width) {
    const size_t left = weights.channels - first;
    width = left > 48 ? kBlockChannels : left > 16 ? 32 : 16;
    const size_t lanes = width / kLaneChannels;
    const int8_t* block = weights.blocks + first * weights.groups * 4;
    for (size_t m = row_begin; m < row_end; ++m) {
      for (size_t c = 0; c < std::min(width, left); ++c) {
        const size_t place = (c / 4 % 4 * lanes + c / kLaneChannels) * 16 + c % 4 * 4;
        uint32_t sum = 0;  // unsigned: it may wrap
        for (size_t t = 0; t < weights.taps; ++t) {
          const int32_t value = x[PieceOffset(rows, t, m) + first + c];
          sum += static_cast<uint32_t>(value * block[t / 4 * width * 4 + place + t % 4]);
        }
        FinishInt8(output, m, first + c, static_cast<int32_t>(sum));
      }
    }
  }
}

}  // namespace gossamer
