// The body of cross_entropy_grad_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/cross_entropy_grad_f32/cross_entropy_grad_f32.h"
#include "kernels/simd/float_math.h"

namespace gossamer {
namespace {

inline F32 LoadUpTo(const float* p, size_t lanes) { return lanes == kLanes ? Load(p) : LoadFirst(p, lanes); }
inline void StoreUpTo(float* p, F32 v, size_t lanes) {
  if (lanes == kLanes) {
    Store(p, v);
  } else {
    StoreFirst(p, v, lanes);
  }
}

// Of the classes that are not the label, and of the label: p - t = (p - 1) - (share - smoothing).
inline F32 GradElsewhere(F32 log_prob, F32 factor, F32 share) { return Mul(factor, Sub(Exp(log_prob), share)); }
inline F32 GradAtLabel(F32 log_prob, F32 factor, F32 share, F32 smoothing) {
  return Mul(factor, Sub(ExpLessOne(Smaller(Fill(0.0f), log_prob)), Sub(share, smoothing)));
}

}  // namespace

void GOSSAMER_SIMD(CrossEntropyGradF32)(const SmoothedLabels& to, const float* log_prob, size_t rows, size_t classes,
                                        float* dx) {
  const F32 smoothing = Fill(to.smoothing), share = Fill(to.smoothing / static_cast<float>(classes));
  for (size_t r = 0; r < rows; ++r, log_prob += classes, dx += classes) {
    if (to.factors[r] == 0) {
      for (size_t c = 0; c < classes; ++c) dx[c] = 0;
      continue;
    }
    const F32 factor = Fill(to.factors[r]);
    const size_t label = static_cast<size_t>(to.labels[r]);
    const F32 at_label = GradAtLabel(Fill(log_prob[label]), factor, share, smoothing);
    for (size_t c = 0; c < classes; c += kLanes) {
      const size_t lanes = classes - c < kLanes ? classes - c : kLanes;
      StoreUpTo(dx + c, GradElsewhere(LoadUpTo(log_prob + c, lanes), factor, share), lanes);
    }
    StoreFirst(dx + label, at_label, 1);
  }
}

void GOSSAMER_SIMD(CrossEntropyGradColumnsF32)(const SmoothedLabels& to, const float* log_prob, size_t classes,
                                               size_t cols, size_t stride, float* dx) {
  const F32 smoothing = Fill(to.smoothing), share = Fill(to.smoothing / static_cast<float>(classes));
  const F32 zero = Fill(0.0f);
  for (size_t c = 0; c < cols; c += kLanes) {
    const size_t lanes = cols - c < kLanes ? cols - c : kLanes;
    const F32 factor = LoadUpTo(to.factors + c, lanes);
    const Mask none = Equal(factor, zero);
    float labelled[kLanes] = {};
    for (size_t i = 0; i < lanes; ++i) {
      labelled[i] = log_prob[static_cast<size_t>(to.labels[c + i]) * stride + c + i];
    }
    for (size_t r = 0; r < classes; ++r) {
      const F32 v = LoadUpTo(log_prob + r * stride + c, lanes);
      StoreUpTo(dx + r * stride + c, Pick(none, zero, GradElsewhere(v, factor, share)), lanes);
    }
    Store(labelled, Pick(none, zero, GradAtLabel(Load(labelled), factor, share, smoothing)));
    for (size_t i = 0; i < lanes; ++i) dx[static_cast<size_t>(to.labels[c + i]) * stride + c + i] = labelled[i];
  }
}

}  // namespace gossamer
