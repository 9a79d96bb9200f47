// Loops that only multiply and add in registers, and a loop that only reads memory: what one core can do at most, the
// denominator of every "share of the peak" in the benchmarks.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// What a loop did. `operations`: multiplications and additions, each counted; it depends on the variant, which keeps as
// many independent lanes busy as its registers hold. `lane`: the value that every lane ended with, which does not.
template <class T>
struct PeakResult {
  uint64_t operations;
  T lane;
};

// More rounds would overflow a lane: 8192 * 2 * 4 * 127 * 128 < 2^31 (i8mm adds twice as much a round).
constexpr size_t kPeakRounds = 8192;

// lane = rounds * (a[0] * b[0] + ... + a[3] * b[3]), rounds <= kPeakRounds, a[i] < 128: then the 16-bit sums of AVX2
// do not saturate. Bit-exact across variants.
using PeakInt8Fn = PeakResult<int32_t>(size_t rounds, const uint8_t (&a)[4], const int8_t (&b)[4]);

// lane = fma(a, b, lane), `rounds` times from 0. Bit-exact across variants.
using PeakFloatFn = PeakResult<float>(size_t rounds, float a, float b);

// lane = lane + a * b + a * b, `rounds` times from 0, with a and b cut to bfloat16. Variants agree where every step is
// exact.
using PeakBf16Fn = PeakResult<float>(size_t rounds, float a, float b);

// Reads x[0..count) once; any alignment. Returns the exclusive or of its 64-bit words (little-endian; the last one
// filled up with zeros). Bit-exact across variants.
using ReadBytesFn = uint64_t(const uint8_t* x, size_t count);

PeakInt8Fn PeakInt8Scalar, PeakInt8Avx2, PeakInt8AvxVnni, PeakInt8Avx512, PeakInt8Avx512Vnni, PeakInt8Neon,
    PeakInt8NeonDotprod, PeakInt8NeonI8mm;
PeakFloatFn PeakFloatScalar, PeakFloatAvx2, PeakFloatAvx512, PeakFloatNeon;
PeakBf16Fn PeakBf16Scalar, PeakBf16Avx512Bf16;
ReadBytesFn ReadBytesScalar, ReadBytesAvx2, ReadBytesAvx512, ReadBytesNeon;

VariantList<PeakInt8Fn> PeakInt8Variants();
VariantList<PeakFloatFn> PeakFloatVariants();
VariantList<PeakBf16Fn> PeakBf16Variants();
VariantList<ReadBytesFn> ReadBytesVariants();

}  // namespace gossamer
