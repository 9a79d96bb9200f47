// The body of binary_u8, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/binary_u8/binary_u8.h"
#include "kernels/simd/fixed_point.h"

namespace gossamer {
namespace {

struct FloatConstants {
  F32 a_zero, b_zero, a_ratio, b_ratio, low, high;
  I32 y_zero;
};

// Differences of bytes and their products are exact in float32. The bounds come before the rounding, which they, being
// whole numbers, do not change; that keeps the conversion in range.
template <BinaryU8Kind kKind>
inline I32 Requantized(I32 a, I32 b, const FloatConstants& k) {
  const F32 real_a = Sub(ToFloat(a), k.a_zero), real_b = Sub(ToFloat(b), k.b_zero);
  const F32 v = kKind == BinaryU8Kind::kAdd ? Fma(real_a, k.a_ratio, Mul(real_b, k.b_ratio))
                                            : Mul(Mul(real_a, real_b), k.a_ratio);
  return AddI(RoundToInt(Smaller(Larger(v, k.low), k.high)), k.y_zero);
}

struct FixedConstants {
  I32 a_zero, b_zero, low, high, y_zero;
  FixedPoints a, b, y;
};

template <BinaryU8Kind kKind>
inline I32 Requantized(I32 a, I32 b, const FixedConstants& k) {
  const I32 whole_a = SubI(a, k.a_zero), whole_b = SubI(b, k.b_zero);
  I32 v;
  if (kKind == BinaryU8Kind::kFixedMul) {
    v = MulI(whole_a, whole_b);
  } else {
    const I32 left = RequantizeI(whole_a, k.a), right = RequantizeI(whole_b, k.b);
    v = kKind == BinaryU8Kind::kFixedAdd ? AddI(left, right) : SubI(left, right);
  }
  return AddI(SmallerI(LargerI(RequantizeI(v, k.y), k.low), k.high), k.y_zero);
}

template <BinaryU8Kind kKind, bool kStepA, bool kStepB, class Constants>
inline void Row(const uint8_t* a, const uint8_t* b, size_t count, const Constants& k, uint8_t* y) {
  const I32 fill_a = FillI(*a), fill_b = FillI(*b);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    StoreBytes(y + i, Requantized<kKind>(kStepA ? LoadUnsignedBytes(a + i) : fill_a,
                                         kStepB ? LoadUnsignedBytes(b + i) : fill_b, k));
  }
  if (i < count) {
    const size_t rest = count - i;
    StoreFirstBytes(y + i,
                    Requantized<kKind>(kStepA ? LoadFirstUnsignedBytes(a + i, rest) : fill_a,
                                       kStepB ? LoadFirstUnsignedBytes(b + i, rest) : fill_b, k),
                    rest);
  }
}

template <BinaryU8Kind kKind, class Constants>
inline void Matrix(const Constants& k, BinaryU8Operand a, BinaryU8Operand b, size_t rows, size_t cols, uint8_t* y) {
  for (size_t r = 0; r < rows; ++r, a.data += a.row_stride, b.data += b.row_stride, y += cols) {
    if (a.step != 0 && b.step != 0) {
      Row<kKind, true, true>(a.data, b.data, cols, k, y);
    } else if (a.step != 0) {
      Row<kKind, true, false>(a.data, b.data, cols, k, y);
    } else if (b.step != 0) {
      Row<kKind, false, true>(a.data, b.data, cols, k, y);
    } else {
      Row<kKind, false, false>(a.data, b.data, cols, k, y);
    }
  }
}

}  // namespace

void GOSSAMER_SIMD(BinaryU8)(const BinaryU8Spec& spec, BinaryU8Operand a, BinaryU8Operand b, size_t rows, size_t cols,
                             uint8_t* y) {
  if (cols == 0) return;
  if (spec.kind != BinaryU8Kind::kAdd && spec.kind != BinaryU8Kind::kMul) {
    const FixedConstants k{FillI(spec.a_zero),
                           FillI(spec.b_zero),
                           FillI(spec.low - spec.y_zero),
                           FillI(spec.high - spec.y_zero),
                           FillI(spec.y_zero),
                           FillFixed(spec.a),
                           FillFixed(spec.b),
                           FillFixed(spec.y)};
    if (spec.kind == BinaryU8Kind::kFixedAdd) return Matrix<BinaryU8Kind::kFixedAdd>(k, a, b, rows, cols, y);
    if (spec.kind == BinaryU8Kind::kFixedSub) return Matrix<BinaryU8Kind::kFixedSub>(k, a, b, rows, cols, y);
    return Matrix<BinaryU8Kind::kFixedMul>(k, a, b, rows, cols, y);
  }
  const auto fill = [](int32_t v) { return Fill(static_cast<float>(v)); };
  const FloatConstants k{fill(spec.a_zero),
                         fill(spec.b_zero),
                         Fill(spec.a_ratio),
                         Fill(spec.b_ratio),
                         fill(spec.low - spec.y_zero),
                         fill(spec.high - spec.y_zero),
                         FillI(spec.y_zero)};
  if (spec.kind == BinaryU8Kind::kAdd) return Matrix<BinaryU8Kind::kAdd>(k, a, b, rows, cols, y);
  Matrix<BinaryU8Kind::kMul>(k, a, b, rows, cols, y);
}

}  // namespace gossamer
