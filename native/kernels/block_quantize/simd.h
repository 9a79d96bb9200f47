// The vector body of block_quantize, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/block_quantize/block_quantize.h"
#include "kernels/block_quantize/parameters.h"

namespace gossamer {
namespace {

constexpr size_t kPartialSums = 16;
constexpr size_t kSumVectors = kPartialSums / kLanes;

// code - zero_point of each lane, as a float.
inline F32 NearestLevels(F32 x, F32 scale, F32 lo, F32 hi) { return Round(Smaller(Larger(Div(x, scale), lo), hi)); }

inline F32 SquaredErrors(F32 x, F32 scale, F32 lo, F32 hi) {
  const F32 error = Sub(x, Mul(NearestLevels(x, scale, lo, hi), scale));
  return Mul(error, error);
}

inline size_t AtMost(size_t most, size_t value) { return value < most ? value : most; }

// Values that are not finite become 0, which leaves a range that holds 0 as it is.
inline F32 FiniteOrZero(F32 x, uint64_t* non_finite) {
  const Mask finite = Less(Abs(x), Fill(INFINITY));
  *non_finite += kLanes - Count(finite);
  return Pick(finite, x, Fill(0.0f));
}

// ---- blocks along a row: lanes are elements of one block ----

inline void RowRange(const float* x, size_t count, float* min, float* max, uint64_t* non_finite) {
  F32 smallest = Fill(0.0f), largest = Fill(0.0f);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const F32 v = FiniteOrZero(Load(x + i), non_finite);
    smallest = Smaller(v, smallest);
    largest = Larger(v, largest);
  }
  if (i < count) {
    const F32 v = FiniteOrZero(LoadFirst(x + i, count - i), non_finite);
    smallest = Smaller(v, smallest);
    largest = Larger(v, largest);
  }
  *min = SmallestLane(smallest);
  *max = LargestLane(largest);
}

inline float RowSquaredError(const float* x, size_t count, float block_scale, CodeBounds bounds) {
  const F32 scale = Fill(block_scale), lo = Fill(bounds.lo), hi = Fill(bounds.hi);
  F32 sums[kSumVectors];
  for (F32& sum : sums) sum = Fill(0.0f);
  size_t i = 0;
  for (; i + kPartialSums <= count; i += kPartialSums) {
    for (size_t v = 0; v < kSumVectors; ++v) {
      sums[v] = Add(sums[v], SquaredErrors(Load(x + i + v * kLanes), scale, lo, hi));
    }
  }
  for (size_t v = 0; i < count; i += kLanes, ++v) {
    // A missing element is 0, hence exact: its partial sum does not change.
    sums[v] = Add(sums[v], SquaredErrors(LoadFirst(x + i, AtMost(kLanes, count - i)), scale, lo, hi));
  }
  return TreeSum(sums);
}

inline BlockParameters RowParameters(const float* x, size_t count, const BlockScheme& scheme, uint64_t* non_finite) {
  float min, max;
  RowRange(x, count, &min, &max, non_finite);
  BlockParameters best = ParametersOf(min, max, scheme);
  if (scheme.clip_steps <= 1) return best;
  const CodeBounds bounds = BoundsOf(scheme, best.zero_point);
  const float unclipped = best.scale;
  float least = RowSquaredError(x, count, unclipped, bounds);
  for (uint32_t step = 1; step < scheme.clip_steps; ++step) {
    const float scale = unclipped * ClipRatio(scheme, step);
    const float error = RowSquaredError(x, count, scale, bounds);
    if (error < least) {
      least = error;
      best.scale = scale;
    }
  }
  return best;
}

// ---- one block a column: lanes are columns ----

struct LaneParameters {
  F32 scale, lo, hi;  // lo, hi: bounds of code - zero_point
  I32 zero_point;
};

// Up to kLanes columns of a block.
struct Columns {
  const float* x;
  size_t rows, stride, lanes;
  inline F32 Row(size_t r) const { return lanes == kLanes ? Load(x + r * stride) : LoadFirst(x + r * stride, lanes); }
};

inline LaneParameters UnclippedParameters(Columns columns, const BlockScheme& scheme, uint64_t* non_finite) {
  F32 min = Fill(0.0f), max = Fill(0.0f);
  for (size_t r = 0; r < columns.rows; ++r) {
    const F32 v = FiniteOrZero(columns.Row(r), non_finite);
    min = Smaller(v, min);
    max = Larger(v, max);
  }
  // As ParametersOf, lane by lane.
  const F32 zero = Fill(0.0f), minus_min = Sub(zero, min);
  const Mask min_is_larger = Less(max, minus_min);
  const F32 levels = Fill(static_cast<float>(scheme.code_max - scheme.code_min));
  F32 scale = zero;
  switch (scheme.mapping) {
    case BlockMapping::kSymmetric:
      scale = Div(Pick(min_is_larger, minus_min, max), Fill(static_cast<float>(scheme.code_max - scheme.code_zero)));
      break;
    case BlockMapping::kSymmetricFull:
      scale = Div(Pick(min_is_larger, min, max), Fill(static_cast<float>(scheme.code_min - scheme.code_zero)));
      break;
    case BlockMapping::kAsymmetric: scale = Sub(Div(max, levels), Div(min, levels)); break;
  }
  scale = Pick(Equal(scale, zero), Fill(1.0f), scale);
  I32 zero_point = FillI(scheme.code_zero);
  if (scheme.mapping == BlockMapping::kAsymmetric) {
    zero_point = AddI(FillI(scheme.code_min), RoundToInt(Smaller(Div(minus_min, scale), levels)));
  }
  return {scale, ToFloat(SubI(FillI(scheme.code_min), zero_point)), ToFloat(SubI(FillI(scheme.code_max), zero_point)),
          zero_point};
}

inline F32 ColumnSquaredErrors(Columns columns, F32 scale, F32 lo, F32 hi) {
  F32 sums[kPartialSums];
  for (F32& sum : sums) sum = Fill(0.0f);
  size_t r = 0;
  for (; r + kPartialSums <= columns.rows; r += kPartialSums) {
    for (size_t j = 0; j < kPartialSums; ++j) {
      sums[j] = Add(sums[j], SquaredErrors(columns.Row(r + j), scale, lo, hi));
    }
  }
  for (size_t j = 0; r < columns.rows; ++r, ++j) {
    sums[j] = Add(sums[j], SquaredErrors(columns.Row(r), scale, lo, hi));
  }
  for (size_t half = kPartialSums / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) sums[j] = Add(sums[j], sums[j + half]);
  }
  return sums[0];
}

