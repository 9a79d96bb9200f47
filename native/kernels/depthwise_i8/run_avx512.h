// DepthwiseI8 over vectors of 512 bits, or as wide as the block. Included after the headers of kernels/simd/ for
// AVX-512 and after Dot (kernels/depthwise_i8/block.h) of the three widths.
#pragma once
#include "kernels/depthwise_i8/x86.h"

#include "kernels/depthwise_i8/block.h"

namespace gossamer {
namespace {

struct Four {
  using Vector = __m512i;
  static constexpr size_t kLanes128 = 4;
  static constexpr int kNatural = 4;
  static Vector Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static Vector LoadWeights(const int8_t* w) { return _mm512_loadu_si512(w); }
  static Vector Zero() { return _mm512_setzero_si512(); }
  static Vector Low8(Vector a, Vector b) { return _mm512_unpacklo_epi8(a, b); }
  static Vector High8(Vector a, Vector b) { return _mm512_unpackhi_epi8(a, b); }
  static Vector Low16(Vector a, Vector b) { return _mm512_unpacklo_epi16(a, b); }
  static Vector High16(Vector a, Vector b) { return _mm512_unpackhi_epi16(a, b); }
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m512i a = _mm512_shuffle_i32x4(acc[0], acc[1], 0x44), b = _mm512_shuffle_i32x4(acc[0], acc[1], 0xee);
    const __m512i c = _mm512_shuffle_i32x4(acc[2], acc[3], 0x44), d = _mm512_shuffle_i32x4(acc[2], acc[3], 0xee);
    v[0] = _mm512_shuffle_i32x4(a, c, 0x88);
    v[1] = _mm512_shuffle_i32x4(a, c, 0xdd);
    v[2] = _mm512_shuffle_i32x4(b, d, 0x88);
    v[3] = _mm512_shuffle_i32x4(b, d, 0xdd);
  }
};

struct Pair : Bytes256 {
  static constexpr int kNatural = 2;
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m512i a = _mm512_inserti64x4(_mm512_castsi256_si512(acc[0]), acc[1], 1);
    const __m512i b = _mm512_inserti64x4(_mm512_castsi256_si512(acc[2]), acc[3], 1);
    v[0] = _mm512_shuffle_i32x4(a, b, 0x88);
    v[1] = _mm512_shuffle_i32x4(a, b, 0xdd);
  }
};

struct Lane : Bytes128 {
  static constexpr int kNatural = 1;
  static void Natural(const Vector (&acc)[4], I32 (&v)[kNatural]) {
    const __m256i a = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[0]), acc[1], 1);
    const __m256i b = _mm256_inserti128_si256(_mm256_castsi128_si256(acc[2]), acc[3], 1);
    v[0] = _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
  }
};

void RunBlock(BlockCall call, size_t lanes) {
  if (lanes == 4) return RunRows<Four>(call);
  if (lanes == 2) return RunRows<Pair>(call);
  RunRows<Lane>(call);
}

}  // namespace
}  // namespace gossamer
