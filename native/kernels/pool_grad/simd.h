// The body of pool_grad, written over the operations of one kernels/simd/ header, which is included first.
#include "kernels/pool_grad/pool_grad.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

// Calls body(offset) for the pixels of the window at `ow` that lie in the image, from the first row of x on.
template <class Body>
inline void ForPixels(const PoolRow& row, const PoolTaps& taps, size_t ow, const Body& body) {
  for (size_t r = 0; r < row.rows; ++r) {
    for (size_t t = taps.first; t < taps.end; ++t) {
      body(r * row.row_stride + (ow * row.stride + t * row.dilation - row.pad) * row.pixel_stride);
    }
  }
}

}  // namespace

void GOSSAMER_SIMD(MaxPoolGrad)(const float* dy, const float* x, const float* y, const PoolRow& row, float* dx) {
  const F32 zero = Fill(0.0f);
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, 0, ow);
    for (size_t c = 0; c < row.channels; c += kLanes) {
      const size_t lanes = row.channels - c < kLanes ? row.channels - c : kLanes, at = ow * row.pixel_stride + c;
      const F32 largest = LoadLanes(y + at, lanes, zero);
      F32 left = LoadLanes(dy + at, lanes, zero);  // what no element of the window has taken yet
      ForPixels(row, taps, ow, [&](size_t pixel) {
        const F32 v = LoadLanes(x + pixel + c, lanes, zero);
        const Mask takes = Or(Equal(v, largest), IsNan(v));
        float* to = dx + pixel + c;
        StoreLanes(to, Add(LoadLanes(to, lanes, zero), Pick(takes, left, zero)), lanes);
        left = Pick(takes, zero, left);
      });
    }
  }
}

void GOSSAMER_SIMD(AveragePoolGrad)(const float* dy, const PoolRow& row, const AverageCounts& counts, float* dx) {
  const F32 zero = Fill(0.0f);
  for (size_t ow = 0; ow < row.out_width; ++ow) {
    const PoolTaps taps = TapsAt(row, counts.pad_end, ow);
    const size_t count = counts.include_pad ? counts.rows * taps.padded : row.rows * (taps.end - taps.first);
    const F32 divisor = Fill(static_cast<float>(count));
    for (size_t c = 0; c < row.channels; c += kLanes) {
      const size_t lanes = row.channels - c < kLanes ? row.channels - c : kLanes;
      const F32 share = Div(LoadLanes(dy + ow * row.pixel_stride + c, lanes, zero), divisor);
      ForPixels(row, taps, ow, [&](size_t pixel) {
        float* to = dx + pixel + c;
        StoreLanes(to, Add(LoadLanes(to, lanes, zero), share), lanes);
      });
    }
  }
}

}  // namespace gossamer
