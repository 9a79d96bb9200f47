#include "kernels/histogram/tensor.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "engine/tiles.h"
#include "kernels/min_max/tensor.h"

namespace gossamer {
namespace {

constexpr size_t kTile = size_t{1} << 20;  // large beside the tables that each tile clears and sums

}  // namespace

int32_t NarrowestExponent(float magnitude, uint32_t half) {
  if (magnitude == 0) return HistogramBins::kMinExponent;
  int exponent;
  std::frexp(magnitude, &exponent);  // 2^(exponent - 1) <= magnitude < 2^exponent
  return std::max<int32_t>(exponent - static_cast<int32_t>(std::ilogb(static_cast<float>(half))),
                           HistogramBins::kMinExponent);
}

bool CountHistogram(const float* x, size_t count, uint32_t half, double* counts, HistogramSummary* summary,
                    AbortFlag abort) {
  std::fill_n(counts, 2 * static_cast<size_t>(half), 0.0);
  MinMaxResult& range = summary->range;
  const TensorLayout layout{Granularity::kPerTensor, 1, 1, count, 1};
  if (!MinMaxTensor(x, layout, &range.min, &range.max, &range.nan_count, &range.inf_count, abort)) return false;
  summary->exponent = NarrowestExponent(std::max({range.max, -range.min, 0.0f}), half);
  const HistogramBins bins{summary->exponent, half};
  uint64_t zeros = 0;
  std::mutex mutex;
  const bool done = ForEachTile(count, kTile, abort, [&](size_t begin, size_t end) {
    std::vector<uint32_t> tables(kHistogramTables * HistogramTableSize(bins));
    uint64_t tile_zeros = 0;
    CountBins()(x + begin, end - begin, bins, tables.data(), &tile_zeros);
    std::lock_guard<std::mutex> lock(mutex);
    zeros += tile_zeros;
    for (size_t t = 0; t < kHistogramTables; ++t) {
      const uint32_t* table = tables.data() + t * HistogramTableSize(bins);
      for (size_t bin = 0; bin < 2 * static_cast<size_t>(half); ++bin) counts[bin] += table[bin];
    }
  });
  summary->zero_count = zeros;
  return done;
}

}  // namespace gossamer
