// The body of binary_f32, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/binary_f32/binary_f32.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

template <Binary kKind>
inline F32 Apply(F32 a, F32 b) {
  if constexpr (kKind == Binary::kAdd) return Add(a, b);
  if constexpr (kKind == Binary::kSub) return Sub(a, b);
  if constexpr (kKind == Binary::kMul) return Mul(a, b);
  if constexpr (kKind == Binary::kDiv) return Div(a, b);
  if constexpr (kKind == Binary::kMin) return MinOf(a, b);
  if constexpr (kKind == Binary::kMax) return MaxOf(a, b);
  return Pick(Less(a, Fill(0.0f)), Mul(a, b), a);
}

template <Binary kKind, bool kStepA, bool kStepB>
inline void Row(const float* a, const float* b, size_t count, float* y) {
  const F32 fill_a = Fill(*a), fill_b = Fill(*b);
  size_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const F32 first = Apply<kKind>(kStepA ? Load(a + i) : fill_a, kStepB ? Load(b + i) : fill_b);
    const F32 second = Apply<kKind>(kStepA ? Load(a + i + kLanes) : fill_a, kStepB ? Load(b + i + kLanes) : fill_b);
    Store(y + i, first);
    Store(y + i + kLanes, second);
  }
  for (; i < count; i += kLanes) {
    const size_t lanes = count - i < kLanes ? count - i : kLanes;
    const F32 va = kStepA ? LoadLanes(a + i, lanes, fill_a) : fill_a;
    const F32 vb = kStepB ? LoadLanes(b + i, lanes, fill_b) : fill_b;
    StoreLanes(y + i, Apply<kKind>(va, vb), lanes);
  }
}

template <Binary kKind, bool kStepA, bool kStepB>
inline void Rows(BinaryOperand a, BinaryOperand b, size_t rows, size_t cols, float* y) {
  for (size_t r = 0; r < rows; ++r) {
    Row<kKind, kStepA, kStepB>(a.data + r * a.row_stride, b.data + r * b.row_stride, cols, y + r * cols);
  }
}

template <Binary kKind>
inline void Matrix(BinaryOperand a, BinaryOperand b, size_t rows, size_t cols, float* y) {
  if (a.step != 0 && b.step != 0) return Rows<kKind, true, true>(a, b, rows, cols, y);
  if (a.step != 0) return Rows<kKind, true, false>(a, b, rows, cols, y);
  if (b.step != 0) return Rows<kKind, false, true>(a, b, rows, cols, y);
  Rows<kKind, false, false>(a, b, rows, cols, y);
}

}  // namespace

void GOSSAMER_SIMD(BinaryF32)(Binary kind, BinaryOperand a, BinaryOperand b, size_t rows, size_t cols, float* y) {
  if (cols == 0) return;
  switch (kind) {
    case Binary::kAdd: return Matrix<Binary::kAdd>(a, b, rows, cols, y);
    case Binary::kSub: return Matrix<Binary::kSub>(a, b, rows, cols, y);
    case Binary::kMul: return Matrix<Binary::kMul>(a, b, rows, cols, y);
    case Binary::kDiv: return Matrix<Binary::kDiv>(a, b, rows, cols, y);
    case Binary::kMin: return Matrix<Binary::kMin>(a, b, rows, cols, y);
    case Binary::kMax: return Matrix<Binary::kMax>(a, b, rows, cols, y);
    case Binary::kPrelu: return Matrix<Binary::kPrelu>(a, b, rows, cols, y);
  }
}

}  // namespace gossamer
