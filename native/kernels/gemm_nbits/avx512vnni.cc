#include "kernels/simd/avx512.h"

#include "kernels/gemm_nbits/ops_avx512.h"

namespace gossamer {
namespace {

// Tiles of 6 x 32: 12 exact and 12 float sums, 2 weights, 1 activation in 32 registers.
constexpr size_t kInt8Panels = 2, kInt8Rows = 6;

template <unsigned kBits>
inline I32 Dot(I32 acc, Bytes fields, Bytes activations) {
#if defined(__GNUC__) && !defined(__clang__)
  // GCC 12 copies the sums around the built-in in every iteration: 10 to 20 % of a tile's time.
  asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(fields), "v"(activations));
  return acc;
#else
  return _mm512_dpbusd_epi32(acc, fields, activations);
#endif
}

}  // namespace
}  // namespace gossamer

#define GOSSAMER_NBITS_INT8 GemmNbitsInt8Avx512Vnni
#include "kernels/gemm_nbits/int8_simd.h"
