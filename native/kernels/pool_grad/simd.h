// The body of pool_grad, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/pool_grad/pool_grad.h"
#include "kernels/simd/fold_row.h"
#include "kernels/simd/prefetch.h"

namespace gossamer {
namespace {

// The elements of one window that lie in the image, for some channels.
struct Window {
  size_t first, rows, row_stride, columns, column_stride;

  template <class Body>
  inline void ForEach(const Body& body) const {
    size_t line = first;
    for (size_t r = 0; r < rows; ++r, line += row_stride) {
      size_t pixel = line;
      for (size_t t = 0; t < columns; ++t, pixel += column_stride) body(pixel);
    }
  }
};
inline Window WindowAt(const PoolRow& row, const PoolTaps& taps, size_t ow) {
  const bool empty = taps.first >= taps.end;
  const size_t column = empty ? 0 : ow * row.stride + taps.first * row.dilation - row.pad;
  return {column * row.pixel_stride, row.rows, row.row_stride, empty ? 0 : taps.end - taps.first,
          row.dilation * row.pixel_stride};
}

// Some vectors of channels, the last of which has `lanes`; whole: as many as a vector has.
template <size_t kVectors, bool kWhole>
struct Channels {
  static constexpr size_t kCount = kVectors;
  size_t first, lanes;

  inline F32 LoadAt(const float* p, size_t v) const {
    return kWhole ? Load(p + first + v * kLanes) : LoadFirst(p + first + v * kLanes, lanes);
  }
  inline void StoreAt(float* p, size_t v, F32 value) const {
    if constexpr (kWhole) {
      Store(p + first + v * kLanes, value);
    } else {
      StoreFirst(p + first + v * kLanes, value, lanes);
    }
  }
  template <PoolGradMode kMode>
  inline void Give(float* p, size_t v, F32 value) const {
    StoreAt(p, v, kMode == PoolGradMode::kSet ? value : Add(LoadAt(p, v), value));
  }
};
template <class Body>
inline void ForChannels(size_t channels, const Body& body) {
  size_t c = 0;
  for (; c + 4 * kLanes <= channels; c += 4 * kLanes) body(Channels<4, true>{c, kLanes});
  if (c + 2 * kLanes <= channels) {
    body(Channels<2, true>{c, kLanes});
    c += 2 * kLanes;
  }
  if (c + kLanes <= channels) {
    body(Channels<1, true>{c, kLanes});
    c += kLanes;
  }
  if (c < channels) body(Channels<1, false>{c, channels - c});
}

// Rows of an image that are shorter than a page (1024 floats) are no streams that hardware foresees: those of the next
// windows are fetched meanwhile, a line at a time.
constexpr size_t kPageFloats = 1024;
constexpr bool FetchesAt(size_t v) { return kLanes > 1 && v * kLanes % kLineFloats == 0; }

template <PoolGradMode kMode>
inline void MaxGrad(const float* dy, const float* x, const float* y, const PoolRow& row, float* dx) {
  const F32 zero = Fill(0.0f);
  const size_t next = row.row_stride <= kPageFloats ? row.rows * row.row_stride : 0;
  for (size_t ow = 0; ow < row.out_width; ++ow, dy += row.pixel_stride, y += row.pixel_stride) {
    const Window window = WindowAt(row, TapsAt(row, 0, ow), ow);
    ForChannels(row.channels, [&](auto channels) {
      constexpr size_t kVectors = decltype(channels)::kCount;
      F32 largest[kVectors], left[kVectors];  // left: what no element of the window has taken yet
      for (size_t v = 0; v < kVectors; ++v) {
        largest[v] = channels.LoadAt(y, v);
        left[v] = channels.LoadAt(dy, v);
      }
      window.ForEach([&](size_t at) {
        for (size_t v = 0; v < kVectors; ++v) {
          if (next > 0 && FetchesAt(v)) {
            const size_t ahead = at + next + channels.first + v * kLanes;
            Prefetch(x + ahead);
            PrefetchToWrite(dx + ahead);
          }
          const F32 value = channels.LoadAt(x + at, v);
          const Mask takes = Or(Equal(value, largest[v]), IsNan(value));
          channels.template Give<kMode>(dx + at, v, Pick(takes, left[v], zero));
          left[v] = Pick(takes, zero, left[v]);
        }
      });
    });
  }
}

template <PoolGradMode kMode>
inline void AverageGrad(const float* dy, const PoolRow& row, const AverageCounts& counts, float* dx) {
  for (size_t ow = 0; ow < row.out_width; ++ow, dy += row.pixel_stride) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const Window window = WindowAt(row, taps, ow);
    const size_t count = counts.include_pad ? counts.rows * taps.padded : row.rows * window.columns;
    const F32 divisor = Fill(static_cast<float>(count));
    ForChannels(row.channels, [&](auto channels) {
      constexpr size_t kVectors = decltype(channels)::kCount;
      F32 share[kVectors];
      for (size_t v = 0; v < kVectors; ++v) share[v] = Div(channels.LoadAt(dy, v), divisor);
      window.ForEach([&](size_t at) {
        for (size_t v = 0; v < kVectors; ++v) channels.template Give<kMode>(dx + at, v, share[v]);
      });
    });
  }
}

}  // namespace

void GOSSAMER_SIMD(MaxPoolGrad)(const float* dy, const float* x, const float* y, const PoolRow& row, PoolGradMode mode,
                                float* dx) {
  if (mode == PoolGradMode::kSet) return MaxGrad<PoolGradMode::kSet>(dy, x, y, row, dx);
  MaxGrad<PoolGradMode::kAdd>(dy, x, y, row, dx);
}

void GOSSAMER_SIMD(AveragePoolGrad)(const float* dy, const PoolRow& row, const AverageCounts& counts, PoolGradMode mode,
                                    float* dx) {
  if (mode == PoolGradMode::kSet) return AverageGrad<PoolGradMode::kSet>(dy, row, counts, dx);
  AverageGrad<PoolGradMode::kAdd>(dy, row, counts, dx);
}

}  // namespace gossamer
