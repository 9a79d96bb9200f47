#include "kernels/simd/avx2.h"

#include "kernels/simd/fixed_avx2.h"
#include "kernels/simd/int8_avx2.h"

namespace gossamer {
namespace {

constexpr size_t kByteLanes = 32;
using Bytes = __m256i;
inline Bytes LoadBytes(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline void StoreBytesOf(uint8_t* p, Bytes v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
inline Bytes LargerBytes(Bytes a, Bytes b) { return _mm256_max_epu8(a, b); }

}  // namespace
}  // namespace gossamer

#include "kernels/pool/simd.h"
