// RowSumsI8 over the widening loads of an instruction set: after a kernels/simd/ header.
#pragma once
#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {
namespace {

// The sum of the lanes, wrapping.
inline int32_t LaneSum(I32 v) {
  int32_t lanes[kLanes];
  StoreI(lanes, v);
  uint32_t sum = 0;
  for (int32_t lane : lanes) sum += static_cast<uint32_t>(lane);
  return static_cast<int32_t>(sum);
}

inline void RunRowSums(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, int32_t* sums) {
  for (size_t m = row_begin; m < row_end; ++m) {
    I32 sum[2] = {FillI(0), FillI(0)};
    for (size_t t = 0; t < rows.taps; ++t) {
      const uint8_t* piece = x + PieceOffset(rows, t, m);
      size_t k = 0;
      for (; k + 2 * kLanes <= rows.piece; k += 2 * kLanes) {
        sum[0] = AddI(sum[0], LoadUnsignedBytes(piece + k));
        sum[1] = AddI(sum[1], LoadUnsignedBytes(piece + k + kLanes));
      }
      for (; k < rows.piece; k += kLanes) {
        const size_t left = rows.piece - k;
        sum[0] = AddI(sum[0], left < kLanes ? LoadFirstUnsignedBytes(piece + k, left) : LoadUnsignedBytes(piece + k));
      }
    }
    sums[m] = LaneSum(AddI(sum[0], sum[1]));
  }
}

}  // namespace
}  // namespace gossamer
