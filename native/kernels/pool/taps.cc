#include "kernels/pool/pool.h"

namespace gossamer {

PoolTaps TapsAt(const PoolRow& row, size_t pad_end, size_t ow) {
  // Tap t is at column start + t * dilation - pad of x.
  const size_t start = ow * row.stride;
  const size_t last = start + (row.kernel - 1) * row.dilation;
  // Taps before column `limit`, counted in padded columns. Where those are none or all, nothing is divided.
  const auto before = [&](size_t limit) {
    if (limit <= start) return size_t{0};
    return limit > last ? row.kernel : (limit - start - 1) / row.dilation + 1;
  };
  const size_t first = before(row.pad), end = before(row.pad + row.in_width);
  return {first, end, before(row.pad + row.in_width + pad_end)};
}

}  // namespace gossamer
