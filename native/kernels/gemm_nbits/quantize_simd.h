// The vector body of QuantizeRowsNbits, over one kernels/simd/ header.
#pragma once
#include <math.h>

#include "kernels/gemm_nbits/gemm_nbits.h"

namespace gossamer {

void GOSSAMER_SIMD(QuantizeRowsNbits)(const float* x, size_t rows, size_t stride, size_t k, size_t block_size,
                                      int32_t sum_factor, int8_t* codes, size_t code_stride, float* scales,
                                      int32_t* sums) {
  constexpr float kSmallest = 0x1p-120f;  // 127 / a stays finite
  const size_t blocks = NbitsBlocks(k, block_size);
  for (size_t m = 0; m < rows; ++m) {
    for (size_t b = 0; b < blocks; ++b) {
      const size_t begin = b * block_size, count = k - begin < block_size ? k - begin : block_size;
      const float* from = x + m * stride + begin;
      uint8_t* to = reinterpret_cast<uint8_t*>(codes + m * code_stride + begin);
      // v - v is 0 or, of infinities and NaN, NaN; Larger passes a NaN on its left over.
      F32 largest = Fill(0.0f), differences = Fill(0.0f);
      size_t i = 0;
      for (; i + kLanes <= count; i += kLanes) {
        const F32 v = Load(from + i);
        largest = Larger(Abs(v), largest);
        differences = Add(differences, Sub(v, v));
      }
      if (i < count) {
        const F32 v = LoadFirst(from + i, count - i);
        largest = Larger(Abs(v), largest);
        differences = Add(differences, Sub(v, v));
      }
      const bool finite = !Any(IsNan(differences));
      const float a = LargestLane(largest);
      const bool zero = !finite || a < kSmallest;
      scales[m * blocks + b] = !finite ? NAN : zero ? 0.0f : a / 127.0f;
      if (zero) {
        for (i = 0; i < block_size; ++i) to[i] = 0;
        sums[m * blocks + b] = 0;
        continue;
      }
      const F32 inverse = Fill(127.0f / a);
      I32 sum = FillI(0);
      for (i = 0; i < block_size; i += kLanes) {
        const size_t rest = i < count ? count - i : 0;
        const F32 v = rest >= kLanes ? Load(from + i) : rest == 0 ? Fill(0.0f) : LoadFirst(from + i, rest);
        const I32 code = RoundToInt(Mul(v, inverse));
        StoreBytes(to + i, code);
        sum = AddI(sum, code);
      }
      int32_t lanes[kLanes], total = 0;
      StoreI(lanes, sum);
      for (int32_t lane : lanes) total += lane;
      sums[m * blocks + b] = total * sum_factor;
    }
  }
}

}  // namespace gossamer
