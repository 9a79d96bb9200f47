// Activation functions (kernels/linear.h) over the vector operations of one kernels/simd/ header, which is included
// first. ForActivation picks the function once for a whole loop; Activate is for a vector or two.
#pragma once
#include <type_traits>

#include "kernels/linear.h"
#include "kernels/simd/float_math.h"

namespace gossamer {
namespace {

inline F32 Clamp(F32 x, F32 low, F32 high) { return Smaller(high, Larger(low, x)); }  // NaN stays

// x times the share of the normal distribution below x.
inline F32 Gelu(F32 x) {
  const F32 scaled = Mul(x, Fill(0.707106781f)), t = Abs(scaled);
  const F32 near = Fma(ErfNearZero(t), Fill(-0.5f), Fill(0.5f)), far = Mul(ErfComplement(t), Fill(0.5f));
  const F32 tail = Pick(Less(t, Fill(kErfBend)), near, far);
  return Mul(x, Pick(Less(x, Fill(0.0f)), tail, Sub(Fill(1.0f), tail)));
}

// 0.5 * x * (1 + tanh(u)) = x * sigmoid(2 * u), u = sqrt(2 / pi) * (x + 0.044715 * x^3).
inline F32 GeluTanh(F32 x) {
  constexpr float kLinear = 1.59576912f, kCubic = 0.0713548163f;  // 2 sqrt(2 / pi), and that times 0.044715
  return Mul(x, Sigmoid(Mul(x, Fma(Mul(x, x), Fill(kCubic), Fill(kLinear)))));
}

inline F32 Softplus(F32 x) { return Add(Larger(Fill(0.0f), x), LogOnePlusFraction(Exp(Negate(Abs(x))))); }

// x * tanh(log(1 + e^x)) = x * s / (s + 2), s = e^x * (e^x + 2).
inline F32 Mish(F32 x) {
  const F32 e = Exp(Smaller(Fill(20.0f), x));  // the quotient is 1 from there on
  const F32 s = Mul(e, Add(e, Fill(2.0f)));
  return Mul(x, Div(s, Add(s, Fill(2.0f))));
}

template <Activation kKind>
inline F32 ActivateAs(F32 x, F32 a, F32 b) {
  const F32 zero = Fill(0.0f), one = Fill(1.0f);
  switch (kKind) {  // constant
    case Activation::kNone: return x;
    case Activation::kClamp: return Clamp(x, a, b);
    case Activation::kLeaky: return Pick(Less(x, zero), Mul(a, x), x);
    case Activation::kSigmoid: return Sigmoid(x);
    case Activation::kTanh: return Tanh(x);
    case Activation::kGelu: return Gelu(x);
    case Activation::kGeluTanh: return GeluTanh(x);
    case Activation::kSilu: return Mul(x, Sigmoid(x));
    case Activation::kHardSigmoid: return Clamp(Fma(a, x, b), zero, one);
    case Activation::kHardSwish: return Mul(x, Clamp(Fma(x, Fill(1.0f / 6), Fill(0.5f)), zero, one));
    case Activation::kErf: return Erf(x);
    case Activation::kExp: return Exp(x);
    case Activation::kSoftplus: return Softplus(x);
    case Activation::kMish: return Mish(x);
    case Activation::kElu: return Pick(Less(x, zero), Mul(a, ExpLessOne(Smaller(zero, x))), x);
  }
  return x;
}

// Calls body(function), function(F32) being the activation: a loop inside body has no switch in it.
template <Activation kKind, class Body>
inline void WithActivation(const ActivationSpec& act, const Body& body) {
  const F32 a = Fill(act.a), b = Fill(act.b);
  body([a, b](F32 x) { return ActivateAs<kKind>(x, a, b); });
}
template <class Body>
inline void ForActivation(const ActivationSpec& act, const Body& body) {
  switch (act.kind) {
    case Activation::kNone: return WithActivation<Activation::kNone>(act, body);
    case Activation::kClamp: return WithActivation<Activation::kClamp>(act, body);
    case Activation::kLeaky: return WithActivation<Activation::kLeaky>(act, body);
    case Activation::kSigmoid: return WithActivation<Activation::kSigmoid>(act, body);
    case Activation::kTanh: return WithActivation<Activation::kTanh>(act, body);
    case Activation::kGelu: return WithActivation<Activation::kGelu>(act, body);
    case Activation::kGeluTanh: return WithActivation<Activation::kGeluTanh>(act, body);
    case Activation::kSilu: return WithActivation<Activation::kSilu>(act, body);
    case Activation::kHardSigmoid: return WithActivation<Activation::kHardSigmoid>(act, body);
    case Activation::kHardSwish: return WithActivation<Activation::kHardSwish>(act, body);
    case Activation::kErf: return WithActivation<Activation::kErf>(act, body);
    case Activation::kExp: return WithActivation<Activation::kExp>(act, body);
    case Activation::kSoftplus: return WithActivation<Activation::kSoftplus>(act, body);
    case Activation::kMish: return WithActivation<Activation::kMish>(act, body);
    case Activation::kElu: return WithActivation<Activation::kElu>(act, body);
  }
}

// One vector; the switch is inside.
inline F32 Activate(const ActivationSpec& act, F32 x) {
  if (act.kind == Activation::kNone) return x;
  if (act.kind == Activation::kClamp) return Clamp(x, Fill(act.a), Fill(act.b));
  ForActivation(act, [&](const auto& function) { x = function(x); });
  return x;
}

// y[i] = act(y[i]), i < count: for a row of results that has just been written.
inline void ActivateRow(const ActivationSpec& act, float* y, size_t count) {
  if (act.kind == Activation::kNone) return;
  ForActivation(act, [&](const auto& function) {
    size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) Store(y + i, function(Load(y + i)));
    if (i < count) StoreFirst(y + i, function(LoadFirst(y + i, count - i)), count - i);
  });
}

}  // namespace
}  // namespace gossamer
