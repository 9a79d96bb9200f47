#include "kernels/error_stats/error_stats.h"

#include <doctest/doctest.h>

#include "kernels/error_stats/tensor.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

bool Same(const ErrorSums& a, const ErrorSums& b) {
  return SameBits<double>({a.squared_error, a.squared_reference, a.squared_actual, a.dot, a.max_error},
                          {b.squared_error, b.squared_reference, b.squared_actual, b.dot, b.max_error}) &&
         a.non_finite == b.non_finite;
}

// In long double, in plain order.
ErrorSums Oracle(const std::vector<float>& a, const std::vector<float>& b) {
  long double error2 = 0, a2 = 0, b2 = 0, dot = 0, max = 0;
  uint64_t non_finite = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      ++non_finite;
      continue;
    }
    const long double x = a[i], y = b[i], d = x - y;
    error2 += d * d;
    a2 += x * x;
    b2 += y * y;
    dot += x * y;
    max = d > max ? d : -d > max ? -d : max;
  }
  return {static_cast<double>(error2), static_cast<double>(a2),  static_cast<double>(b2),
          static_cast<double>(dot),    static_cast<double>(max), non_finite};
}

}  // namespace

TEST_CASE("ErrorBlock: every variant gives the definition's bits, and the oracle's values") {
  for (const auto& variant : Runnable(ErrorBlockVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    std::vector<size_t> lengths = AwkwardLengths();
    lengths.push_back(kErrorBlock);
    for (size_t n : lengths) {
      for (bool awkward : {false, true}) {
        const std::vector<float> a = awkward ? AwkwardFloats(n, 1) : NormalFloats(n, 1);
        std::vector<float> b = awkward ? AwkwardFloats(n, 2) : NormalFloats(n, 2, 0.1f);
        ErrorSums expected;
        ErrorBlockScalar(a.data(), b.data(), n, &expected);
        const ErrorSums oracle = Oracle(a, b);
        CHECK(expected.squared_error == doctest::Approx(oracle.squared_error).epsilon(1e-12));
        CHECK(expected.squared_reference == doctest::Approx(oracle.squared_reference).epsilon(1e-12));
        CHECK(expected.squared_actual == doctest::Approx(oracle.squared_actual).epsilon(1e-12));
        if (!awkward) CHECK(std::fabs(expected.dot - oracle.dot) < 1e-9);
        CHECK(expected.max_error == doctest::Approx(oracle.max_error).epsilon(1e-15));
        CHECK(expected.non_finite == oracle.non_finite);
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in_a(a, edge), in_b(b, edge, 4);
          ErrorSums sums;
          variant.fn(in_a.data(), in_b.data(), n, &sums);
          REQUIRE(Same(sums, expected));
        }
      }
    }
  }
}

TEST_CASE("ComputeErrorStats has the same bits at every thread count") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (size_t n : {size_t{0}, size_t{5}, kErrorBlock, 5 * kErrorBlock + 3, size_t{300001}}) {
    const std::vector<float> a = NormalFloats(n, 1), b = NormalFloats(n, 2);
    ErrorSums first{};
    for (unsigned t : {1u, 2u, 5u}) {
      ThreadPool::Process().SetThreads(t);
      ErrorSums sums{};
      CHECK(ComputeErrorStats(a.data(), b.data(), n, &sums, nullptr));
      if (t == 1) first = sums;
      CHECK(Same(sums, first));
    }
    CHECK(first.squared_error == doctest::Approx(Oracle(a, b).squared_error).epsilon(1e-12));
  }
  ThreadPool::Process().SetThreads(threads);
}
