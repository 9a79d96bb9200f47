#include "kernels/gemm_f32/matmul.h"

#include <algorithm>

#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

void TransposeFloats(const float* x, size_t rows, size_t columns, size_t stride, float* out, size_t out_stride) {
  static Transpose32Fn& transpose = Select(Transpose32Variants());
  transpose(reinterpret_cast<const uint32_t*>(x), rows, columns, stride, reinterpret_cast<uint32_t*>(out), out_stride);
}

inline void Prefetch(const float* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at);
#endif
}

// Rows of b, each over all strips: rows far apart in memory are then touched once.
void CopyRows(const MatMulF32& p, size_t n0, size_t n1, float* packed) {
  // Rows: one of its own page is not foreseen by the processor. Some 128 lines are on their way.
  const size_t ahead = std::max<size_t>(8, 2048 / std::max<size_t>(n1 - n0, 1));
  const size_t whole = (n1 - n0) / kStripF32, rest = (n1 - n0) % kStripF32, strip_count = p.k * kStripF32;
  for (size_t t = 0; t < p.k; ++t, packed += kStripF32) {
    const float* row = p.b + t * p.b_row + n0;
    if (t + ahead < p.k) {
      for (size_t i = 0; i < n1 - n0; i += 16) Prefetch(row + ahead * p.b_row + i);
    }
    float* strip = packed;
    for (size_t s = 0; s < whole; ++s, strip += strip_count, row += kStripF32) std::copy_n(row, kStripF32, strip);
    if (rest != 0) std::fill(std::copy_n(row, rest, strip), strip + kStripF32, 0.0f);
  }
}

}  // namespace

bool ReadsInPlace(const MatMulF32& p) {
  constexpr size_t kFewRows = 16, kSmall = 64 << 10;
  return p.b_column == 1 && p.alpha == 1 && (p.m <= kFewRows || p.k * p.b_row <= kSmall);
}

void PackColumnsF32(const MatMulF32& p, size_t n0, size_t n1, float* packed) {
  const size_t strip_count = p.k * kStripF32;
  if (p.b_column == 1) {
    CopyRows(p, n0, n1, packed);
  } else {
    for (size_t n = n0; n < n1; n += kStripF32) {
      float* strip = packed + (n - n0) * p.k;
      const size_t columns = std::min(kStripF32, n1 - n);
      if (columns < kStripF32) std::fill_n(strip, strip_count, 0.0f);
      TransposeFloats(p.b + n * p.b_column, columns, p.k, p.b_column, strip, kStripF32);
    }
  }
  if (p.alpha != 1) {
    for (size_t i = 0; i < PackedCountF32(p.k, n1 - n0); ++i) packed[i] *= p.alpha;
  }
}

void RunMatMulF32(const MatMulF32& p, const WeightsF32& b, size_t m0, size_t m1, size_t n0, size_t n1,
                  const FloatOutput& output) {
  if (p.a_column == 1 || p.k <= 1) {
    GemmF32()(p.a, {nullptr, p.m, 1, p.k, p.a_row}, m0, m1, b, n0, n1, output);
    return;
  }
  // Blocks of k, for each of which the rows of a and b that belong to a tile stay in the second-level cache, also where
  // they lie at the same place of their pages. A residual that lies in y must stay there until the sums are complete.
  constexpr size_t kBlock = 256;
  const size_t blocks = output.residual == output.y ? 1 : std::max<size_t>(1, p.k / kBlock);
  for (size_t i = 0; i < blocks; ++i) {
    const size_t first = p.k * i / blocks, end = p.k * (i + 1) / blocks;
    const WeightsF32 of_block{b.data + first * b.row_stride, end - first, b.n, b.row_stride, b.strip_stride};
    FloatOutput sums = output;
    if (i + 1 < blocks) sums = {nullptr, nullptr, 0, {Activation::kNone, 0, 0}, output.y, output.y_stride};
    sums.goes_on = i > 0;
    GemmTransposedF32()(p.a + first * p.a_column, p.a_column, m0, m1, of_block, n0, n1, sums);
  }
}

}  // namespace gossamer
