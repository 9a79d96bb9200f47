// The vector body of histogram, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/histogram/histogram.h"

namespace gossamer {

void GOSSAMER_SIMD(CountBins)(const float* x, size_t count, HistogramBins bins, uint32_t* tables,
                              uint64_t* zero_count) {
  const F32 inverse_width = Fill(ldexpf(1.0f, -bins.exponent)), last = Fill(static_cast<float>(bins.half - 1));
  const F32 zero = Fill(0.0f), infinity = Fill(INFINITY);
  const I32 half = FillI(static_cast<int32_t>(bins.half)), below = FillI(static_cast<int32_t>(bins.half - 1));
  const I32 scratch = FillI(static_cast<int32_t>(2 * bins.half));
  uint32_t* table[kHistogramTables];
  for (size_t t = 0; t < kHistogramTables; ++t) table[t] = tables + t * HistogramTableSize(bins);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const F32 v = Load(x + i), magnitude = Abs(v);
    const I32 m = TruncateToInt(Smaller(Mul(magnitude, inverse_width), last));  // NaN becomes `last`, then scratch
    const I32 bin = PickI(Less(v, zero), SubI(below, m), AddI(half, m));
    int32_t lanes[kLanes];
    StoreI(lanes, PickI(Less(magnitude, infinity), bin, scratch));
    for (size_t lane = 0; lane < kLanes; ++lane) ++table[lane % kHistogramTables][lanes[lane]];
    *zero_count += Count(Equal(v, zero));
  }
  CountBinsScalar(x + i, count - i, bins, tables, zero_count);
}

}  // namespace gossamer
