// DepthwiseI8 where the widest vectors have 256 bits. Included after the headers of kernels/simd/ for AVX2 and after
// Dot (kernels/depthwise_i8/block.h) of both widths.
#pragma once
#include "kernels/depthwise_i8/x86.h"

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

struct Pair : Bytes256 {
  static constexpr int kNatural = 4;
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    v[0] = _mm256_permute2x128_si256(acc[0], acc[1], 0x20);
    v[1] = _mm256_permute2x128_si256(acc[2], acc[3], 0x20);
    v[2] = _mm256_permute2x128_si256(acc[0], acc[1], 0x31);
    v[3] = _mm256_permute2x128_si256(acc[2], acc[3], 0x31);
  }
};

struct Lane : Bytes128 {
  static constexpr int kNatural = 2;
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    v[0] = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[0]), acc[1], 1);
    v[1] = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[2]), acc[3], 1);
  }
};

void RunBlock(BlockCall call, size_t lanes) {
  if (lanes == 1) return RunRows<Lane>(call);
  RunParts<Pair>(call, lanes);
}

}  // namespace
}  // namespace gossamer
