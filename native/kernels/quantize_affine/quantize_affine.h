// Affine quantization, as ONNX QuantizeLinear and DequantizeLinear, to and from 8-bit codes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// Real value = (code - zero_point) * scale. scale finite, not 0.
struct AffineParams {
  float scale;
  int32_t zero_point;  // in [-128, 255]
};

// Inclusive; inside [-128, 127] for signed codes, [0, 255] for unsigned ones. A code is stored as its low byte.
struct CodeRange {
  int32_t min, max;
};

// q[i] = clamp(round_half_even(x[i] / scale) + zero_point, range), i < count. NaN -> range.min; the division is a true
// one. Any alignment; x and q must not overlap. Bit-exact across variants, as all below.
using QuantizeAffineFn = void(const float* x, size_t count, AffineParams params, CodeRange range, uint8_t* q);

// The same with a scale and a zero point for each element.
using QuantizeAffineEachFn = void(const float* x, size_t count, const float* scale, const int32_t* zero_point,
                                  CodeRange range, uint8_t* q);

// x[i] = (q[i] - zero_point) * scale; q[i] read as int8 when `is_signed`, else as uint8.
using DequantizeAffineFn = void(const uint8_t* q, size_t count, bool is_signed, AffineParams params, float* x);
using DequantizeAffineEachFn = void(const uint8_t* q, size_t count, bool is_signed, const float* scale,
                                    const int32_t* zero_point, float* x);

QuantizeAffineFn QuantizeAffineScalar, QuantizeAffineAvx2, QuantizeAffineAvx512, QuantizeAffineNeon;
QuantizeAffineEachFn QuantizeAffineEachScalar, QuantizeAffineEachAvx2, QuantizeAffineEachAvx512, QuantizeAffineEachNeon;
DequantizeAffineFn DequantizeAffineScalar, DequantizeAffineAvx2, DequantizeAffineAvx512, DequantizeAffineNeon;
DequantizeAffineEachFn DequantizeAffineEachScalar, DequantizeAffineEachAvx2, DequantizeAffineEachAvx512,
    DequantizeAffineEachNeon;

VariantList<QuantizeAffineFn> QuantizeAffineVariants();
VariantList<QuantizeAffineEachFn> QuantizeAffineEachVariants();
VariantList<DequantizeAffineFn> DequantizeAffineVariants();
VariantList<DequantizeAffineEachFn> DequantizeAffineEachVariants();

QuantizeAffineFn& QuantizeAffine();  // best one for this CPU
QuantizeAffineEachFn& QuantizeAffineEach();
DequantizeAffineFn& DequantizeAffine();
DequantizeAffineEachFn& DequantizeAffineEach();

}  // namespace gossamer
