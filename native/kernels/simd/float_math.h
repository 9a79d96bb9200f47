// Elementary functions over the vector operations of one kernels/simd/ header, which is included first. Only additions,
// multiplications, divisions and fused multiply-adds: every instruction set gives the same bits. NaN stays NaN;
// infinities, signed zeros, denormal arguments and results are right. The largest errors against float64 in a sweep
// over all exponents (unary_f32_test.cc), in units in the last place: Exp 0.93, Log 1.1, Erf 1.0, Sigmoid 2.1, Tanh
// 2.3. The coefficients are minimax fits, rounded one after the other.
#pragma once
#include <cstdint>

namespace gossamer {
namespace {

template <size_t kCount>
inline F32 Polynomial(F32 x, const float (&c)[kCount]) {  // c[0] + c[1] * x + ...
  F32 sum = Fill(c[kCount - 1]);
  for (size_t i = kCount - 1; i-- > 0;) sum = Fma(sum, x, Fill(c[i]));
  return sum;
}

// x = n * ln 2 + r, |r| <= ln 2 / 2; less_one = e^r - 1.
struct ExpParts {
  F32 n, less_one;
};
inline ExpParts SplitExp(F32 x) {
  constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147182f, kLn2Rest = -1.90465430e-9f;
  constexpr float kTail[] = {0.5f, 0.166666657f, 0.041666463f, 0.00833357126f, 0.00139350875f, 0.000197394722f};
  const F32 n = Round(Mul(x, Fill(kLog2E)));
  const F32 r = Fma(n, Fill(-kLn2Rest), Fma(n, Fill(-kLn2), x));
  return {n, Fma(Mul(r, r), Polynomial(r, kTail), r)};
}

inline F32 Exp(F32 x) {
  // e^-105 rounds to 0 and e^90 to infinity. A NaN fails both comparisons and stays.
  const ExpParts e = SplitExp(Smaller(Fill(90.0f), Larger(Fill(-105.0f), x)));
  return TimesPowerOfTwo(Add(e.less_one, Fill(1.0f)), e.n);
}

// e^x - 1 for x <= 60 without loss near 0.
inline F32 ExpLessOne(F32 x) {
  const ExpParts e = SplitExp(Larger(Fill(-30.0f), x));  // e^-30 - 1 rounds to -1
  const F32 power = TimesPowerOfTwo(Fill(1.0f), e.n);
  return Fma(power, e.less_one, Sub(power, Fill(1.0f)));
}

// log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)].
inline F32 LogNearOne(F32 f) {
  constexpr float kTail[] = {0.333333135f,  -0.250000089f, 0.200020716f,  -0.166679889f, 0.142203584f,
                             -0.124062337f, 0.118835486f,  -0.116700977f, 0.0674926788f};
  return Fma(Mul(f, f), Fma(f, Polynomial(f, kTail), Fill(-0.5f)), f);
}

inline F32 Log(F32 x) {
  constexpr float kLn2 = 0.693147182f, kLn2Rest = -1.90465430e-9f, kSmallestNormal = 1.17549435e-38f;
  const F32 infinity = FromBits(FillI(0x7f800000));
  const Mask denormal = Less(x, Fill(kSmallestNormal));
  const I32 bits = BitsOf(Pick(denormal, Mul(x, Fill(8388608.0f)), x));  // 2^23
  const I32 exponent = ShiftRight(SubI(bits, FillI(0x3f3504f3)), 23);    // of sqrt(1/2)
  const F32 n = Add(ToFloat(exponent), Pick(denormal, Fill(-23.0f), Fill(0.0f)));
  const F32 near_one = LogNearOne(Sub(FromBits(SubI(bits, ShiftLeft(exponent, 23))), Fill(1.0f)));
  F32 y = Fma(n, Fill(kLn2), Fma(n, Fill(kLn2Rest), near_one));
  y = Pick(Equal(x, infinity), infinity, y);
  y = Pick(Equal(x, Fill(0.0f)), Negate(infinity), y);
  return Pick(Or(Less(x, Fill(0.0f)), IsNan(x)), FromBits(FillI(0x7fc00000)), y);
}

// log(1 + u) for u in [0, 1], without loss near 0; NaN stays.
inline F32 LogOnePlusFraction(F32 u) {
  const Mask upper = Less(Fill(0.414213568f), u);  // 1 + u above sqrt(2): log 2 + log((1 + u) / 2)
  const F32 y = LogNearOne(Pick(upper, Fma(Fill(0.5f), u, Fill(-0.5f)), u));
  return Pick(upper, Add(Fill(0.693147182f), y), y);
}

inline F32 Sigmoid(F32 x) {
  const F32 e = Exp(Negate(Abs(x)));
  return Div(Pick(Less(x, Fill(0.0f)), e, Fill(1.0f)), Add(e, Fill(1.0f)));
}

inline F32 Tanh(F32 x) {
  // (e^2|x| - 1) / (e^2|x| + 1); 1 from |x| = 9.02 on.
  const F32 twice = Smaller(Fill(20.0f), Mul(Abs(x), Fill(2.0f)));
  const F32 less_one = ExpLessOne(twice);
  return CopySign(Div(less_one, Add(less_one, Fill(2.0f))), x);
}

// For |x| < kErfBend erf by its series in x * x, above 1 - erf as e to a polynomial.
constexpr float kErfBend = 0.927734375f;
inline F32 ErfNearZero(F32 x) {
  constexpr float kSeries[] = {0.128379166f,  -0.376126289f,  0.112836257f,  -0.026855737f,
                               0.00519243814f, -0.000805038435f, 8.00027919e-05f};
  return Fma(Polynomial(Mul(x, x), kSeries), x, x);
}
inline F32 ErfComplement(F32 t) {
  constexpr float kLogarithm[] = {-0.12865217f,   -0.635135889f,   -0.106263168f,  0.0237853508f,
                                  -0.00365375821f, 0.000325649336f, -1.1521759e-05f};
  const F32 bounded = Smaller(Fill(15.0f), t);  // already 0 there
  return Exp(Sub(Mul(bounded, Polynomial(bounded, kLogarithm)), bounded));
}

inline F32 Erf(F32 x) {
  const F32 t = Abs(x);
  const F32 far = CopySign(Sub(Fill(1.0f), ErfComplement(t)), x);
  return Pick(Less(t, Fill(kErfBend)), ErfNearZero(x), far);
}

}  // namespace
}  // namespace gossamer
