// Training steps in place: a weight, its gradient and what the rule remembers (slots) are read and written once each.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// How a step follows from the gradient. Slots: kMomentum and kNesterov the velocity, kRmsprop the mean square, kAdam
// and kAmsgrad the first and second moment (kAmsgrad also the largest second moment so far), kLion the momentum. The
// numbers are those of the face to JavaScript (packages/kernels/src/optimizer-rule.ts). AdamW is kAdam with other coefficients.
enum class OptimizerRule : uint8_t { kSgd, kMomentum, kNesterov, kRmsprop, kAdam, kAmsgrad, kLion };
constexpr size_t kOptimizerRules = 7;
constexpr size_t kMaxOptimizerSlots = 3;
constexpr size_t kOptimizerSlots[kOptimizerRules] = {0, 1, 1, 1, 2, 3, 1};

// One step t of one rule, with learning rate lr.
struct OptimizerCoefficients {
  float gradient_factor;  // of the gradient: clipping by a norm, means of accumulated gradients
  float l2;               // times the weight, added to the gradient
  float shrink;           // of the weight: 1 - lr * decay where decay is decoupled, else 1
  float step;             // lr; over the first moment's bias correction 1 - beta1^t in kAdam and kAmsgrad
  float first_keep;       // momentum or beta1
  float first_take;       // 1 - dampening or 1 - beta1
  float second_keep;      // beta2; RMSProp's alpha
  float second_take;      // 1 - second_keep
  float root_factor;      // 1 / sqrt(1 - beta2^t), of the root of the second moment
  float epsilon;          // added to the root
  float threshold;        // lr * l1: what the weight's magnitude then loses (proximal step)
};
constexpr size_t kOptimizerCoefficients = 11;
static_assert(sizeof(OptimizerCoefficients) == kOptimizerCoefficients * sizeof(float), "filled from one array");

enum class MaskType : uint8_t { kNone, kBytes, kFloats };

struct OptimizerTensor {
  float* weight;
  const float* gradient;
  float* slots[kMaxOptimizerSlots];  // as many as the rule has
  const void* mask;                  // element 0: the weight and its slots become 0
  MaskType mask_type;
  size_t count;
};

// Elements [begin, end) of a tensor, with g = gradient_factor * gradient + l2 * w and every sum of a product fused:
//   kSgd       u = g
//   kMomentum  s = first_keep * s + first_take * g, u = s
//   kNesterov  s as there, u = g + first_keep * s
//   kRmsprop   s = second_keep * s + (second_take * g) * g, u = g / (sqrt(s) + epsilon)
//   kAdam      m = first_keep * m + first_take * g, v = second_keep * v + (second_take * g) * g,
//              u = m / (sqrt(v) * root_factor + epsilon)
//   kAmsgrad   m, v as there, x = max(x, v), u = m / (sqrt(x) * root_factor + epsilon)
//   kLion      u = sign(first_keep * m + first_take * g), m = second_keep * m + second_take * g
// then w = shrink * w - step * u, 0 where |w| <= threshold, else that much nearer to 0. NaN stays. No arrays
// overlap; any alignment. Bit-exact across variants, but for which NaN is made.
// Sources: Sutskever et al., ICML 2013, and PyTorch's form of it; Hinton, lecture 6e; Kingma and Ba, ICLR 2015,
// Algorithm 1; Reddi et al., ICLR 2018, Algorithm 2, with the bias correction of PyTorch; Chen et al., 2023
// (arXiv:2302.06675), Algorithm 2; Loshchilov and Hutter, ICLR 2019 (shrink).
using OptimizerStepFn = void(OptimizerRule rule, const OptimizerCoefficients& c, const OptimizerTensor& tensor,
                             size_t begin, size_t end);

// Elements of one block of a sum of squares; blocks are independent, and their sums are added in order.
constexpr size_t kSquaresBlock = 4096;
constexpr size_t kSquaresPartials = 32;

// The sum of x[i] * x[i], i < count <= kSquaresBlock, in double: element i goes to partial sum i % 32, in order, and
// the 32 are folded by halves: p[j] + p[j + 16], then + 8, ... + 1. NaN and infinities stay.
using SumOfSquaresFn = double(const float* x, size_t count);

// x[i] *= factor, i < count.
using ScaleF32Fn = void(float* x, float factor, size_t count);

// y[i] += x[i], i < count; y and x do not overlap.
using AddToF32Fn = void(float* y, const float* x, size_t count);

OptimizerStepFn OptimizerStepScalar, OptimizerStepAvx2, OptimizerStepAvx512, OptimizerStepNeon;
SumOfSquaresFn SumOfSquaresScalar, SumOfSquaresAvx2, SumOfSquaresAvx512, SumOfSquaresNeon;
ScaleF32Fn ScaleF32Scalar, ScaleF32Avx2, ScaleF32Avx512, ScaleF32Neon;
AddToF32Fn AddToF32Scalar, AddToF32Avx2, AddToF32Avx512, AddToF32Neon;
VariantList<OptimizerStepFn> OptimizerStepVariants();
VariantList<SumOfSquaresFn> SumOfSquaresVariants();
VariantList<ScaleF32Fn> ScaleF32Variants();
VariantList<AddToF32Fn> AddToF32Variants();
OptimizerStepFn& OptimizerStep();  // best ones for this CPU
SumOfSquaresFn& SumOfSquares();
ScaleF32Fn& ScaleF32();
AddToF32Fn& AddToF32();

}  // namespace gossamer
