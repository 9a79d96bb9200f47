// Histograms: the kernel against the definition, and whole arrays against the definition over the same bins.
#include "kernels/histogram/histogram.h"

#include "fuzz/input.h"
#include "kernels/histogram/tensor.h"
#include "kernels/min_max/min_max.h"

using namespace gossamer;

namespace {

std::vector<double> Sums(const std::vector<uint32_t>& tables, HistogramBins bins) {
  std::vector<double> sums(2 * static_cast<size_t>(bins.half));
  for (size_t t = 0; t < kHistogramTables; ++t) {
    for (size_t bin = 0; bin < sums.size(); ++bin) sums[bin] += tables[t * HistogramTableSize(bins) + bin];
  }
  return sums;
}

std::vector<double> Definition(const float* x, size_t count, HistogramBins bins, uint64_t* zeros) {
  std::vector<uint32_t> tables(kHistogramTables * HistogramTableSize(bins));
  CountBinsScalar(x, count, bins, tables.data(), zeros);
  return Sums(tables, bins);
}

void FuzzKernel(Input& input) {
  const HistogramBins bins{input.Range(HistogramBins::kMinExponent, 122), 1u << input.Range(6, 11)};
  const size_t count = input.Size(300);
  Exact<float> x(input.Floats(count), input);
  uint64_t expected_zeros = 0;
  const std::vector<double> expected = Definition(x.data(), count, bins, &expected_zeros);
  ForEachVariant(CountBinsVariants(), [&](CountBinsFn& fn, const char* isa) {
    Exact<uint32_t> tables(std::vector<uint32_t>(kHistogramTables * HistogramTableSize(bins)), input);
    uint64_t zeros = 0;
    fn(x.data(), count, bins, tables.data(), &zeros);
    Require(SameBits(Sums(tables.Copy(), bins), expected) && zeros == expected_zeros, "CountBins", isa);
  });
}

void FuzzArray(Input& input) {
  const uint32_t half = 1u << input.Range(6, 11);
  const size_t count = input.Size(300);
  Exact<float> x(input.Floats(count), input);
  Exact<double> counts(2 * static_cast<size_t>(half), input);
  HistogramSummary summary{};
  Require(CountHistogram(x.data(), count, half, counts.data(), &summary, nullptr), "CountHistogram ended");
  Require(summary.exponent >= HistogramBins::kMinExponent && summary.exponent <= 122, "CountHistogram exponent");
  MinMaxResult range{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), 0, 0};
  MinMaxScalar(x.data(), count, &range);
  Require(SameBits<float>({range.min, range.max}, {summary.range.min, summary.range.max}), "CountHistogram range");
  uint64_t zeros = 0;
  const std::vector<double> expected = Definition(x.data(), count, {summary.exponent, half}, &zeros);
  Require(SameBits(counts.Copy(), expected) && zeros == summary.zero_count, "CountHistogram");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  if (input.Bool()) {
    FuzzKernel(input);
  } else {
    FuzzArray(input);
  }
  return 0;
}
