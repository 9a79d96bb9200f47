#include "kernels/histogram/histogram.h"

#include <doctest/doctest.h>

#include <numeric>

#include "kernels/histogram/tensor.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// In double, by the words of the contract.
std::vector<double> Oracle(const std::vector<float>& x, int exponent, uint32_t half) {
  std::vector<double> counts(2 * half);
  for (float v : x) {
    if (!std::isfinite(v)) continue;
    const double m = std::fmin(std::floor(std::fabs(static_cast<double>(v)) * std::pow(2.0, -exponent)), half - 1.0);
    ++counts[static_cast<size_t>(v < 0 ? half - 1 - m : half + m)];
  }
  return counts;
}

std::vector<double> Fold(const std::vector<double>& counts) {
  const size_t half = counts.size() / 2;
  std::vector<double> folded(counts.size());
  for (size_t m = 0; m < half; ++m) {
    folded[half + m / 2] += counts[half + m];
    folded[half - 1 - m / 2] += counts[half - 1 - m];
  }
  return folded;
}

}  // namespace

TEST_CASE("CountBins: every variant counts as the oracle, clamps what is outside and skips what is not finite") {
  for (const auto& variant : Runnable(CountBinsVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t n : AwkwardLengths()) {
      for (int exponent : {-100, -3, 0, 60, 122}) {
        for (uint32_t half : {64u, 1024u}) {
          const std::vector<float> x = AwkwardFloats(n, static_cast<unsigned>(n), 1.0f);
          const HistogramBins bins{exponent, half};
          for (Edge edge : {Edge::kFront, Edge::kBack}) {
            Guarded<float> in(x, edge, 4);
            const size_t size = HistogramTableSize(bins);
            Guarded<uint32_t> tables(std::vector<uint32_t>(kHistogramTables * size), edge);
            uint64_t zeros = 0;
            variant.fn(in.data(), n, bins, tables.data(), &zeros);
            const std::vector<uint32_t> out = tables.Copy();
            std::vector<double> sums(2 * half);
            for (size_t i = 0; i < out.size(); ++i) {
              if (i % size < sums.size()) sums[i % size] += out[i];
            }
            REQUIRE(sums == Oracle(x, exponent, half));
            uint64_t expected_zeros = 0;
            for (float v : x) expected_zeros += v == 0;
            REQUIRE(zeros == expected_zeros);
          }
        }
      }
    }
  }
}

TEST_CASE("folding pairs of bins gives exactly the counts of bins twice as wide") {
  std::vector<float> all = AwkwardFloats(20000, 3);
  for (float v : {1e-45f, -1e-45f, -1.0f, 1.0f, -2.0f, 2.0f, -3e38f}) all.push_back(v);
  const auto count = [](const std::vector<float>& x, int exponent) {
    const HistogramBins bins{exponent, 1024};
    std::vector<uint32_t> tables(kHistogramTables * HistogramTableSize(bins));
    std::vector<double> counts(2 * bins.half);
    uint64_t zeros = 0;
    CountBins()(x.data(), x.size(), bins, tables.data(), &zeros);
    for (size_t i = 0; i < tables.size(); ++i) {
      if (i % HistogramTableSize(bins) < counts.size()) counts[i % HistogramTableSize(bins)] += tables[i];
    }
    return counts;
  };
  for (int exponent : {-100, -10, -1, 0, 5, 118}) {
    std::vector<float> x;  // what the narrow bins hold
    for (float v : all) {
      if (!(std::fabs(v) >= std::ldexp(1024.0, exponent))) x.push_back(v);
    }
    CHECK(x.size() > 500);
    CHECK((Fold(count(x, exponent)) == count(x, exponent + 1)));
  }
}

TEST_CASE("NarrowestExponent: the range holds the magnitude and half of it would not") {
  for (float magnitude : {1.0f, 0.99f, 1.01f, 3e38f, 1e-20f, 1024.0f, 1023.9f}) {
    for (uint32_t half : {64u, 4096u}) {
      const int32_t exponent = NarrowestExponent(magnitude, half);
      CHECK(std::ldexp(static_cast<double>(half), exponent) > magnitude);
      CHECK(std::ldexp(static_cast<double>(half), exponent - 1) <= magnitude);
    }
  }
  CHECK(NarrowestExponent(0, 4096) == HistogramBins::kMinExponent);
  CHECK(NarrowestExponent(1e-45f, 4096) == HistogramBins::kMinExponent);
}

TEST_CASE("CountHistogram is the same at every thread count") {
  const unsigned threads = ThreadPool::Process().Threads();
  const std::vector<float> x = AwkwardFloats((size_t{1} << 21) + 77, 8);
  std::vector<double> first(256), counts(256);
  for (unsigned t : {1u, 4u}) {
    ThreadPool::Process().SetThreads(t);
    HistogramSummary summary{};
    CHECK(CountHistogram(x.data(), x.size(), 128, counts.data(), &summary, nullptr));
    CHECK(counts == Oracle(x, summary.exponent, 128));
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    CHECK(total == static_cast<double>(x.size() - summary.range.nan_count - summary.range.inf_count));
  }
  ThreadPool::Process().SetThreads(threads);
}
