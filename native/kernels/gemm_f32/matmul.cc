#include "kernels/gemm_f32/matmul.h"

#include <algorithm>

#include "engine/buffer.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

// Aligned memory of one thread; what it holds stays until it is asked for more.
class Kept {
 public:
  float* Floats(size_t count) {
    if (count > count_) {
      buffer_ = NewBuffer(count * sizeof(float) + kReadSlack);
      count_ = count;
    }
    return static_cast<float*>(buffer_.get());
  }

 private:
  Buffer buffer_;
  size_t count_ = 0;
};

void TransposeFloats(const float* x, size_t rows, size_t columns, size_t stride, float* out, size_t out_stride) {
  static Transpose32Fn& transpose = Select(Transpose32Variants());
  transpose(reinterpret_cast<const uint32_t*>(x), rows, columns, stride, reinterpret_cast<uint32_t*>(out), out_stride);
}

// Columns n0 .. n1 - 1 of b in strips.
void PackColumns(const MatMulF32& p, size_t n0, size_t n1, float* packed) {
  const size_t strips = StripsF32(n1 - n0), strip_count = p.k * kStripF32;
  if (p.b_column == 1 || p.k <= 1) {
    PackF32({p.b + n0 * p.b_column, n1 - n0, 1, p.k, p.b_column, 0, p.b_row}, 0, strips, p.alpha, packed);
    return;
  }
  for (size_t s = 0; s < strips; ++s) {
    const size_t n = n0 + s * kStripF32, columns = std::min(kStripF32, n1 - n);
    float* strip = packed + s * strip_count;
    if (columns < kStripF32) std::fill_n(strip, strip_count, 0.0f);
    TransposeFloats(p.b + n * p.b_column, columns, p.k, p.b_column, strip, kStripF32);
  }
  if (p.alpha != 1) {
    for (size_t i = 0; i < strips * strip_count; ++i) packed[i] *= p.alpha;
  }
}

}  // namespace

void RunMatMulF32(const MatMulF32& p, size_t m0, size_t m1, size_t n0, size_t n1, bool reuse,
                  const FloatOutput& output) {
  // Below so many rows a copy of b costs more than it saves; and a small b stays in the cache wherever it lies.
  constexpr size_t kFewRows = 16, kSmall = 64 << 10;
  static thread_local Kept columns_of_b, rows_of_a;
  FloatOutput shifted = output;
  shifted.y += m0 * output.y_stride;
  if (output.residual != nullptr) shifted.residual += m0 * output.residual_stride;

  const float* a = p.a + m0 * p.a_row;
  size_t a_stride = p.a_row;
  if (p.a_column != 1 && p.k > 1) {
    float* rows = rows_of_a.Floats((m1 - m0) * p.k);
    TransposeFloats(p.a + m0, p.k, m1 - m0, p.a_column, rows, p.k);
    a = rows;
    a_stride = p.k;
  }
  const ActivationRows rows{nullptr, m1 - m0, 1, p.k, a_stride};

  const bool in_place = p.b_column == 1 && p.alpha == 1 && (m1 - m0 <= kFewRows || p.k * p.b_row <= kSmall);
  if (in_place) {
    GemmF32()(a, rows, 0, m1 - m0, {p.b, p.k, p.n, p.b_row, kStripF32}, n0, n1, shifted);
    return;
  }
  float* packed = columns_of_b.Floats(PackedCountF32(p.k, n1 - n0));
  if (!reuse) PackColumns(p, n0, n1, packed);
  shifted.y += n0;
  if (shifted.bias != nullptr) shifted.bias += n0;
  if (shifted.residual != nullptr) shifted.residual += n0;
  GemmF32()(a, rows, 0, m1 - m0, PackedF32(packed, p.k, n1 - n0), 0, n1 - n0, shifted);
}

}  // namespace gossamer
