// Conversion between float32 and its 16-bit relatives, which travel as uint16_t.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// IEEE 754 binary16 (1 sign, 5 exponent, 10 mantissa bits). Rounds half to even, overflows to infinity, keeps
// subnormals. A NaN keeps its sign and the top of its payload and becomes quiet. Any alignment; no overlap. Bit-exact
// across variants.
using F32ToF16Fn = void(const float* x, size_t count, uint16_t* half);
using F16ToF32Fn = void(const uint16_t* half, size_t count, float* x);

// bfloat16: the upper half of a float32 (1, 8, 7). The same rules; widening keeps all bits.
using F32ToBf16Fn = void(const float* x, size_t count, uint16_t* half);
using Bf16ToF32Fn = void(const uint16_t* half, size_t count, float* x);

F32ToF16Fn F32ToF16Scalar, F32ToF16Avx2, F32ToF16Avx512, F32ToF16Neon;
F16ToF32Fn F16ToF32Scalar, F16ToF32Avx2, F16ToF32Avx512, F16ToF32Neon;
F32ToBf16Fn F32ToBf16Scalar, F32ToBf16Avx2, F32ToBf16Avx512, F32ToBf16Neon;
Bf16ToF32Fn Bf16ToF32Scalar, Bf16ToF32Avx2, Bf16ToF32Avx512, Bf16ToF32Neon;

VariantList<F32ToF16Fn> F32ToF16Variants();
VariantList<F16ToF32Fn> F16ToF32Variants();
VariantList<F32ToBf16Fn> F32ToBf16Variants();
VariantList<Bf16ToF32Fn> Bf16ToF32Variants();

F32ToF16Fn& F32ToF16();  // best one for this CPU
F16ToF32Fn& F16ToF32();
F32ToBf16Fn& F32ToBf16();
Bf16ToF32Fn& Bf16ToF32();

}  // namespace gossamer
