// The body of reduce_f32, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/reduce_f32/reduce_f32.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

template <Reduce kKind>
inline F32 Step(F32 acc, F32 v) {
  if constexpr (kKind == Reduce::kSum) return Add(acc, v);
  if constexpr (kKind == Reduce::kSumAbs) return Add(acc, Abs(v));
  if constexpr (kKind == Reduce::kSumSquares) return Fma(v, v, acc);
  if constexpr (kKind == Reduce::kMax) return MaxOf(acc, v);
  if constexpr (kKind == Reduce::kMin) return MinOf(acc, v);
  return Mul(acc, v);
}
template <Reduce kKind>
constexpr float Identity() {
  return kKind == Reduce::kMax ? -INFINITY : kKind == Reduce::kMin ? INFINITY : kKind == Reduce::kProd ? 1.0f : 0.0f;
}
template <Reduce kKind>
constexpr bool IsSum() {
  return kKind == Reduce::kSum || kKind == Reduce::kSumAbs || kKind == Reduce::kSumSquares;
}

template <Reduce kKind>
inline void Rows(const float* x, size_t rows, size_t cols, size_t stride, float* y) {
  const auto step = [](F32 acc, F32 v) { return Step<kKind>(acc, v); };
  for (size_t r = 0; r < rows; ++r) {
    if constexpr (IsSum<kKind>()) {
      y[r] = SumRow(x + r * stride, cols, 0.0f, step);
    } else {
      y[r] = FoldRow(x + r * stride, cols, Identity<kKind>(), step);
    }
  }
}

// kVectors vectors of columns; the last of them has `lanes` columns.
template <Reduce kKind, size_t kVectors>
inline void ColumnVectors(const float* x, size_t rows, size_t lanes, size_t stride, float* y) {
  F32 acc[kVectors];
  const F32 pad = Fill(0.0f);
  for (size_t v = 0; v < kVectors; ++v) acc[v] = Fill(Identity<kKind>());
  for (size_t r = 0; r < rows; ++r) {
    const float* row = x + r * stride;
    for (size_t v = 0; v + 1 < kVectors; ++v) acc[v] = Step<kKind>(acc[v], Load(row + v * kLanes));
    constexpr size_t kLast = kVectors - 1;
    acc[kLast] = Step<kKind>(acc[kLast], LoadLanes(row + kLast * kLanes, lanes, pad));
  }
  for (size_t v = 0; v + 1 < kVectors; ++v) Store(y + v * kLanes, acc[v]);
  StoreLanes(y + (kVectors - 1) * kLanes, acc[kVectors - 1], lanes);
}

template <Reduce kKind>
inline void Columns(const float* x, size_t rows, size_t cols, size_t stride, float* y) {
  size_t c = 0;
  for (; c + 4 * kLanes <= cols; c += 4 * kLanes) ColumnVectors<kKind, 4>(x + c, rows, kLanes, stride, y + c);
  const size_t vectors = (cols - c + kLanes - 1) / kLanes, lanes = cols - c - (vectors - 1) * kLanes;
  if (vectors == 1) ColumnVectors<kKind, 1>(x + c, rows, lanes, stride, y + c);
  if (vectors == 2) ColumnVectors<kKind, 2>(x + c, rows, lanes, stride, y + c);
  if (vectors == 3) ColumnVectors<kKind, 3>(x + c, rows, lanes, stride, y + c);
  if (vectors == 4) ColumnVectors<kKind, 4>(x + c, rows, lanes, stride, y + c);
}

}  // namespace

void GOSSAMER_SIMD(ReduceRowsF32)(Reduce kind, const float* x, size_t rows, size_t cols, size_t stride, float* y) {
  switch (kind) {
    case Reduce::kSum: return Rows<Reduce::kSum>(x, rows, cols, stride, y);
    case Reduce::kSumAbs: return Rows<Reduce::kSumAbs>(x, rows, cols, stride, y);
    case Reduce::kSumSquares: return Rows<Reduce::kSumSquares>(x, rows, cols, stride, y);
    case Reduce::kMax: return Rows<Reduce::kMax>(x, rows, cols, stride, y);
    case Reduce::kMin: return Rows<Reduce::kMin>(x, rows, cols, stride, y);
    case Reduce::kProd: return Rows<Reduce::kProd>(x, rows, cols, stride, y);
  }
}

void GOSSAMER_SIMD(ReduceColumnsF32)(Reduce kind, const float* x, size_t rows, size_t cols, size_t stride, float* y) {
  switch (kind) {
    case Reduce::kSum: return Columns<Reduce::kSum>(x, rows, cols, stride, y);
    case Reduce::kSumAbs: return Columns<Reduce::kSumAbs>(x, rows, cols, stride, y);
    case Reduce::kSumSquares: return Columns<Reduce::kSumSquares>(x, rows, cols, stride, y);
    case Reduce::kMax: return Columns<Reduce::kMax>(x, rows, cols, stride, y);
    case Reduce::kMin: return Columns<Reduce::kMin>(x, rows, cols, stride, y);
    case Reduce::kProd: return Columns<Reduce::kProd>(x, rows, cols, stride, y);
  }
}

}  // namespace gossamer
