#include "linalg/follow_inputs.h"

#include "kernels/gemm_f64/gemm_f64.h"
#include "linalg/panels.h"

namespace gossamer {
namespace {

constexpr size_t kRows = 64;   // rows of w that are multiplied together, side by side
constexpr size_t kDeep = 256;  // columns of them that stay in the second-level cache meanwhile

// y [columns, kRows] -= aᵀ x, x [columns, kRows]: rows of a that its shape has.
void SubtractProduct(const PanelMatrix& a, const double* x, size_t rows, double* y) {
  for (size_t panel = 0; panel < PanelsOf(a.Size()); ++panel) {
    const size_t begin = PanelBegin(panel), width = PanelEnd(panel, a.Size()) - begin;
    for (size_t p = a.First(panel); p < a.End(panel); p += kDeep) {
      SubtractProductF64()(a.Row(panel, p), kMatrixPanel, x + p * kRows, kRows, std::min(kDeep, a.End(panel) - p),
                           y + begin * kRows, kRows, width, rows);
    }
  }
}

template <class Element>
bool FillRows(const PanelMatrix& to, const Element& element, AbortFlag abort) {
  return ThreadPool::Process().ParallelFor(PanelsOf(to.Size()), abort, [&](size_t panel) {
    const size_t begin = PanelBegin(panel), end = PanelEnd(panel, to.Size());
    for (size_t r = to.First(panel); r < to.End(panel); ++r) {
      for (size_t c = begin; c < end; ++c) to.Row(panel, r)[c - begin] = element(r, c);
    }
  });
}

}  // namespace

bool FollowInputs(const float* w, size_t rows, size_t columns, const double* second, const double* cross,
                  const double* u, float* out, AbortFlag abort) {
  if (rows == 0 || columns == 0) return true;
  using Shape = PanelMatrix::Shape;
  const size_t n = columns;
  const PanelMatrix drift(n, Shape::kFull), upper(n, Shape::kUpper), lower(n, Shape::kLower);
  if (!FillRows(drift, [&](size_t r, size_t c) { return cross[r * n + c] - second[r * n + c]; }, abort)) return false;
  if (!FillRows(upper, [&](size_t r, size_t c) { return u[r * n + c]; }, abort)) return false;
  if (!FillRows(lower, [&](size_t r, size_t c) { return u[c * n + r]; }, abort)) return false;
  return ThreadPool::Process().ParallelFor((rows + kRows - 1) / kRows, abort, [&](size_t tile) {
    const size_t first = tile * kRows, count = std::min(kRows, rows - first);
    const std::unique_ptr<double[]> x(new double[n * kRows]()), y(new double[n * kRows]());
    for (size_t c = 0; c < n; ++c) {
      for (size_t r = 0; r < count; ++r) x[c * kRows + r] = w[(first + r) * n + c];
    }
    SubtractProduct(drift, x.get(), count, y.get());
    std::fill_n(x.get(), n * kRows, 0.0);
    SubtractProduct(lower, y.get(), count, x.get());
    std::fill_n(y.get(), n * kRows, 0.0);
    SubtractProduct(upper, x.get(), count, y.get());
    // Three products were subtracted: the sign is that of one.
    for (size_t r = 0; r < count; ++r) {
      const size_t at = (first + r) * n;
      for (size_t c = 0; c < n; ++c) out[at + c] = static_cast<float>(w[at + c] - y[c * kRows + r]);
    }
  });
}

}  // namespace gossamer
