#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#define GOSSAMER_SIMD(name) name##Neon

namespace gossamer {
namespace {

using Vector = uint8x16_t;

template <class T>
inline Vector LoadVector(const T* p) {
  return vld1q_u8(reinterpret_cast<const uint8_t*>(p));
}
template <class T>
inline void StoreVector(T* p, Vector v) {
  vst1q_u8(reinterpret_cast<uint8_t*>(p), v);
}
inline Vector Or(Vector a, Vector b) { return vorrq_u8(a, b); }
inline Vector ShuffleBytes(Vector v, const uint8_t (&at)[16]) { return vqtbl1q_u8(v, vld1q_u8(at)); }
inline uint16x8_t Words(Vector v) { return vreinterpretq_u16_u8(v); }
inline uint32x4_t DoubleWords(Vector v) { return vreinterpretq_u32_u8(v); }
inline uint64x2_t QuadWords(Vector v) { return vreinterpretq_u64_u8(v); }

template <class T>
inline Vector InterleaveLow(Vector a, Vector b) {
  if (sizeof(T) == 1) return vzip1q_u8(a, b);
  if (sizeof(T) == 2) return vreinterpretq_u8_u16(vzip1q_u16(Words(a), Words(b)));
  if (sizeof(T) == 4) return vreinterpretq_u8_u32(vzip1q_u32(DoubleWords(a), DoubleWords(b)));
  return vreinterpretq_u8_u64(vzip1q_u64(QuadWords(a), QuadWords(b)));
}
template <class T>
inline Vector InterleaveHigh(Vector a, Vector b) {
  if (sizeof(T) == 1) return vzip2q_u8(a, b);
  if (sizeof(T) == 2) return vreinterpretq_u8_u16(vzip2q_u16(Words(a), Words(b)));
  if (sizeof(T) == 4) return vreinterpretq_u8_u32(vzip2q_u32(DoubleWords(a), DoubleWords(b)));
  return vreinterpretq_u8_u64(vzip2q_u64(QuadWords(a), QuadWords(b)));
}

}  // namespace
}  // namespace gossamer

#include "kernels/transpose/simd.h"
