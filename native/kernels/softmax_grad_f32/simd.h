// The body of softmax_grad_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/simd/float_math.h"
#include "kernels/simd/fold_row.h"
#include "kernels/softmax_grad_f32/softmax_grad_f32.h"

namespace gossamer {
namespace {

// What is summed along the axis: dy * y, or dy.
template <Softmax kKind>
inline F32 AddTerm(F32 sum, F32 dy, F32 y) {
  return kKind == Softmax::kSoftmax ? Fma(dy, y, sum) : Add(sum, dy);
}
template <Softmax kKind>
inline F32 Gradient(F32 dy, F32 y, F32 sum) {
  return kKind == Softmax::kSoftmax ? Mul(y, Sub(dy, sum)) : Fma(Negate(Exp(y)), sum, dy);
}

template <Softmax kKind>
inline void GradRows(const float* dy, const float* y, size_t rows, size_t cols, float* dx) {
  const F32 pad = Fill(0.0f);
  for (size_t r = 0; r < rows; ++r, dy += cols, y += cols, dx += cols) {
    F32 acc[kRowVectors];
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kRowVectors; ++v) acc[v] = pad;
    ForRowVectors(cols, [&](size_t i, size_t lanes, size_t v) {
      acc[v] = AddTerm<kKind>(acc[v], LoadLanes(dy + i, lanes, pad), LoadLanes(y + i, lanes, pad));
    });
    const F32 sum = Fill(SumPartials(acc));
    ForRowVectors(cols, [&](size_t i, size_t lanes, size_t) {
      StoreLanes(dx + i, Gradient<kKind>(LoadLanes(dy + i, lanes, pad), LoadLanes(y + i, lanes, pad), sum), lanes);
    });
  }
}

template <Softmax kKind>
inline void GradColumns(const float* dy, const float* y, size_t rows, size_t cols, size_t stride, float* dx) {
  const F32 pad = Fill(0.0f);
  for (size_t c = 0; c < cols; c += kLanes) {
    const size_t lanes = cols - c < kLanes ? cols - c : kLanes;
    F32 sum = pad;
    for (size_t r = 0; r < rows; ++r) {
      const size_t at = r * stride + c;
      sum = AddTerm<kKind>(sum, LoadLanes(dy + at, lanes, pad), LoadLanes(y + at, lanes, pad));
    }
    for (size_t r = 0; r < rows; ++r) {
      const size_t at = r * stride + c;
      StoreLanes(dx + at, Gradient<kKind>(LoadLanes(dy + at, lanes, pad), LoadLanes(y + at, lanes, pad), sum), lanes);
    }
  }
}

}  // namespace

void GOSSAMER_SIMD(SoftmaxGradF32)(Softmax kind, const float* dy, const float* y, size_t rows, size_t cols,
                                   float* dx) {
  if (kind == Softmax::kSoftmax) {
    GradRows<Softmax::kSoftmax>(dy, y, rows, cols, dx);
  } else {
    GradRows<Softmax::kLog>(dy, y, rows, cols, dx);
  }
}

void GOSSAMER_SIMD(SoftmaxGradColumnsF32)(Softmax kind, const float* dy, const float* y, size_t rows, size_t cols,
                                          size_t stride, float* dx) {
  if (kind == Softmax::kSoftmax) {
    GradColumns<Softmax::kSoftmax>(dy, y, rows, cols, stride, dx);
  } else {
    GradColumns<Softmax::kLog>(dy, y, rows, cols, stride, dx);
  }
}

}  // namespace gossamer
