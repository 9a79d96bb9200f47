// Activation functions (kernels/linear.h) over the vector operations of one kernels/simd/ header, which is included
// first. ForActivation picks the function once for a whole loop; Activate is for a vector or two.
#pragma once
#include <type_traits>

#include "kernels/linear.h"
#include "kernels/simd/float_math.h"

namespace gossamer {
namespace {

inline F32 Clamp(F32 x, F32 low, F32 high) { return Smaller(high, Larger(low, x)); }  // NaN stays

constexpr float kGeluStep = 0.875f;
constexpr float kGeluPieces[8][8] = {
    {-0.0f, -0.166938588f, -0.0701035261f, -0.0113726761f, -0.000814202358f, -2.6563328e-05f, -3.99246318e-07f, -0.0f},
    {-0.5f, 0.0472611599f, 0.110926151f, 0.029068524f, 0.00282176118f, 0.000115702394f, 2.09136374e-06f, -0.0f},
    {0.398942351f, 0.167910114f, -0.0458348691f, -0.0311147887f, -0.00447240146f, -0.000238551045f, -5.2790574e-06f,
     -0.0f},
    {-3.0184483e-06f, -0.128322154f, -0.023591822f, 0.0160918962f, 0.00419973722f, 0.00030728188f, 8.51370442e-06f,
     -0.0f},
    {-0.0664470121f, 0.00873154867f, 0.0289732292f, -0.0017159353f, -0.0024865123f, -0.000274015532f,
     -9.75670173e-06f, -0.0f},
    {-0.000290065625f, 0.0201523788f, -0.00792881846f, -0.00287622167f, 0.000848700234f, 0.000176499336f,
     8.53876008e-06f, -0.0f},
    {0.0109673971f, -0.0042904336f, -0.00205899961f, 0.00170708448f, -3.19760802e-05f, -8.26113537e-05f,
     -6.34289472e-06f, -0.0f},
    {-0.00170600775f, -0.00202894863f, 0.00157070032f, -0.000267185009f, -0.000110616325f, 2.42794413e-05f,
     3.3249205e-06f, -0.0f},
};

// x times the share of the normal distribution below x, as max(x, 0) - |x| * (the share above |x|): the second term is
// below 2^-24 from |x| = 5.6875 on and 0 here, so -0 is the value at -infinity.
inline F32 Gelu(F32 x) {
  const Piece piece = PieceAt(Abs(x), kGeluStep, kGeluPieces);
  return Fma(piece.distance, piece.slope, Add(Larger(Fill(-0.0f), x), piece.value));
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
