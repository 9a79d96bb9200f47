#include "kernels/simd/neon.h"

#include "kernels/simd/fixed_neon.h"
#include "kernels/simd/int8_neon.h"

namespace gossamer {
namespace {

constexpr size_t kByteLanes = 16;
using Bytes = uint8x16_t;
inline Bytes LoadBytes(const uint8_t* p) { return vld1q_u8(p); }
inline void StoreBytesOf(uint8_t* p, Bytes v) { vst1q_u8(p, v); }
inline Bytes LargerBytes(Bytes a, Bytes b) { return vmaxq_u8(a, b); }

}  // namespace
}  // namespace gossamer

#include "kernels/pool/simd.h"
