#include "linalg/factor.h"

#include <cmath>

#include "kernels/gemm_f64/gemm_f64.h"
#include "linalg/panels.h"

namespace gossamer {
namespace {

constexpr size_t kDeep = 256;  // rows of two operands that stay in the second-level cache while a tile is updated
constexpr size_t kShort = 16;  // rows that are solved one by one

// c (rows of panel j of `of` from row i0 on, m of them) -= a[p, i0 + ..]ᵀ b[p, ..] over rows p0 .. p1 - 1 of panel i of
// a and panel j of b.
void Subtract(const PanelMatrix& a, size_t i, const PanelMatrix& b, size_t j, size_t p0, size_t p1, size_t i0, size_t m,
              double* c) {
  const size_t n = PanelEnd(j, b.Size()) - PanelBegin(j);
  for (size_t p = p0; p < p1; p += kDeep) {
    SubtractProductF64()(a.Row(i, p) + (i0 - PanelBegin(i)), kMatrixPanel, b.Row(j, p), kMatrixPanel,
                         std::min(kDeep, p1 - p), c, kMatrixPanel, m, n);
  }
}

// Forward substitution within the diagonal block i of v: rows of the block in panel j of x become solutions of vᵀ x =
// what they were. With `factors`, x is v and j is i: each row's pivot becomes its root first; a pivot that is not
// positive ends it and is told.
size_t SolveBlock(const PanelMatrix& v, size_t i, const PanelMatrix& x, size_t j, bool factors) {
  const size_t first = PanelBegin(i), end = PanelEnd(i, v.Size()), columns = PanelEnd(j, x.Size()) - PanelBegin(j);
  for (size_t s = first; s < end; s += kShort) {
    const size_t rows = std::min(kShort, end - s);
    Subtract(v, i, x, j, first, s, s, rows, x.Row(j, s));
    for (size_t r = s; r < s + rows; ++r) {
      double* row = x.Row(j, r);
      Subtract(v, i, x, j, s, r, r, 1, row);
      double& pivot = v.Row(i, r)[r - first];
      if (factors) {
        if (!(pivot > 0) || !std::isfinite(pivot)) return r;
        pivot = std::sqrt(pivot);
      }
      const double divisor = pivot;
      for (size_t c = factors ? r - first + 1 : 0; c < columns; ++c) row[c] /= divisor;
    }
  }
  return kFactored;
}

// v, whose upper triangle holds a, becomes its factor; of a diagonal block the lower triangle is then without meaning.
bool FactorPanels(const PanelMatrix& v, size_t* failed_at, AbortFlag abort) {
  ThreadPool& pool = ThreadPool::Process();
  const size_t n = v.Size(), panels = PanelsOf(n);
  *failed_at = kFactored;
  for (size_t i = 0; i < panels; ++i) {
    const size_t first = PanelBegin(i), rows = PanelEnd(i, n) - first;
    const bool updated = pool.ParallelFor(panels - i, abort, [&](size_t t) {
      Subtract(v, i, v, i + t, 0, first, first, rows, v.Row(i + t, first));
    });
    if (!updated) return false;
    *failed_at = SolveBlock(v, i, v, i, true);
    if (*failed_at != kFactored) return true;
    const auto solve = [&](size_t t) { SolveBlock(v, i, v, i + 1 + t, false); };
    if (!pool.ParallelFor(panels - i - 1, abort, solve)) return false;
  }
  return true;
}

// y = the inverse of vᵀ, lower. Panels do not depend on each other; the first ones take longest and begin.
bool InvertTransposed(const PanelMatrix& v, const PanelMatrix& y, AbortFlag abort) {
  const size_t n = v.Size(), panels = PanelsOf(n);
  return ThreadPool::Process().ParallelFor(panels, abort, [&](size_t j) {
    const size_t begin = PanelBegin(j);
    std::fill(y.Row(j, begin), y.Row(j, begin) + (n - begin) * kMatrixPanel, 0.0);
    for (size_t c = begin; c < PanelEnd(j, n); ++c) y.At(c, c) = 1;
    for (size_t i = j; i < panels; ++i) {
      const size_t first = PanelBegin(i);
      Subtract(v, i, y, j, begin, first, first, PanelEnd(i, n) - first, y.Row(j, first));
      SolveBlock(v, i, y, j, false);
    }
  });
}

// The upper triangle of the panels, element(row, column) in each place; in diagonal blocks zeros below. A few rows at a
// time, so that an element may lie in row or column order.
template <class Element>
bool FillUpper(const PanelMatrix& to, const Element& element, AbortFlag abort) {
  return ThreadPool::Process().ParallelFor(PanelsOf(to.Size()), abort, [&](size_t j) {
    const size_t begin = PanelBegin(j), end = PanelEnd(j, to.Size());
    for (size_t first = 0; first < end; first += kShort) {
      for (size_t c = begin; c < end; ++c) {
        for (size_t r = first; r < std::min(end, first + kShort); ++r) {
          to.Row(j, r)[c - begin] = r <= c ? element(r, c) : 0.0;
        }
      }
    }
  });
}

// The same of a matrix; a few columns at a time.
template <class Element>
bool FillUpperMatrix(double* out, size_t n, const Element& element, AbortFlag abort) {
  return ThreadPool::Process().ParallelFor(PanelsOf(n), abort, [&](size_t i) {
    const size_t begin = PanelBegin(i), end = PanelEnd(i, n);
    for (size_t r = begin; r < end; ++r) std::fill(out + r * n, out + r * n + r, 0.0);
    for (size_t first = begin; first < n; first += kShort) {
      const size_t last = std::min(n, first + kShort);
      for (size_t r = begin; r < std::min(end, last); ++r) {
        for (size_t c = std::max(r, first); c < last; ++c) out[r * n + c] = element(r, c);
      }
    }
  });
}

}  // namespace

bool Cholesky(const double* a, size_t n, double* out, size_t* failed_at, AbortFlag abort) {
  const PanelMatrix v(n, PanelMatrix::Shape::kUpper);
  if (!FillUpper(v, [&](size_t r, size_t c) { return a[r * n + c]; }, abort)) return false;
  if (!FactorPanels(v, failed_at, abort)) return false;
  if (*failed_at != kFactored) return true;
  return FillUpperMatrix(out, n, [&](size_t r, size_t c) { return v.At(r, c); }, abort);
}

bool InverseSpd(const double* a, size_t n, double* out, size_t* failed_at, AbortFlag abort) {
  const PanelMatrix v(n, PanelMatrix::Shape::kUpper), y(n, PanelMatrix::Shape::kLower);
  if (!FillUpper(v, [&](size_t r, size_t c) { return a[r * n + c]; }, abort)) return false;
  if (!FactorPanels(v, failed_at, abort)) return false;
  if (*failed_at != kFactored) return true;
  if (!InvertTransposed(v, y, abort)) return false;
  const size_t panels = PanelsOf(n);
  // The inverse is yᵀ y; its tile (i, j), i <= j, sums the rows that panel j has.
  return ThreadPool::Process().ParallelFor(panels * (panels + 1) / 2, abort, [&](size_t at) {
    size_t j = 0;
    while ((j + 1) * (j + 2) / 2 <= at) ++j;
    const size_t i = at - j * (j + 1) / 2, rows = PanelEnd(i, n) - PanelBegin(i);
    const std::unique_ptr<double[]> tile(new double[kMatrixPanel * kMatrixPanel]());
    Subtract(y, i, y, j, PanelBegin(j), n, PanelBegin(i), rows, tile.get());
    for (size_t r = PanelBegin(i); r < PanelEnd(i, n); ++r) {
      for (size_t c = std::max(r, PanelBegin(j)); c < PanelEnd(j, n); ++c) {
        const double value = 0.0 - tile[(r - PanelBegin(i)) * kMatrixPanel + c - PanelBegin(j)];
        out[r * n + c] = value;
        out[c * n + r] = value;
      }
    }
  });
}

bool ReverseCholesky(const double* a, size_t n, double lambda, double* out, size_t* failed_at, AbortFlag abort) {
  const PanelMatrix v(n, PanelMatrix::Shape::kUpper);
  // From the end: element (r, c) of what is factored is that of (n - 1 - r, n - 1 - c), read above the diagonal.
  const auto damped = [&](size_t r, size_t c) {
    const double value = a[(n - 1 - c) * n + n - 1 - r];
    return r != c ? value : (value == 0 ? 1 : value) + lambda;
  };
  if (!FillUpper(v, damped, abort)) return false;
  if (!FactorPanels(v, failed_at, abort)) return false;
  if (*failed_at != kFactored) {
    *failed_at = n - 1 - *failed_at;
    return true;
  }
  return FillUpperMatrix(out, n, [&](size_t r, size_t c) { return v.At(n - 1 - c, n - 1 - r); }, abort);
}

}  // namespace gossamer
