#include "kernels/simd/avx512.h"

#include "kernels/gemm_nbits/ops_avx512.h"

namespace gossamer {
namespace {

constexpr size_t kFloatPanels = 4;  // tiles of 6 x 64: 24 sums, 4 weights, 1 activation in 32 registers

}  // namespace
}  // namespace gossamer

#include "kernels/gemm_nbits/float_simd.h"
#include "kernels/gemm_nbits/quantize_simd.h"
