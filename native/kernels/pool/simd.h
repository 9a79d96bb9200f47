// The vector body of pool, written over the operations of one kernels/simd/ header, and over Bytes, kByteLanes,
// LoadBytes, StoreBytesOf and LargerBytes of the including file.
#include <math.h>

#include "kernels/pool/pool.h"
#include "kernels/simd/fixed_point.h"

namespace gossamer {
namespace {

// The window of one output: its first pixel, and the taps that lie in the image.
template <class T>
struct Window {
  const T* first;
  size_t rows, row_stride, columns, column_stride;

  template <class Body>
  inline void ForEach(size_t c, const Body& body) const {
    const T* line = first + c;
    for (size_t r = 0; r < rows; ++r, line += row_stride) {
      const T* pixel = line;
      for (size_t t = 0; t < columns; ++t, pixel += column_stride) body(pixel);
    }
  }
};

template <class T>
inline Window<T> WindowAt(const T* x, const PoolRow& row, const PoolTaps& taps, size_t ow) {
  const bool empty = taps.first >= taps.end;
  const size_t column = empty ? 0 : ow * row.stride + taps.first * row.dilation - row.pad;
  return {x + column * row.pixel_stride, row.rows, row.row_stride, empty ? 0 : taps.end - taps.first,
          row.dilation * row.pixel_stride};
}

inline size_t CountOf(const PoolRow& row, const AverageCounts& counts, const PoolTaps& taps) {
  return counts.include_pad ? counts.rows * taps.padded : row.rows * (taps.end - taps.first);
}

// The largest element so far, and where a NaN was seen (in any lane, what is not equal to itself).
struct FloatMaximum {
  F32 largest, unequal;
  inline void Fold(F32 v) {
    largest = Larger(v, largest);
    unequal = Pick(IsNan(v), v, unequal);
  }
  inline F32 Result() const { return Pick(IsNan(unequal), Fill(NAN), largest); }
};

template <size_t kVectors>
inline void MaxFloats(const Window<float>& window, size_t c, float* y) {
  FloatMaximum maxima[kVectors];
  for (FloatMaximum& m : maxima) m = {Fill(-INFINITY), Fill(0)};
  window.ForEach(c, [&](const float* p) {
    for (size_t v = 0; v < kVectors; ++v) maxima[v].Fold(Load(p + v * kLanes));
  });
  for (size_t v = 0; v < kVectors; ++v) Store(y + v * kLanes, maxima[v].Result());
}

template <size_t kVectors>
inline void MaxBytes(const Window<uint8_t>& window, size_t c, uint8_t* y) {
  Bytes largest[kVectors] = {};
  window.ForEach(c, [&](const uint8_t* p) {
    for (size_t v = 0; v < kVectors; ++v) largest[v] = LargerBytes(largest[v], LoadBytes(p + v * kByteLanes));
  });
  for (size_t v = 0; v < kVectors; ++v) StoreBytesOf(y + v * kByteLanes, largest[v]);
}

template <size_t kVectors>
inline void AverageFloats(const Window<float>& window, size_t c, F32 count, float* y) {
  F32 sums[kVectors];
  for (F32& sum : sums) sum = Fill(0);
  window.ForEach(c, [&](const float* p) {
    for (size_t v = 0; v < kVectors; ++v) sums[v] = Add(sums[v], Load(p + v * kLanes));
  });
  for (size_t v = 0; v < kVectors; ++v) Store(y + v * kLanes, Div(sums[v], count));
}

// What makes bytes of sums.
struct ByteAverage {
  float multiplier;
  int32_t zeros, y_zero;
  inline I32 Of(I32 sum) const {
    const F32 scaled = Mul(ToFloat(SubI(sum, FillI(zeros))), Fill(multiplier));
    const F32 rounded = Round(Smaller(Larger(scaled, Fill(-512)), Fill(512)));
    const F32 q = Add(rounded, Fill(static_cast<float>(y_zero)));
    return RoundToInt(Smaller(Larger(q, Fill(0)), Fill(255)));
  }
};

// The same without floats.
struct FixedByteAverage {
  FixedPoints factor;
  int32_t zeros, y_zero;
  inline I32 Of(I32 sum) const {
    const I32 least = FillI(-y_zero), most = FillI(255 - y_zero);
    const I32 q = RequantizeI(SubI(sum, FillI(zeros)), factor);
    return AddI(SmallerI(LargerI(q, least), most), FillI(y_zero));
  }
};

template <size_t kVectors, class Average>
inline void AverageBytes(const Window<uint8_t>& window, size_t c, const Average& average, uint8_t* y) {
  I32 sums[kVectors];
  for (I32& sum : sums) sum = FillI(0);
  window.ForEach(c, [&](const uint8_t* p) {
    for (size_t v = 0; v < kVectors; ++v) sums[v] = AddI(sums[v], LoadUnsignedBytes(p + v * kLanes));
  });
  for (size_t v = 0; v < kVectors; ++v) StoreBytes(y + v * kLanes, average.Of(sums[v]));
}

template <class Average>
inline void AveragePixel(const Window<uint8_t>& window, size_t channels, const Average& average, uint8_t* y) {
  size_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) AverageBytes<4>(window, c, average, y + c);
  for (; c + kLanes <= channels; c += kLanes) AverageBytes<1>(window, c, average, y + c);
  if (c == channels) return;
  const size_t left = channels - c;
  I32 sum = FillI(0);
  window.ForEach(c, [&](const uint8_t* p) { sum = AddI(sum, LoadFirstUnsignedBytes(p, left)); });
  StoreFirstBytes(y + c, average.Of(sum), left);
}

}  // namespace

