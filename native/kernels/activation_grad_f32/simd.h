// The body of activation_grad_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/activation_grad_f32/activation_grad_f32.h"
#include "kernels/simd/activation.h"

namespace gossamer {
namespace {

template <class Function>
inline void MapPairs(const float* dy, const float* v, size_t count, float* dx, const Function& function) {
  size_t i = 0;
  // Two vectors at a time: their chains of dependent operations overlap.
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const F32 first = function(Load(dy + i), Load(v + i));
    const F32 second = function(Load(dy + i + kLanes), Load(v + i + kLanes));
    Store(dx + i, first);
    Store(dx + i + kLanes, second);
  }
  for (; i < count; i += kLanes) {
    const size_t rest = count - i < kLanes ? count - i : kLanes;
    StoreFirst(dx + i, function(LoadFirst(dy + i, rest), LoadFirst(v + i, rest)), rest);
  }
}

// sigmoid(u) and 1 - sigmoid(u), neither by cancellation.
struct Halves {
  F32 below, above;
};
inline Halves SigmoidHalves(F32 u) {
  const F32 e = Exp(Negate(Abs(u))), t = Div(Fill(1.0f), Add(e, Fill(1.0f))), rest = Mul(e, t);
  const Mask negative = Less(u, Fill(0.0f));
  return {Pick(negative, rest, t), Pick(negative, t, rest)};
}

// (1 + erf(x / sqrt 2)) / 2 + x * e^(-x^2 / 2) / sqrt(2 pi); the second term is 0 in float32 from |x| = 14.5 on.
inline F32 GeluSlope(F32 x) {
  constexpr float kRootHalf = 0.707106781f, kDensity = 0.398942280f;  // sqrt(1 / 2), 1 / sqrt(2 pi)
  const F32 bounded = Clamp(x, Fill(-15.0f), Fill(15.0f)), half = Fill(0.5f);
  const F32 share = Fma(Erf(Mul(x, Fill(kRootHalf))), half, half);
  const F32 density = Mul(Exp(Mul(Mul(bounded, bounded), Fill(-0.5f))), Fill(kDensity));
  return Fma(bounded, density, share);
}

// Of x * sigmoid(2 u): s * (1 + x * (1 - s) * (2 u)'), u as in GeluTanh.
inline F32 GeluTanhSlope(F32 x) {
  constexpr float kLinear = 1.59576912f, kCubic = 0.0713548163f;
  const F32 v = Clamp(x, Fill(-20.0f), Fill(20.0f)), square = Mul(v, v);  // s is 0 or 1 from there on
  const Halves s = SigmoidHalves(Mul(v, Fma(square, Fill(kCubic), Fill(kLinear))));
  const F32 slope = Fma(square, Fill(3 * kCubic), Fill(kLinear));
  return Mul(s.below, Fma(Mul(v, s.above), slope, Fill(1.0f)));
}

inline F32 SiluSlope(F32 x) {
  const F32 v = Clamp(x, Fill(-105.0f), Fill(105.0f));  // e^-105 rounds to 0
  const Halves s = SigmoidHalves(v);
  return Mul(s.below, Fma(v, s.above, Fill(1.0f)));
}

// With e = e^x and s = e * (e + 2), mish = x * s / (s + 2): (s + 4 x e (e + 1) / (s + 2)) / (s + 2).
inline F32 MishSlope(F32 x) {
  const F32 v = Clamp(x, Fill(-105.0f), Fill(20.0f));  // 0 and 1 from there on
  const F32 e = Exp(v), s = Mul(e, Add(e, Fill(2.0f))), q = Div(Fill(1.0f), Add(s, Fill(2.0f)));
  const F32 rest = Mul(Mul(Mul(v, Fill(4.0f)), Mul(e, Add(e, Fill(1.0f)))), q);
  return Mul(q, Add(s, rest));
}

inline F32 HardSwishSlope(F32 x) {
  const F32 middle = Fma(x, Fill(1.0f / 3), Fill(0.5f));
  const F32 inside = Pick(Less(x, Fill(3.0f)), middle, Fill(1.0f));
  return Pick(Less(Fill(-3.0f), x), inside, Fill(0.0f));
}

}  // namespace

void GOSSAMER_SIMD(ActivationGradF32)(ActivationGradSpec spec, const float* dy, const float* v, size_t count,
                                      float* dx) {
  const F32 a = Fill(spec.a), b = Fill(spec.b), zero = Fill(0.0f), one = Fill(1.0f);
  const auto map = [&](const auto& function) { MapPairs(dy, v, count, dx, function); };
  const auto scale = [&](const auto& slope) { map([&slope](F32 d, F32 x) { return Mul(d, slope(x)); }); };
  switch (spec.kind) {
    case ActivationGrad::kRelu: return map([=](F32 d, F32 y) { return Pick(Less(zero, y), d, zero); });
    case ActivationGrad::kClip:
      return map([=](F32 d, F32 x) { return Pick(Equal(Clamp(x, a, b), x), d, zero); });
    case ActivationGrad::kLeaky: return map([=](F32 d, F32 x) { return Pick(Less(zero, x), d, Mul(d, a)); });
    case ActivationGrad::kSigmoid: return scale([=](F32 y) { return Mul(y, Sub(one, y)); });
    case ActivationGrad::kTanh: return scale([=](F32 y) { return Fma(Negate(y), y, one); });
    case ActivationGrad::kGelu: return scale([](F32 x) { return GeluSlope(x); });
    case ActivationGrad::kGeluTanh: return scale([](F32 x) { return GeluTanhSlope(x); });
    case ActivationGrad::kSilu: return scale([](F32 x) { return SiluSlope(x); });
    case ActivationGrad::kHardSigmoid:
      return map([=](F32 d, F32 x) {
        const F32 value = Fma(a, x, b);
        return Pick(And(Less(zero, value), Less(value, one)), Mul(d, a), zero);
      });
    case ActivationGrad::kHardSwish: return scale([](F32 x) { return HardSwishSlope(x); });
    case ActivationGrad::kElu:
      return scale([=](F32 x) { return Pick(Less(zero, x), one, Mul(a, Exp(Smaller(zero, x)))); });
    case ActivationGrad::kSoftplus: return scale([](F32 x) { return Sigmoid(x); });
    case ActivationGrad::kMish: return scale([](F32 x) { return MishSlope(x); });
    case ActivationGrad::kErf:
      return scale([](F32 x) { return Mul(Exp(Negate(Mul(x, x))), Fill(1.12837917f)); });  // 2 / sqrt(pi)
  }
}

}  // namespace gossamer
