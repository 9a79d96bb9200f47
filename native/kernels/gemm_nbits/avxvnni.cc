#include "kernels/simd/avx2.h"

#include "kernels/gemm_nbits/ops_avx2.h"

namespace gossamer {
namespace {

// Tiles of 3 x 16: 6 exact and 6 float sums, 2 weights, 1 activation in 16 registers.
constexpr size_t kInt8Panels = 1, kInt8Rows = 3;

template <unsigned kBits>
inline I32 Dot(I32 acc, Bytes fields, Bytes activations) {
  return _mm256_dpbusd_avx_epi32(acc, fields, activations);
}

}  // namespace
}  // namespace gossamer

#define GOSSAMER_NBITS_INT8 GemmNbitsInt8AvxVnni
#include "kernels/gemm_nbits/int8_simd.h"
