// Statistics of float arrays.
#include <algorithm>
#include <iterator>

#include "addon/layout.h"
#include "addon/operations.h"
#include "cuda/launch.h"
#include "kernels/error_stats/tensor.h"
#include "kernels/histogram/tensor.h"
#include "kernels/min_max/tensor.h"

namespace gossamer {

Work PrepareMinMaxTensor(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const TensorLayout layout = ReadLayout(args, 1, x.length);
  const Array<float> min = args.Out<float>(6, "min", layout.ParameterCount());
  const Array<float> max = args.Out<float>(7, "max", layout.ParameterCount());
  const Array<double> counts = args.Out<double>(8, "counts", 2);
  return [=](AbortFlag abort) {
    uint64_t nan_count = 0, inf_count = 0;
    const bool done = MinMaxTensor(x.data, layout, min.data, max.data, &nan_count, &inf_count, abort);
    counts.data[0] = static_cast<double>(nan_count);
    counts.data[1] = static_cast<double>(inf_count);
    return done;
  };
}

namespace {

using CountFn = bool(const float* x, size_t count, uint32_t half, double* counts, HistogramSummary* summary,
                     AbortFlag abort);

Work PrepareCount(Arguments& args, CountFn* count) {
  constexpr int32_t kMinBins = 128, kMaxBins = 65536;
  const Array<const float> x = args.In<float>(0, "x");
  const int32_t bins = args.Integer(1, "bins", kMinBins, kMaxBins);
  if ((bins & (bins - 1)) != 0) throw ArgumentError{"ERR_BAD_OPTION", "bins: expected a power of two"};
  const Array<double> counts = args.Out<double>(2, "counts", static_cast<size_t>(bins));
  const Array<double> summary = args.Out<double>(3, "summary", 6);
  return [=](AbortFlag abort) {
    HistogramSummary result{};
    const uint32_t half = static_cast<uint32_t>(bins) / 2;
    const bool done = count(x.data, x.length, half, counts.data, &result, abort);
    const double values[] = {static_cast<double>(result.exponent),
                             result.range.min,
                             result.range.max,
                             static_cast<double>(result.range.nan_count),
                             static_cast<double>(result.range.inf_count),
                             static_cast<double>(result.zero_count)};
    std::copy(std::begin(values), std::end(values), summary.data);
    return done;
  };
}

}  // namespace

Work PrepareCountHistogram(Arguments& args) { return PrepareCount(args, CountHistogram); }
Work PrepareCountHistogramCuda(Arguments& args) { return PrepareCount(args, CudaCountHistogram); }

Work PrepareErrorStats(Arguments& args) {
  const Array<const float> reference = args.In<float>(0, "reference"), actual = args.In<float>(1, "actual");
  RequireLength("actual", actual.length, reference.length);
  const Array<double> sums = args.Out<double>(2, "sums", 6);
  return [=](AbortFlag abort) {
    ErrorSums result{};
    const bool done = ComputeErrorStats(reference.data, actual.data, reference.length, &result, abort);
    const double values[] = {result.squared_error, result.squared_reference, result.squared_actual,
                             result.dot,           result.max_error,         static_cast<double>(result.non_finite)};
    std::copy(std::begin(values), std::end(values), sums.data);
    return done;
  };
}

}  // namespace gossamer