void GOSSAMER_SIMD(MaxPoolFloat)(const float* x, const PoolRow& row, float* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow, y += row.pixel_stride) {
    const Window<float> window = WindowAt(x, row, TapsAt(row, 0, ow), ow);
    size_t c = 0;
    for (; c + 4 * kLanes <= row.channels; c += 4 * kLanes) MaxFloats<4>(window, c, y + c);
    for (; c + kLanes <= row.channels; c += kLanes) MaxFloats<1>(window, c, y + c);
    if (c == row.channels) continue;
    const size_t left = row.channels - c;
    FloatMaximum maximum = {Fill(-INFINITY), Fill(0)};
    window.ForEach(c, [&](const float* p) { maximum.Fold(LoadFirst(p, left)); });
    StoreFirst(y + c, maximum.Result(), left);
  }
}

void GOSSAMER_SIMD(MaxPoolUint8)(const uint8_t* x, const PoolRow& row, uint8_t* y) {
  const size_t channels = row.channels;
  for (size_t ow = 0; ow < row.out_width; ++ow, y += row.pixel_stride) {
    const Window<uint8_t> window = WindowAt(x, row, TapsAt(row, 0, ow), ow);
    size_t c = 0;
    for (; c + 4 * kByteLanes <= channels; c += 4 * kByteLanes) MaxBytes<4>(window, c, y + c);
    for (; c + kByteLanes <= channels; c += kByteLanes) MaxBytes<1>(window, c, y + c);
    if (c == channels) continue;
    if (channels >= kByteLanes) {  // once more what the vector before did
      MaxBytes<1>(window, channels - kByteLanes, y + channels - kByteLanes);
      continue;
    }
    for (; c < channels; ++c) {
      uint8_t largest = 0;
      window.ForEach(c, [&](const uint8_t* p) { largest = *p > largest ? *p : largest; });
      y[c] = largest;
    }
  }
}

void GOSSAMER_SIMD(AveragePoolFloat)(const float* x, const PoolRow& row, const AverageCounts& counts, float* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow, y += row.pixel_stride) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const Window<float> window = WindowAt(x, row, taps, ow);
    const F32 count = Fill(static_cast<float>(CountOf(row, counts, taps)));
    size_t c = 0;
    for (; c + 4 * kLanes <= row.channels; c += 4 * kLanes) AverageFloats<4>(window, c, count, y + c);
    for (; c + kLanes <= row.channels; c += kLanes) AverageFloats<1>(window, c, count, y + c);
    if (c == row.channels) continue;
    const size_t left = row.channels - c;
    F32 sum = Fill(0);
    window.ForEach(c, [&](const float* p) { sum = Add(sum, LoadFirst(p, left)); });
    StoreFirst(y + c, Div(sum, count), left);
  }
}

void GOSSAMER_SIMD(AveragePoolUint8)(const uint8_t* x, const PoolRow& row, const AverageCounts& counts,
                                     const Int8AverageScales& scales, uint8_t* y) {
  for (size_t ow = 0; ow < row.out_width; ++ow, y += row.pixel_stride) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const Window<uint8_t> window = WindowAt(x, row, taps, ow);
    const size_t count = CountOf(row, counts, taps), elements = row.rows * window.columns;
    const int32_t zeros = static_cast<int32_t>(elements) * scales.x_zero;
    if (scales.is_fixed) {
      const FixedPoints factor = FillFixed(AverageFactor(scales, elements, count));
      AveragePixel(window, row.channels, FixedByteAverage{factor, zeros, scales.y_zero}, y);
      continue;
    }
    const float multiplier = scales.x_scale / (scales.y_scale * static_cast<float>(count));
    AveragePixel(window, row.channels, ByteAverage{multiplier, zeros, scales.y_zero}, y);
  }
}

}  // namespace gossamer
