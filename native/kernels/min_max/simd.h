// The vector body of min_max, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/min_max/min_max.h"

namespace gossamer {
namespace {

// Finite lanes keep their value, the others become `otherwise`; x + 0 turns -0 into +0.
inline F32 FiniteOr(F32 x, Mask finite, float otherwise) { return Pick(finite, Add(x, Fill(0.0f)), Fill(otherwise)); }

struct Extremes {
  F32 min, max;

  inline void Fold(F32 x, uint64_t* nan_count, uint64_t* inf_count) {
    const Mask finite = Less(Abs(x), Fill(INFINITY));
    min = Smaller(FiniteOr(x, finite, INFINITY), min);
    max = Larger(FiniteOr(x, finite, -INFINITY), max);
    const size_t finite_count = Count(finite);
    if (finite_count != kLanes) {
      const size_t nans = Count(IsNan(x));
      *nan_count += nans;
      *inf_count += kLanes - finite_count - nans;
    }
  }
};

// Whole vectors of one group of columns.
template <size_t kVectors>
inline void FoldColumns(const float* x, size_t rows, size_t stride, float* min, float* max, uint64_t* nan_count,
                        uint64_t* inf_count) {
  Extremes extremes[kVectors];
  for (size_t v = 0; v < kVectors; ++v) extremes[v] = {Load(min + v * kLanes), Load(max + v * kLanes)};
  for (size_t r = 0; r < rows; ++r) {
    for (size_t v = 0; v < kVectors; ++v) extremes[v].Fold(Load(x + r * stride + v * kLanes), nan_count, inf_count);
  }
  for (size_t v = 0; v < kVectors; ++v) {
    Store(min + v * kLanes, extremes[v].min);
    Store(max + v * kLanes, extremes[v].max);
  }
}

}  // namespace

void GOSSAMER_SIMD(MinMax)(const float* x, size_t count, MinMaxResult* result) {
  // Several independent chains hide the latency of the comparison.
  constexpr size_t kChains = 4;
  Extremes chains[kChains];
  for (Extremes& chain : chains) chain = {Fill(INFINITY), Fill(-INFINITY)};
  size_t i = 0;
  for (; i + kChains * kLanes <= count; i += kChains * kLanes) {
    for (size_t c = 0; c < kChains; ++c) {
      chains[c].Fold(Load(x + i + c * kLanes), &result->nan_count, &result->inf_count);
    }
  }
  for (; i + kLanes <= count; i += kLanes) chains[0].Fold(Load(x + i), &result->nan_count, &result->inf_count);
  float min[kLanes], max[kLanes];
  Store(min, Smaller(Smaller(chains[0].min, chains[1].min), Smaller(chains[2].min, chains[3].min)));
  Store(max, Larger(Larger(chains[0].max, chains[1].max), Larger(chains[2].max, chains[3].max)));
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result->min = min[lane] < result->min ? min[lane] : result->min;
    result->max = max[lane] > result->max ? max[lane] : result->max;
  }
  MinMaxScalar(x + i, count - i, result);
}

void GOSSAMER_SIMD(MinMaxColumns)(const float* x, size_t rows, size_t cols, size_t stride, float* min, float* max,
                                  uint64_t* nan_count, uint64_t* inf_count) {
  size_t c = 0;
  for (; c + 4 * kLanes <= cols; c += 4 * kLanes)
    FoldColumns<4>(x + c, rows, stride, min + c, max + c, nan_count, inf_count);
  for (; c + kLanes <= cols; c += kLanes) FoldColumns<1>(x + c, rows, stride, min + c, max + c, nan_count, inf_count);
  if (c < cols) MinMaxColumnsScalar(x + c, rows, cols - c, stride, min + c, max + c, nan_count, inf_count);
}

}  // namespace gossamer
