// The vector bodies of optimizer_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/optimizer_f32/optimizer_f32.h"

namespace gossamer {
namespace {

struct Coefficients {
  F32 gradient_factor, l2, shrink, minus_step, first_keep, first_take, second_keep, second_take, root_factor, epsilon,
      threshold;

  inline explicit Coefficients(const OptimizerCoefficients& c)
      : gradient_factor(Fill(c.gradient_factor)),
        l2(Fill(c.l2)),
        shrink(Fill(c.shrink)),
        minus_step(Fill(-c.step)),
        first_keep(Fill(c.first_keep)),
        first_take(Fill(c.first_take)),
        second_keep(Fill(c.second_keep)),
        second_take(Fill(c.second_take)),
        root_factor(Fill(c.root_factor)),
        epsilon(Fill(c.epsilon)),
        threshold(Fill(c.threshold)) {}
};

inline F32 Sign(F32 x) { return Pick(Less(Fill(0.0f), Abs(x)), CopySign(Fill(1.0f), x), x); }  // 0 and NaN stay

// The direction of the step; updates the slots.
template <OptimizerRule kRule>
inline F32 Direction(const Coefficients& c, F32 g, F32 (&slots)[kMaxOptimizerSlots]) {
  F32 &first = slots[0], &second = slots[1];
  switch (kRule) {  // constant
    case OptimizerRule::kSgd: return g;
    case OptimizerRule::kMomentum: return first = Fma(c.first_keep, first, Mul(c.first_take, g));
    case OptimizerRule::kNesterov:
      first = Fma(c.first_keep, first, Mul(c.first_take, g));
      return Fma(c.first_keep, first, g);
    case OptimizerRule::kRmsprop:
      first = Fma(c.second_keep, first, Mul(Mul(c.second_take, g), g));
      return Div(g, Add(Sqrt(first), c.epsilon));
    case OptimizerRule::kAdam:
    case OptimizerRule::kAmsgrad:
      first = Fma(c.first_keep, first, Mul(c.first_take, g));
      second = Fma(c.second_keep, second, Mul(Mul(c.second_take, g), g));
      if (kRule == OptimizerRule::kAmsgrad) slots[2] = Larger(slots[2], second);
      return Div(first, Fma(Sqrt(kRule == OptimizerRule::kAmsgrad ? slots[2] : second), c.root_factor, c.epsilon));
    case OptimizerRule::kLion: {
      const F32 direction = Sign(Fma(c.first_keep, first, Mul(c.first_take, g)));
      first = Fma(c.second_keep, first, Mul(c.second_take, g));
      return direction;
    }
  }
  return g;
}

template <MaskType kMask>
inline Mask Masked(const void* mask, size_t i, size_t lanes) {
  if (kMask == MaskType::kFloats) {
    const float* p = static_cast<const float*>(mask) + i;
    return Equal(lanes == kLanes ? Load(p) : LoadFirst(p, lanes), Fill(0.0f));
  }
  const uint8_t* p = static_cast<const uint8_t*>(mask) + i;
  return Equal(ToFloat(lanes == kLanes ? LoadUnsignedBytes(p) : LoadFirstUnsignedBytes(p, lanes)), Fill(0.0f));
}

// One vector, of which the first `lanes` elements are there.
template <OptimizerRule kRule, MaskType kMask, bool kIsWhole>
inline void StepVector(const Coefficients& c, const OptimizerTensor& tensor, size_t i, size_t lanes) {
  constexpr size_t kSlots = kOptimizerSlots[static_cast<size_t>(kRule)];
  const auto load = [&](const float* p) { return kIsWhole ? Load(p + i) : LoadFirst(p + i, lanes); };
  const F32 w = load(tensor.weight);
  F32 slots[kMaxOptimizerSlots];
  for (size_t s = 0; s < kSlots; ++s) slots[s] = load(tensor.slots[s]);
  const F32 g = Fma(c.l2, w, Mul(c.gradient_factor, load(tensor.gradient)));
  const F32 moved = Fma(c.minus_step, Direction<kRule>(c, g, slots), Mul(c.shrink, w));
  const F32 magnitude = Abs(moved), zero = Fill(0.0f);
  const Mask is_small = Or(Less(magnitude, c.threshold), Equal(magnitude, c.threshold));
  F32 nearer = Pick(is_small, zero, CopySign(Sub(magnitude, c.threshold), moved));
  if (kMask != MaskType::kNone) {
    const Mask masked = Masked<kMask>(tensor.mask, i, lanes);
    nearer = Pick(masked, zero, nearer);
    for (size_t s = 0; s < kSlots; ++s) slots[s] = Pick(masked, zero, slots[s]);
  }
  const auto store = [&](float* p, F32 v) {
    if (kIsWhole) {
      Store(p + i, v);
    } else {
      StoreFirst(p + i, v, lanes);
    }
  };
  store(tensor.weight, nearer);
  for (size_t s = 0; s < kSlots; ++s) store(tensor.slots[s], slots[s]);
}

template <OptimizerRule kRule, MaskType kMask>
inline void Step(const OptimizerCoefficients& coefficients, const OptimizerTensor& tensor, size_t begin, size_t end) {
  const Coefficients c(coefficients);
  const OptimizerTensor local = tensor;  // no store to an array can be one to it
  size_t i = begin;
  for (; i + kLanes <= end; i += kLanes) StepVector<kRule, kMask, true>(c, local, i, kLanes);
  if (i < end) StepVector<kRule, kMask, false>(c, local, i, end - i);
}

template <OptimizerRule kRule>
inline void StepRule(const OptimizerCoefficients& c, const OptimizerTensor& tensor, size_t begin, size_t end) {
  switch (tensor.mask_type) {
    case MaskType::kNone: return Step<kRule, MaskType::kNone>(c, tensor, begin, end);
    case MaskType::kBytes: return Step<kRule, MaskType::kBytes>(c, tensor, begin, end);
    case MaskType::kFloats: return Step<kRule, MaskType::kFloats>(c, tensor, begin, end);
  }
}

}  // namespace

void GOSSAMER_SIMD(OptimizerStep)(OptimizerRule rule, const OptimizerCoefficients& c, const OptimizerTensor& tensor,
                                  size_t begin, size_t end) {
  switch (rule) {
    case OptimizerRule::kSgd: return StepRule<OptimizerRule::kSgd>(c, tensor, begin, end);
    case OptimizerRule::kMomentum: return StepRule<OptimizerRule::kMomentum>(c, tensor, begin, end);
    case OptimizerRule::kNesterov: return StepRule<OptimizerRule::kNesterov>(c, tensor, begin, end);
    case OptimizerRule::kRmsprop: return StepRule<OptimizerRule::kRmsprop>(c, tensor, begin, end);
    case OptimizerRule::kAdam: return StepRule<OptimizerRule::kAdam>(c, tensor, begin, end);
    case OptimizerRule::kAmsgrad: return StepRule<OptimizerRule::kAmsgrad>(c, tensor, begin, end);
    case OptimizerRule::kLion: return StepRule<OptimizerRule::kLion>(c, tensor, begin, end);
  }
}

double GOSSAMER_SIMD(SumOfSquares)(const float* x, size_t count) {
  constexpr size_t kVectors = kSquaresPartials / kDoubleLanes;
  F64 sums[kVectors];
  for (F64& sum : sums) sum = FillD(0.0);
  const auto add = [&](F32 v, size_t first) {
    F64 wide[2];
    Widen(v, wide);
    for (size_t half = 0; half < 2; ++half) {
      F64& sum = sums[first / kDoubleLanes + half];
      sum = AddD(sum, MulD(wide[half], wide[half]));
    }
  };
  size_t i = 0;
  for (; i + kSquaresPartials <= count; i += kSquaresPartials) {
    for (size_t v = 0; v < kSquaresPartials; v += kLanes) add(Load(x + i + v), v);
  }
  for (size_t v = 0; i < count; i += kLanes, v += kLanes) {
    add(count - i < kLanes ? LoadFirst(x + i, count - i) : Load(x + i), v);
  }
  double p[kSquaresPartials];
  for (size_t v = 0; v < kVectors; ++v) StoreD(p + v * kDoubleLanes, sums[v]);
  for (size_t half = kSquaresPartials / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) p[j] += p[j + half];
  }
  return p[0];
}

void GOSSAMER_SIMD(ScaleF32)(float* x, float factor, size_t count) {
  const F32 f = Fill(factor);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store(x + i, Mul(Load(x + i), f));
  if (i < count) StoreFirst(x + i, Mul(LoadFirst(x + i, count - i), f), count - i);
}

void GOSSAMER_SIMD(AddToF32)(float* y, const float* x, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Store(y + i, Add(Load(y + i), Load(x + i)));
  if (i < count) StoreFirst(y + i, Add(LoadFirst(y + i, count - i), LoadFirst(x + i, count - i)), count - i);
}

}  // namespace gossamer