inline LaneParameters ColumnParameters(Columns columns, const BlockScheme& scheme, uint64_t* non_finite) {
  LaneParameters best = UnclippedParameters(columns, scheme, non_finite);
  if (scheme.clip_steps <= 1) return best;
  const F32 unclipped = best.scale;
  F32 least = ColumnSquaredErrors(columns, unclipped, best.lo, best.hi);
  for (uint32_t step = 1; step < scheme.clip_steps; ++step) {
    const F32 scale = Mul(unclipped, Fill(ClipRatio(scheme, step)));
    const F32 error = ColumnSquaredErrors(columns, scale, best.lo, best.hi);
    const Mask better = Less(error, least);
    least = Pick(better, error, least);
    best.scale = Pick(better, scale, best.scale);
  }
  return best;
}

inline I32 CodesOf(F32 x, const LaneParameters& params) {
  return AddI(RoundToInt(Smaller(Larger(Div(x, params.scale), params.lo), params.hi)), params.zero_point);
}

inline void StoreParameters(const LaneParameters& params, size_t lanes, float* scales, uint8_t* zero_points) {
  StoreFirst(scales, params.scale, lanes);
  StoreFirstBytes(zero_points, params.zero_point, lanes);
}

}  // namespace

void GOSSAMER_SIMD(QuantizeBlocks)(const float* x, size_t count, size_t block_size, const BlockScheme& scheme,
                                   float* scales, uint8_t* zero_points, uint8_t* codes, uint64_t* non_finite) {
  for (size_t begin = 0, b = 0; begin < count; begin += block_size, ++b) {
    const size_t length = AtMost(block_size, count - begin);
    const float* block = x + begin;
    const BlockParameters params = RowParameters(block, length, scheme, non_finite);
    scales[b] = params.scale;
    zero_points[b] = static_cast<uint8_t>(params.zero_point);
    const CodeBounds bounds = BoundsOf(scheme, params.zero_point);
    const LaneParameters lanes{Fill(params.scale), Fill(bounds.lo), Fill(bounds.hi), FillI(params.zero_point)};
    size_t i = 0;
    for (; i + kLanes <= length; i += kLanes) StoreBytes(codes + begin + i, CodesOf(Load(block + i), lanes));
    if (i < length) {
      const size_t rest = length - i;
      StoreFirstBytes(codes + begin + i, CodesOf(LoadFirst(block + i, rest), lanes), rest);
    }
  }
}

void GOSSAMER_SIMD(QuantizeColumns)(const float* x, size_t rows, size_t cols, size_t stride, const BlockScheme& scheme,
                                    float* scales, uint8_t* zero_points, uint8_t* codes, size_t code_stride,
                                    uint64_t* non_finite) {
  for (size_t c = 0; c < cols; c += kLanes) {
    const Columns columns{x + c, rows, stride, AtMost(kLanes, cols - c)};
    const LaneParameters params = ColumnParameters(columns, scheme, non_finite);
    StoreParameters(params, columns.lanes, scales + c, zero_points + c);
    for (size_t r = 0; r < rows; ++r) {
      StoreFirstBytes(codes + r * code_stride + c, CodesOf(columns.Row(r), params), columns.lanes);
    }
  }
}

void GOSSAMER_SIMD(QuantizeColumnsPacked)(const float* x, size_t rows, size_t cols, size_t stride,
                                          const BlockScheme& scheme, unsigned bits, float* scales, uint8_t* zero_points,
                                          uint32_t* words, size_t word_stride, uint64_t* non_finite) {
  const size_t codes_per_word = 32 / bits;
  for (size_t c = 0; c < cols; c += kLanes) {
    const Columns columns{x + c, rows, stride, AtMost(kLanes, cols - c)};
    const LaneParameters params = ColumnParameters(columns, scheme, non_finite);
    StoreParameters(params, columns.lanes, scales + c, zero_points + c);
    uint32_t* column_words = words + c;
    for (size_t first = 0; first < rows; first += codes_per_word, column_words += word_stride) {
      I32 word = FillI(0);
      for (size_t j = 0; j < codes_per_word; ++j) {
        const I32 code = first + j < rows ? CodesOf(columns.Row(first + j), params) : params.zero_point;
        word = OrI(word, ShiftLeft(code, static_cast<unsigned>(j * bits)));
      }
      StoreFirstWords(column_words, word, columns.lanes);
    }
  }
}

}  // namespace gossamer
