// The body of unary_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/simd/activation.h"
#include "kernels/unary_f32/unary_f32.h"

namespace gossamer {
namespace {

template <class Function>
inline void Map(const float* x, size_t count, float* y, const Function& function) {
  size_t i = 0;
  // Two vectors at a time: their chains of dependent operations overlap.
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const F32 first = function(Load(x + i)), second = function(Load(x + i + kLanes));
    Store(y + i, first);
    Store(y + i + kLanes, second);
  }
  for (; i < count; i += kLanes) {
    const size_t rest = count - i < kLanes ? count - i : kLanes;
    StoreFirst(y + i, function(LoadFirst(x + i, rest)), rest);
  }
}

inline F32 Sign(F32 x) {
  const F32 one = CopySign(Fill(1.0f), x);
  return Pick(Less(Fill(0.0f), Abs(x)), one, x);  // 0 and NaN stay
}

}  // namespace

void GOSSAMER_SIMD(ActivateF32)(ActivationSpec act, const float* x, size_t count, float* y) {
  ForActivation(act, [&](const auto& function) { Map(x, count, y, function); });
}

void GOSSAMER_SIMD(UnaryF32)(UnarySpec spec, const float* x, size_t count, float* y) {
  const F32 a = Fill(spec.a), b = Fill(spec.b), zero = Fill(0.0f), one = Fill(1.0f);
  switch (spec.kind) {
    case Unary::kAbs: return Map(x, count, y, [](F32 v) { return Abs(v); });
    case Unary::kNegate: return Map(x, count, y, [](F32 v) { return Negate(v); });
    case Unary::kSqrt: return Map(x, count, y, [](F32 v) { return Sqrt(v); });
    case Unary::kReciprocal: return Map(x, count, y, [one](F32 v) { return Div(one, v); });
    case Unary::kLog: return Map(x, count, y, [](F32 v) { return Log(v); });
    case Unary::kFloor: return Map(x, count, y, [](F32 v) { return Floor(v); });
    case Unary::kCeil: return Map(x, count, y, [](F32 v) { return Ceil(v); });
    case Unary::kRound: return Map(x, count, y, [](F32 v) { return Round(v); });
    case Unary::kSign: return Map(x, count, y, [](F32 v) { return Sign(v); });
    case Unary::kSoftsign: return Map(x, count, y, [one](F32 v) { return Div(v, Add(one, Abs(v))); });
    case Unary::kSelu:
      return Map(x, count, y, [a, b, zero](F32 v) {
        return Mul(b, Pick(Less(v, zero), Mul(a, ExpLessOne(Smaller(zero, v))), v));
      });
    case Unary::kCelu:
      return Map(x, count, y, [a, zero](F32 v) {
        return Pick(Less(v, zero), Mul(a, ExpLessOne(Smaller(zero, Div(v, a)))), v);
      });
    case Unary::kThresholdedRelu: return Map(x, count, y, [a, zero](F32 v) { return Pick(Less(a, v), v, zero); });
    case Unary::kSquare: return Map(x, count, y, [](F32 v) { return Mul(v, v); });
    case Unary::kCube: return Map(x, count, y, [](F32 v) { return Mul(Mul(v, v), v); });
  }
}

}  // namespace gossamer
