#include "linalg/follow_inputs.h"

#include "kernels/gemm_f64/gemm_f64.h"
#include "linalg/panels.h"

namespace gossamer {
namespace {

constexpr size_t kRows = 64;   // rows of w that are multiplied together, side by side
constexpr size_t kDeep = 256;  // columns of them that stay in the second-level cache meanwhile
constexpr size_t kShort = 16;  // columns that are solved one by one

// Columns c0 .. c1 - 1, which lie in one panel, of y [columns, kRows] -= aᵀ x, of rows p0 .. p1 - 1 of a and x.
void Subtract(const PanelMatrix& a, size_t p0, size_t p1, size_t c0, size_t c1, const double* x, size_t rows,
              double* y) {
  const size_t panel = c0 / kMatrixPanel;
  for (size_t p = p0; p < p1; p += kDeep) {
    SubtractProductF64()(a.Row(panel, p) + (c0 - PanelBegin(panel)), kMatrixPanel, x + p * kRows, kRows,
                         std::min(kDeep, p1 - p), y + c0 * kRows, kRows, c1 - c0, rows);
  }
}

void Divide(double* x, size_t c, double divisor, size_t rows) {
  for (size_t r = 0; r < rows; ++r) x[c * kRows + r] /= divisor;
}

// x becomes the solution of rᵀ x = what it was, r upper: from the first column on.
void SolveForward(const PanelMatrix& r, double* x, size_t rows) {
  const size_t n = r.Size();
  for (size_t c0 = 0; c0 < n;) {
    const size_t c1 = std::min(PanelEnd(c0 / kMatrixPanel, n), c0 + kShort);
    Subtract(r, 0, c0, c0, c1, x, rows, x);
    for (size_t c = c0; c < c1; ++c) {
      Subtract(r, c0, c, c, c + 1, x, rows, x);
      Divide(x, c, r.At(c, c), rows);
    }
    c0 = c1;
  }
}

// The same of r x, given l = rᵀ: from the last column on.
void SolveBackward(const PanelMatrix& l, double* x, size_t rows) {
  const size_t n = l.Size();
  for (size_t c1 = n; c1 > 0;) {
    const size_t begin = PanelBegin((c1 - 1) / kMatrixPanel), c0 = std::max(begin + kShort, c1) - kShort;
    Subtract(l, c1, n, c0, c1, x, rows, x);
    for (size_t c = c1; c-- > c0;) {
      Subtract(l, c + 1, c1, c, c + 1, x, rows, x);
      Divide(x, c, l.At(c, c), rows);
    }
    c1 = c0;
  }
}

template <class Element>
bool FillRows(const PanelMatrix& to, const Element& element, AbortFlag abort) {
  return ThreadPool::Process().ParallelFor(PanelsOf(to.Size()), abort, [&](size_t panel) {
    const size_t begin = PanelBegin(panel), end = PanelEnd(panel, to.Size());
    for (size_t p = to.First(panel); p < to.End(panel); ++p) {
      for (size_t c = begin; c < end; ++c) to.Row(panel, p)[c - begin] = element(p, c);
    }
  });
}

}  // namespace

bool FollowInputs(const float* w, size_t rows, size_t columns, const double* second, const double* cross,
                  const double* r, float* out, AbortFlag abort) {
  if (rows == 0 || columns == 0) return true;
  using Shape = PanelMatrix::Shape;
  const size_t n = columns;
  const PanelMatrix drift(n, Shape::kFull), upper(n, Shape::kUpper), lower(n, Shape::kLower);
  if (!FillRows(drift, [&](size_t p, size_t c) { return cross[p * n + c] - second[p * n + c]; }, abort)) return false;
  if (!FillRows(upper, [&](size_t p, size_t c) { return r[p * n + c]; }, abort)) return false;
  if (!FillRows(lower, [&](size_t p, size_t c) { return r[c * n + p]; }, abort)) return false;
  return ThreadPool::Process().ParallelFor((rows + kRows - 1) / kRows, abort, [&](size_t tile) {
    const size_t first = tile * kRows, count = std::min(kRows, rows - first);
    const std::unique_ptr<double[]> x(new double[n * kRows]()), y(new double[n * kRows]());
    for (size_t c = 0; c < n; ++c) {
      for (size_t i = 0; i < count; ++i) x[c * kRows + i] = w[(first + i) * n + c];
    }
    for (size_t c = 0; c < n; c += kMatrixPanel) {
      Subtract(drift, 0, n, c, std::min(n, c + kMatrixPanel), x.get(), count, y.get());
    }
    SolveBackward(lower, y.get(), count);
    SolveForward(upper, y.get(), count);
    // The product was subtracted.
    for (size_t i = 0; i < count; ++i) {
      const size_t at = (first + i) * n;
      for (size_t c = 0; c < n; ++c) out[at + c] = static_cast<float>(w[at + c] - y[c * kRows + i]);
    }
  });
}

}  // namespace gossamer
