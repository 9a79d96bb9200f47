// The vector body of quantize_affine, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/quantize_affine/quantize_affine.h"

namespace gossamer {
namespace {

inline I32 QuantizeLanes(F32 x, F32 scale, I32 zero_point, I32 min, I32 max) {
  // The bounds are exact integers in float; the order of operands sends NaN to the lower one.
  const F32 lo = ToFloat(SubI(min, zero_point)), hi = ToFloat(SubI(max, zero_point));
  return AddI(RoundToInt(Smaller(Larger(Div(x, scale), lo), hi)), zero_point);
}

inline F32 DequantizeLanes(I32 code, F32 scale, I32 zero_point) { return Mul(ToFloat(SubI(code, zero_point)), scale); }

}  // namespace

void GOSSAMER_SIMD(QuantizeAffine)(const float* x, size_t count, AffineParams params, CodeRange range, uint8_t* q) {
  const F32 scale = Fill(params.scale);
  const I32 zero_point = FillI(params.zero_point), min = FillI(range.min), max = FillI(range.max);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) StoreBytes(q + i, QuantizeLanes(Load(x + i), scale, zero_point, min, max));
  if (i < count) {
    const size_t rest = count - i;
    StoreFirstBytes(q + i, QuantizeLanes(LoadFirst(x + i, rest), scale, zero_point, min, max), rest);
  }
}

void GOSSAMER_SIMD(QuantizeAffineEach)(const float* x, size_t count, const float* scale, const int32_t* zero_point,
                                       CodeRange range, uint8_t* q) {
  const I32 min = FillI(range.min), max = FillI(range.max);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    StoreBytes(q + i, QuantizeLanes(Load(x + i), Load(scale + i), LoadI(zero_point + i), min, max));
  }
  if (i < count) {
    const size_t rest = count - i;
    const I32 codes =
        QuantizeLanes(LoadFirst(x + i, rest), LoadFirst(scale + i, rest), LoadFirstI(zero_point + i, rest), min, max);
    StoreFirstBytes(q + i, codes, rest);
  }
}

void GOSSAMER_SIMD(DequantizeAffine)(const uint8_t* q, size_t count, bool is_signed, AffineParams params, float* x) {
  const F32 scale = Fill(params.scale);
  const I32 zero_point = FillI(params.zero_point);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const I32 code = is_signed ? LoadSignedBytes(q + i) : LoadUnsignedBytes(q + i);
    Store(x + i, DequantizeLanes(code, scale, zero_point));
  }
  if (i < count) {
    const size_t rest = count - i;
    const I32 code = is_signed ? LoadFirstSignedBytes(q + i, rest) : LoadFirstUnsignedBytes(q + i, rest);
    StoreFirst(x + i, DequantizeLanes(code, scale, zero_point), rest);
  }
}

void GOSSAMER_SIMD(DequantizeAffineEach)(const uint8_t* q, size_t count, bool is_signed, const float* scale,
                                         const int32_t* zero_point, float* x) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const I32 code = is_signed ? LoadSignedBytes(q + i) : LoadUnsignedBytes(q + i);
    Store(x + i, DequantizeLanes(code, Load(scale + i), LoadI(zero_point + i)));
  }
  if (i < count) {
    const size_t rest = count - i;
    const I32 code = is_signed ? LoadFirstSignedBytes(q + i, rest) : LoadFirstUnsignedBytes(q + i, rest);
    StoreFirst(x + i, DequantizeLanes(code, LoadFirst(scale + i, rest), LoadFirstI(zero_point + i, rest)), rest);
  }
}

}  // namespace gossamer
