// Gradient of the cross entropy of a softmax with respect to the logits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"

namespace gossamer {

// log_prob: the logarithms of the softmax p of C classes, none above 0 (one at the label counts as 0). With t the
// smoothed label ((1 - smoothing) where the class is the label, plus smoothing / C everywhere) and `factor` what
// multiplies the loss of a position:
//   dx = factor * (p - t), p = exp(log_prob); at the label p - 1 is taken without loss near p = 1
// A position whose factor is 0 gets zeros, whatever it holds. Every label is in [0, classes): the caller sees to it.
struct SmoothedLabels {
  const int64_t* labels;
  const float* factors;  // one a position, as labels
  float smoothing;
};

// rows positions of `classes` floats, one after the other. dx may be log_prob. Bit-exact across variants, but for the
// bits of NaN, as the next.
using CrossEntropyGradF32Fn = void(const SmoothedLabels& to, const float* log_prob, size_t rows, size_t classes,
                                   float* dx);

// cols positions side by side; their classes are `stride` floats apart.
using CrossEntropyGradColumnsF32Fn = void(const SmoothedLabels& to, const float* log_prob, size_t classes, size_t cols,
                                          size_t stride, float* dx);

CrossEntropyGradF32Fn CrossEntropyGradF32Scalar, CrossEntropyGradF32Avx2, CrossEntropyGradF32Avx512,
    CrossEntropyGradF32Neon;
CrossEntropyGradColumnsF32Fn CrossEntropyGradColumnsF32Scalar, CrossEntropyGradColumnsF32Avx2,
    CrossEntropyGradColumnsF32Avx512, CrossEntropyGradColumnsF32Neon;

VariantList<CrossEntropyGradF32Fn> CrossEntropyGradF32Variants();
VariantList<CrossEntropyGradColumnsF32Fn> CrossEntropyGradColumnsF32Variants();

CrossEntropyGradF32Fn& CrossEntropyGradF32();  // best one for this CPU
CrossEntropyGradColumnsF32Fn& CrossEntropyGradColumnsF32();

}  // namespace gossamer
