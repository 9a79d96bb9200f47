#include "kernels/min_max/tensor.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <vector>

namespace gossamer {
namespace {

constexpr size_t kTile = size_t{1} << 17;  // elements a thread takes at a time
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr MinMaxResult kIdentity = {kInfinity, -kInfinity, 0, 0};

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

// Results that tiles fold their own into, in any order.
struct Shared {
  float *min, *max;
  uint64_t *nan_count, *inf_count;
  std::mutex mutex;

  void Fold(const float* tile_min, const float* tile_max, size_t count, const MinMaxResult& counts) {
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < count; ++i) {
      min[i] = std::min(min[i], tile_min[i]);
      max[i] = std::max(max[i], tile_max[i]);
    }
    *nan_count += counts.nan_count;
    *inf_count += counts.inf_count;
  }
};

bool PerTensor(const float* x, size_t count, Shared& shared, AbortFlag abort) {
  return ThreadPool::Process().ParallelFor(CeilDiv(count, kTile), abort, [&](size_t tile) {
    MinMaxResult result = kIdentity;
    const size_t begin = tile * kTile;
    MinMax()(x + begin, std::min(kTile, count - begin), &result);
    shared.Fold(&result.min, &result.max, 1, result);
  });
}

bool PerAxis(const float* x, const TensorLayout& layout, Shared& shared, AbortFlag abort) {
  // A row is what one fold takes: all channels of one step, or the `inner` run of one channel.
  const bool columns = layout.inner == 1;
  const size_t row_length = columns ? layout.axis : layout.inner;
  const size_t rows = columns ? layout.outer : layout.outer * layout.axis;
  // The scratch of a tile (one result a channel) must stay small beside its work.
  const size_t rows_per_tile = std::max<size_t>(CeilDiv(std::max(kTile, 4 * layout.axis), row_length), 1);
  return ThreadPool::Process().ParallelFor(CeilDiv(rows, rows_per_tile), abort, [&](size_t tile) {
    const size_t begin = tile * rows_per_tile, end = std::min(rows, begin + rows_per_tile);
    std::vector<float> min(layout.axis, kInfinity), max(layout.axis, -kInfinity);
    MinMaxResult counts = kIdentity;
    if (columns) {
      MinMaxColumns()(x + begin * row_length, end - begin, row_length, row_length, min.data(), max.data(),
                      &counts.nan_count, &counts.inf_count);
    }
    for (size_t row = begin; row < end && !columns; ++row) {
      const size_t channel = row % layout.axis;
      MinMaxResult result = {min[channel], max[channel], 0, 0};
      MinMax()(x + row * row_length, row_length, &result);
      min[channel] = result.min;
      max[channel] = result.max;
      counts.nan_count += result.nan_count;
      counts.inf_count += result.inf_count;
    }
    shared.Fold(min.data(), max.data(), layout.axis, counts);
  });
}

bool PerBlock(const float* x, const TensorLayout& layout, Shared& shared, AbortFlag abort) {
  const size_t blocks = layout.BlocksPerAxis(), units = layout.outer * blocks;
  const size_t unit_elements = std::min(layout.block_size, layout.axis) * layout.inner;
  const size_t units_per_tile = std::max<size_t>(kTile / unit_elements, 1);
  return ThreadPool::Process().ParallelFor(CeilDiv(units, units_per_tile), abort, [&](size_t tile) {
    MinMaxResult counts = kIdentity;
    const size_t end = std::min(units, (tile + 1) * units_per_tile);
    for (size_t unit = tile * units_per_tile; unit < end; ++unit) {
      const size_t step = unit % blocks * layout.block_size;
      const size_t steps = std::min(layout.block_size, layout.axis - step);
      const float* block = x + (unit / blocks * layout.axis + step) * layout.inner;
      float *min = shared.min + unit * layout.inner, *max = shared.max + unit * layout.inner;
      if (layout.inner == 1) {
        MinMaxResult result = {*min, *max, 0, 0};
        MinMax()(block, steps, &result);
        *min = result.min;
        *max = result.max;
        counts.nan_count += result.nan_count;
        counts.inf_count += result.inf_count;
      } else {
        MinMaxColumns()(block, steps, layout.inner, layout.inner, min, max, &counts.nan_count, &counts.inf_count);
      }
    }
    shared.Fold(nullptr, nullptr, 0, counts);
  });
}

}  // namespace

bool MinMaxTensor(const float* x, const TensorLayout& layout, float* min, float* max, uint64_t* nan_count,
                  uint64_t* inf_count, AbortFlag abort) {
  std::fill_n(min, layout.ParameterCount(), kInfinity);
  std::fill_n(max, layout.ParameterCount(), -kInfinity);
  *nan_count = *inf_count = 0;
  if (layout.Count() == 0) return true;
  Shared shared{min, max, nan_count, inf_count, {}};
  switch (layout.granularity) {
    case Granularity::kPerTensor: return PerTensor(x, layout.Count(), shared, abort);
    case Granularity::kPerAxis: return PerAxis(x, layout, shared, abort);
    case Granularity::kPerBlock: return PerBlock(x, layout, shared, abort);
  }
  return true;
}

}  // namespace gossamer
