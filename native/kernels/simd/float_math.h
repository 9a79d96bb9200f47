// Elementary functions over the vector operations of one kernels/simd/ header, which is included first. Only additions,
// multiplications, divisions and fused multiply-adds: every instruction set gives the same bits. NaN stays NaN;
// infinities, signed zeros, denormal arguments and results are right. The largest errors against float64 in a sweep
// over all exponents (unary_f32_test.cc), in units in the last place: Exp 0.93, Log 1.1, Erf 0.98, Sigmoid 2.1, Tanh
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

// A function of t >= 0 that is constant from 6.5 steps on, by eight polynomials: lane k of c[0], c[1], ... belongs to
// the one about k * step, lane 7 is the constant. The function is value + distance * slope; distance of a NaN is NaN.
struct Piece {
  F32 value, slope, distance;
};
template <size_t kCount>
inline Piece PieceAt(F32 t, float step, const float (&c)[kCount][8]) {
  constexpr float kToWhole = 12582912.0f;  // 1.5 * 2^23: a sum with it is whole, its low bits are the other summand
  const F32 bounded = Smaller(Fill(7 * step), t);
  const F32 shifted = Fma(bounded, Fill(1 / step), Fill(kToWhole));
  const I32 lane = BitsOf(shifted);
  const F32 distance = Fma(Sub(shifted, Fill(kToWhole)), Fill(-step), bounded);
  F32 slope = LookUp(c[kCount - 1], lane);
  for (size_t i = kCount - 1; i-- > 1;) slope = Fma(slope, distance, LookUp(c[i], lane));
  return {LookUp(c[0], lane), slope, distance};
}

// The first polynomial is of erf(t) - t, which keeps results near 0 within a unit in the last place. A step at whose
// multiples erf is close to floats.
constexpr float kErfStep = 0.6083984375f;
constexpr float kErfPieces[8][8] = {
    {0.0f, 0.610434353f, 0.914714813f, 0.990154684f, 0.999421775f, 0.999983072f, 0.999999762f, 1.0f},
    {0.128379166f, 0.779294372f, 0.25670892f, 0.0403341912f, 0.00302272569f, 0.00010804808f, 1.84216435e-06f, 0.0f},
    {1.94379794e-07f, -0.474121362f, -0.312363803f, -0.0736139491f, -0.00735876616f, -0.000328053487f,
     -7.73804186e-06f, 0.0f},
    {-0.376132637f, -0.0674647167f, 0.167819321f, 0.0761335194f, 0.0109268539f, 0.000630551309f, 1.57524264e-05f, 0.0f},
    {6.93095062e-05f, 0.178517848f, 0.00208310876f, -0.0450546481f, -0.010770658f, -0.000866498507f, 2.23390975e-06f,
     0.0f},
    {0.112548798f, -0.023102561f, -0.0513547622f, 0.00995692983f, 0.0072811055f, 0.000844317314f, 3.3880704e-05f, 0.0f},
    {0.000170482468f, -0.0417989455f, 0.0192004908f, 0.0068688551f, -0.00348409219f, -0.00052305893f,
     -0.000240923677f, 0.0f},
    {-0.025633065f, 0.0117880199f, 0.00539582316f, -0.0053095594f, 0.000303309673f, 0.000349693117f, 2.93987996e-05f,
     0.0f},
};

inline F32 Erf(F32 x) {
  const F32 t = Abs(x);
  const Piece piece = PieceAt(t, kErfStep, kErfPieces);
  // t in the first piece, which ends below 0.5; the other values are above it.
  const F32 value = Larger(piece.value, Smaller(t, Fill(0.5f)));
  return CopySign(Fma(piece.distance, piece.slope, value), x);
}

}  // namespace
}  // namespace gossamer
