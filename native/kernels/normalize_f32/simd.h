// The body of normalize_f32, written over the operations of one kernels/simd/ header, which is included first.
#include <cmath>

#include "kernels/normalize_f32/normalize_f32.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

inline float Sum(const float* x, size_t count) {
  return SumRow(x, count, 0.0f, [](F32 acc, F32 v) { return Add(acc, v); });
}

inline float SumSquares(const float* x, size_t count, float mean) {
  const F32 m = Fill(mean);
  // Lanes behind the row add nothing; where the mean overflowed they add infinity, as all others do, and no NaN.
  const float pad = std::isinf(mean) ? 0.0f : mean;
  return SumRow(x, count, pad, [m](F32 acc, F32 v) {
    const F32 d = Sub(v, m);
    return Fma(d, d, acc);
  });
}

// x + skip + bias into sum; what is null is left out.
inline void AddRow(const float* x, const float* skip, const float* bias, size_t count, float* sum) {
  const F32 pad = Fill(0.0f);
  ForRowVectors(count, [=](size_t i, size_t lanes, size_t) {
    F32 v = LoadLanes(x + i, lanes, pad);
    if (skip != nullptr) v = Add(v, LoadLanes(skip + i, lanes, pad));
    if (bias != nullptr) v = Add(v, LoadLanes(bias + i, lanes, pad));
    StoreLanes(sum + i, v, lanes);
  });
}

template <bool kScale, bool kShift>
inline void ScaleRow(const float* x, size_t count, F32 mean, F32 r, const float* scale, const float* shift, float* y) {
  const F32 zero = Fill(0.0f);
  ForRowVectors(count, [=](size_t i, size_t lanes, size_t) {
    F32 v = Mul(Sub(LoadLanes(x + i, lanes, zero), mean), r);
    if (kScale) {
      const F32 s = LoadLanes(scale + i, lanes, zero);
      v = Fma(v, s, kShift ? LoadLanes(shift + i, lanes, zero) : zero);
    } else if (kShift) {
      v = Add(v, LoadLanes(shift + i, lanes, zero));
    }
    StoreLanes(y + i, v, lanes);
  });
}

}  // namespace

void GOSSAMER_SIMD(NormalizeF32)(const NormalizeRows& arrays, size_t rows, size_t cols) {
  const bool added = arrays.skip != nullptr || arrays.skip_bias != nullptr;
  const float n = static_cast<float>(cols);
  for (size_t row = 0; row < rows; ++row) {
    const size_t at = row * cols;
    const float* x = arrays.x + at;
    if (added || arrays.sum != nullptr) {
      // Without an array of its own the sum waits in y, which is written last.
      float* sum = (arrays.sum != nullptr ? arrays.sum : arrays.y) + at;
      AddRow(x, arrays.skip == nullptr ? nullptr : arrays.skip + at, arrays.skip_bias, cols, sum);
      x = sum;
    }
    const float mean = arrays.kind == Normalize::kLayer ? Sum(x, cols) / n : 0.0f;
    const F32 variance = Fill(SumSquares(x, cols, mean) / n);
    const F32 r = Div(Fill(1.0f), Sqrt(Add(variance, Fill(arrays.epsilon))));
    const F32 m = Fill(mean);
    float* y = arrays.y + at;
    if (arrays.scale != nullptr) {
      if (arrays.shift != nullptr) {
        ScaleRow<true, true>(x, cols, m, r, arrays.scale, arrays.shift, y);
      } else {
        ScaleRow<true, false>(x, cols, m, r, arrays.scale, nullptr, y);
      }
    } else if (arrays.shift != nullptr) {
      ScaleRow<false, true>(x, cols, m, r, nullptr, arrays.shift, y);
    } else {
      ScaleRow<false, false>(x, cols, m, r, nullptr, nullptr, y);
    }
    if (arrays.means != nullptr) arrays.means[row] = mean;
    if (arrays.reciprocals != nullptr) StoreFirst(arrays.reciprocals + row, r, 1);
  }
}

void GOSSAMER_SIMD(MomentsF32)(const float* x, size_t count, float* mean, float* variance) {
  const float n = static_cast<float>(count);
  *mean = Sum(x, count) / n;
  *variance = SumSquares(x, count, *mean) / n;
}

void GOSSAMER_SIMD(AffineF32)(AffineAxis axis, const float* x, size_t rows, size_t cols, const float* scale,
                              const float* shift, float* y) {
  const F32 zero = Fill(0.0f);
  for (size_t row = 0; row < rows; ++row, x += cols, y += cols) {
    if (axis == AffineAxis::kRows) {
      const F32 s = Fill(scale[row]), t = Fill(shift[row]);
      for (size_t i = 0; i < cols; i += kLanes) {
        const size_t lanes = cols - i < kLanes ? cols - i : kLanes;
        StoreLanes(y + i, Fma(LoadLanes(x + i, lanes, zero), s, t), lanes);
      }
    } else {
      for (size_t i = 0; i < cols; i += kLanes) {
        const size_t lanes = cols - i < kLanes ? cols - i : kLanes;
        const F32 s = LoadLanes(scale + i, lanes, zero), t = LoadLanes(shift + i, lanes, zero);
        StoreLanes(y + i, Fma(LoadLanes(x + i, lanes, zero), s, t), lanes);
      }
    }
  }
}

}  // namespace gossamer
