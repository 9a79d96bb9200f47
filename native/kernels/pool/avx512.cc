#include "kernels/simd/avx512.h"

#include "kernels/simd/fixed_avx512.h"
#include "kernels/simd/int8_avx512.h"

namespace gossamer {
namespace {

constexpr size_t kByteLanes = 64;
using Bytes = __m512i;
inline Bytes LoadBytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
inline void StoreBytesOf(uint8_t* p, Bytes v) { _mm512_storeu_si512(p, v); }
inline Bytes LargerBytes(Bytes a, Bytes b) { return _mm512_max_epu8(a, b); }

}  // namespace
}  // namespace gossamer

#include "kernels/pool/simd.h"
