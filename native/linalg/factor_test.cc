#include "linalg/factor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// The sum of x xᵀ over 2 n + 3 vectors: well conditioned. What lies below the diagonal is no number.
std::vector<double> Moment(size_t n, unsigned seed) {
  const size_t count = 2 * n + 3;
  const std::vector<float> x = NormalFloats(count * n, seed);
  std::vector<double> sums(n * n, std::nan(""));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      sums[i * n + j] = 0;
      for (size_t v = 0; v < count; ++v) sums[i * n + j] += static_cast<double>(x[v * n + i]) * x[v * n + j];
    }
  }
  return sums;
}

double Largest(const std::vector<double>& values) {
  double largest = 0;
  for (double v : values) largest = std::max(largest, std::isnan(v) ? 0 : std::fabs(v));
  return largest;
}

// Largest |sum over p of a[p, i] b[p, j] - expected[i, j]|, j >= i, with a[p, i] at a[p * n + i].
double Residual(const std::vector<double>& a, const std::vector<double>& b, size_t n,
                const std::vector<double>& expected) {
  double worst = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      double sum = 0;
      for (size_t p = 0; p < n; ++p) sum += a[p * n + i] * b[p * n + j];
      worst = std::max(worst, std::fabs(sum - expected[i * n + j]));
      if (std::isnan(sum)) return sum;
    }
  }
  return worst;
}

std::vector<double> Identity(size_t n, double times) {
  std::vector<double> identity(n * n);
  for (size_t i = 0; i < n; ++i) identity[i * n + i] = times;
  return identity;
}

std::vector<double> Mirrored(std::vector<double> a, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) a[i * n + j] = a[j * n + i];
  }
  return a;
}

std::vector<double> Transposed(const std::vector<double>& a, size_t n) {
  std::vector<double> turned(a.size());
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) turned[j * n + i] = a[i * n + j];
  }
  return turned;
}

// Roundings of n products, times a condition number below 100 (n of 2 n + 3 vectors); a spare factor of 10.
double Bound(size_t n, double magnitude) { return 0x1p-53 * static_cast<double>(n) * 1000 * magnitude; }

}  // namespace

TEST_CASE("factorizations and inverses multiply back to the matrix") {
  for (size_t n : {0, 1, 2, 15, 16, 17, 95, 96, 97, 192, 250}) {
    CAPTURE(n);
    const std::vector<double> moment = Moment(n, static_cast<unsigned>(n));
    Guarded<double> a(moment, Edge::kBack), out(n * n, Edge::kBack);
    size_t failed_at = 0;
    REQUIRE(Cholesky(a.data(), n, out.data(), &failed_at, nullptr));
    REQUIRE(failed_at == kFactored);
    CHECK(Residual(out.Copy(), out.Copy(), n, moment) <= Bound(n, Largest(moment)));

    REQUIRE(InverseSpd(a.data(), n, out.data(), &failed_at, nullptr));
    REQUIRE(failed_at == kFactored);
    const std::vector<double> inverse = out.Copy();
    CHECK(SameBits(Mirrored(inverse, n), inverse));
    CHECK(Residual(inverse, Mirrored(moment, n), n, Identity(n, 1)) <= Bound(n, Largest(moment) * Largest(inverse)));

    REQUIRE(ReverseCholesky(a.data(), n, 0, out.data(), &failed_at, nullptr));
    REQUIRE(failed_at == kFactored);
    const std::vector<double> turned = Transposed(out.Copy(), n);
    CHECK(Residual(turned, turned, n, moment) <= Bound(n, Largest(moment)));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < i; ++j) REQUIRE(out.data()[i * n + j] == 0);
    }
  }
}

TEST_CASE("ReverseCholesky adds lambda to the diagonal and keeps dead columns apart") {
  const size_t n = 5;
  std::vector<double> a = Identity(n, 4), r(n * n);
  a[3 * n + 3] = 0;
  size_t failed_at = 0;
  REQUIRE(ReverseCholesky(a.data(), n, 5, r.data(), &failed_at, nullptr));
  for (size_t i = 0; i < n; ++i) {
    CHECK(r[i * n + i] == doctest::Approx(std::sqrt(i == 3 ? 6.0 : 9.0)).epsilon(1e-15));
  }
}

TEST_CASE("what is not positive definite is told by its row") {
  const size_t n = 120;
  for (double bad : {-1.0, 0.0, std::nan(""), static_cast<double>(INFINITY)}) {
    std::vector<double> a = Identity(n, 1), out(n * n);
    a[100 * n + 100] = bad;
    size_t failed_at = 0;
    REQUIRE(Cholesky(a.data(), n, out.data(), &failed_at, nullptr));
    CHECK(failed_at == 100);
    REQUIRE(InverseSpd(a.data(), n, out.data(), &failed_at, nullptr));
    CHECK(failed_at == 100);
    REQUIRE(ReverseCholesky(a.data(), n, 0, out.data(), &failed_at, nullptr));
    CHECK(failed_at == (bad == 0 ? kFactored : 100));
  }
}

TEST_CASE("the same bits at every number of threads, in place, and an end when told to") {
  const size_t n = 300;
  const std::vector<double> a = Moment(n, 9);
  std::vector<double> one(n * n), four = a;
  const unsigned threads = ThreadPool::Process().Threads();
  size_t failed_at = 0;
  ThreadPool::Process().SetThreads(1);
  REQUIRE(ReverseCholesky(a.data(), n, 0.1, one.data(), &failed_at, nullptr));
  ThreadPool::Process().SetThreads(4);
  REQUIRE(ReverseCholesky(four.data(), n, 0.1, four.data(), &failed_at, nullptr));
  CHECK(SameBits(one, four));
  const std::atomic<int32_t> abort{1};
  CHECK_FALSE(Cholesky(a.data(), n, four.data(), &failed_at, &abort));
  CHECK_FALSE(InverseSpd(a.data(), n, four.data(), &failed_at, &abort));
  CHECK_FALSE(ReverseCholesky(a.data(), n, 0, four.data(), &failed_at, &abort));
  ThreadPool::Process().SetThreads(threads);
}
