#include "kernels/gemm_f64/gemm_f64.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

std::vector<double> Doubles(size_t count, unsigned seed, bool awkward) {
  const std::vector<float> values = awkward ? AwkwardFloats(count, seed) : NormalFloats(count, seed);
  const std::vector<float> more = NormalFloats(count, seed + 100);
  std::vector<double> doubles(count);
  for (size_t i = 0; i < count; ++i) doubles[i] = values[i] + 1e-9 * static_cast<double>(more[i]);
  return doubles;
}

size_t Extent(size_t rows, size_t columns, size_t stride) { return rows == 0 ? 0 : (rows - 1) * stride + columns; }

bool SameDoubles(const std::vector<double>& x, const std::vector<double>& y) {
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(std::isnan(x[i]) && std::isnan(y[i])) && std::memcmp(&x[i], &y[i], sizeof(double)) != 0) return false;
  }
  return x.size() == y.size();
}

}  // namespace

TEST_CASE("SubtractProductF64: the definition is close to sums in long double") {
  const size_t m = 7, n = 11, k = 23, a_stride = 9, b_stride = 12, c_stride = 13;
  const std::vector<double> a = Doubles(Extent(k, m, a_stride), 1, false);
  const std::vector<double> b = Doubles(Extent(k, n, b_stride), 2, false);
  const std::vector<double> start = Doubles(Extent(m, n, c_stride), 3, false);
  std::vector<double> c = start;
  SubtractProductF64Scalar(a.data(), a_stride, b.data(), b_stride, k, c.data(), c_stride, m, n);
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) {
      long double sum = start[i * c_stride + j], magnitude = std::fabs(start[i * c_stride + j]);
      for (size_t p = 0; p < k; ++p) {
        const long double product = static_cast<long double>(a[p * a_stride + i]) * b[p * b_stride + j];
        sum -= product;
        magnitude += std::fabs(product);
      }
      // One rounding a step, each of at most half a unit of a partial sum.
      const long double bound = static_cast<long double>(k) * 0x1p-53L * magnitude;
      CHECK(std::fabs(static_cast<long double>(c[i * c_stride + j]) - sum) <= bound);
    }
  }
}

TEST_CASE("SubtractProductF64: every variant has the bits of the definition, inside its memory") {
  for (const Variant<SubtractProductF64Fn>& variant : Runnable(SubtractProductF64Variants())) {
    CAPTURE(IsaName(variant.isa));
    for (size_t m : {0, 1, 2, 5, 6, 7, 12, 13}) {
      for (size_t n : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 67, 97}) {
        for (size_t k : {0, 1, 5, 18}) {
          for (Edge edge : {Edge::kFront, Edge::kBack}) {
            const bool awkward = (m + n + k) % 3 == 0;
            const size_t a_stride = m + 1, b_stride = n + 3, c_stride = n + 2;
            const unsigned seed = static_cast<unsigned>(m * 10000 + n * 100 + k);
            Guarded<double> a(Doubles(Extent(k, m, a_stride), seed, awkward), edge);
            Guarded<double> b(Doubles(Extent(k, n, b_stride), seed + 1, awkward), edge);
            std::vector<double> expected = Doubles(Extent(m, n, c_stride), seed + 2, awkward);
            Guarded<double> c(expected, edge);
            SubtractProductF64Scalar(a.data(), a_stride, b.data(), b_stride, k, expected.data(), c_stride, m, n);
            variant.fn(a.data(), a_stride, b.data(), b_stride, k, c.data(), c_stride, m, n);
            REQUIRE(SameDoubles(c.Copy(), expected));
          }
        }
      }
    }
  }
}

TEST_CASE("SubtractProductF64: k may be split") {
  const size_t m = 9, n = 37, k = 20;
  const std::vector<double> a = Doubles(k * m, 1, false), b = Doubles(k * n, 2, false);
  std::vector<double> whole = Doubles(m * n, 3, false), parts = whole;
  SubtractProductF64()(a.data(), m, b.data(), n, k, whole.data(), n, m, n);
  SubtractProductF64()(a.data(), m, b.data(), n, 7, parts.data(), n, m, n);
  SubtractProductF64()(a.data() + 7 * m, m, b.data() + 7 * n, n, k - 7, parts.data(), n, m, n);
  CHECK(SameDoubles(whole, parts));
}
