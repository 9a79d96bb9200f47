// The body of softmax_f32, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/simd/float_math.h"
#include "kernels/simd/fold_row.h"
#include "kernels/softmax_f32/softmax_f32.h"

namespace gossamer {
namespace {

// Without NaN: Larger takes its second operand where the first is NaN, and the row becomes NaN by its exponentials. The
// largest has no order of operations; which of two zeros it is changes nothing.
inline float LargestOf(const float* x, size_t count) {
  F32 acc[kRowVectors];
  const F32 pad = Fill(-INFINITY);
  GOSSAMER_UNROLL
  for (size_t v = 0; v < kRowVectors; ++v) acc[v] = pad;
  ForRowVectors(count,
                [&](size_t i, size_t lanes, size_t v) { acc[v] = Larger(LoadLanes(x + i, lanes, pad), acc[v]); });
  GOSSAMER_UNROLL
  for (size_t half = kRowVectors / 2; half > 0; half /= 2) {
    GOSSAMER_UNROLL
    for (size_t v = 0; v < half; ++v) acc[v] = Larger(acc[v], acc[v + half]);
  }
  return LargestLane(acc[0]);
}

template <bool kStoreExponentials>
inline float SumExponentials(const float* x, size_t count, float largest, float* y) {
  const F32 m = Fill(largest), pad = Fill(-INFINITY);
  F32 acc[kRowVectors];
  GOSSAMER_UNROLL
  for (size_t v = 0; v < kRowVectors; ++v) acc[v] = Fill(0.0f);
  ForRowVectors(count, [&](size_t i, size_t lanes, size_t v) {
    const F32 e = Exp(Sub(LoadLanes(x + i, lanes, pad), m));
    acc[v] = Add(acc[v], e);
    if (kStoreExponentials) StoreLanes(y + i, e, lanes);
  });
  return SumPartials(acc);
}

template <class Function>
inline void MapRow(const float* x, size_t count, float* y, const Function& function) {
  const F32 pad = Fill(0.0f);
  for (size_t i = 0; i < count; i += kLanes) {
    const size_t lanes = count - i < kLanes ? count - i : kLanes;
    StoreLanes(y + i, function(LoadLanes(x + i, lanes, pad)), lanes);
  }
}

// Rows of the logarithm. Those of a few short rows are taken in one vector: one by one they would be a chain each.
inline void LogRows(const float* x, size_t rows, size_t cols, float* y) {
  constexpr size_t kTogether = 16, kShort = 512;
  const size_t together = cols <= kShort ? kTogether : 1;
  for (size_t first = 0; first < rows; first += together) {
    const size_t count = rows - first < together ? rows - first : together;
    float largest[kTogether], log_sums[kTogether] = {};
    for (size_t r = 0; r < count; ++r) {
      largest[r] = LargestOf(x + r * cols, cols);
      log_sums[r] = SumExponentials<false>(x + r * cols, cols, largest[r], nullptr);
    }
    for (size_t r = 0; r < count; r += kLanes) Store(log_sums + r, Log(Load(log_sums + r)));
    for (size_t r = 0; r < count; ++r, x += cols, y += cols) {
      const F32 m = Fill(largest[r]), log_sum = Fill(log_sums[r]);
      MapRow(x, cols, y, [m, log_sum](F32 v) { return Sub(Sub(v, m), log_sum); });
    }
  }
}

// kLanes columns, or the first `lanes` of them.
inline void SoftmaxColumnVector(Softmax kind, const float* x, size_t rows, size_t lanes, size_t stride, float* y) {
  const F32 pad = Fill(0.0f);
  F32 m = Fill(-INFINITY), sum = pad;
  for (size_t r = 0; r < rows; ++r) m = Larger(LoadLanes(x + r * stride, lanes, pad), m);
  for (size_t r = 0; r < rows; ++r) {
    const F32 e = Exp(Sub(LoadLanes(x + r * stride, lanes, pad), m));
    sum = Add(sum, e);
    if (kind == Softmax::kSoftmax) StoreLanes(y + r * stride, e, lanes);
  }
  const F32 reciprocal = Div(Fill(1.0f), sum), log_sum = Log(sum);
  for (size_t r = 0; r < rows; ++r) {
    if (kind == Softmax::kSoftmax) {
      StoreLanes(y + r * stride, Mul(LoadLanes(y + r * stride, lanes, pad), reciprocal), lanes);
    } else {
      StoreLanes(y + r * stride, Sub(Sub(LoadLanes(x + r * stride, lanes, pad), m), log_sum), lanes);
    }
  }
}

}  // namespace

void GOSSAMER_SIMD(SoftmaxF32)(Softmax kind, const float* x, size_t rows, size_t cols, float* y) {
  if (kind == Softmax::kLog) return LogRows(x, rows, cols, y);
  for (size_t r = 0; r < rows; ++r, x += cols, y += cols) {
    const float largest = LargestOf(x, cols);
    const F32 reciprocal = Div(Fill(1.0f), Fill(SumExponentials<true>(x, cols, largest, y)));
    MapRow(y, cols, y, [reciprocal](F32 e) { return Mul(e, reciprocal); });
  }
}

void GOSSAMER_SIMD(SoftmaxColumnsF32)(Softmax kind, const float* x, size_t rows, size_t cols, size_t stride,
                                      float* y) {
  for (size_t c = 0; c < cols; c += kLanes) {
    SoftmaxColumnVector(kind, x + c, rows, cols - c < kLanes ? cols - c : kLanes, stride, y + c);
  }
}

}  // namespace gossamer
