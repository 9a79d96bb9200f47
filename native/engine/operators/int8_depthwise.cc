#include "engine/operators/int8_depthwise.h"

#include <algorithm>
#include <cstring>

#include "engine/operators/fixed_rows.h"

namespace gossamer {
namespace {

// Rows of a block, which every 64 channels go over, fit a first- or second-level cache.
constexpr size_t kBlockBytes = 48 * 1024, kLeastBlock = 16;
// Multiplications of a tile: about 50 microseconds.
constexpr size_t kTileCost = 4000000;
constexpr size_t kRowUnit = 4;  // rows that the kernel takes at once

size_t RoundUp(size_t a, size_t unit) { return (a + unit - 1) / unit * unit; }

}  // namespace

Int8Depthwise::Int8Depthwise(const int8_t* w, const int32_t* weight_zero, size_t outputs, size_t multiplier,
                             size_t taps)
    : multiplier_(multiplier), taps_(taps) {
  std::vector<int32_t> rest(outputs * taps);
  int32_t parts = 1;
  for (size_t i = 0; i < rest.size(); ++i) {
    rest[i] = w[i] - weight_zero[i / taps];
    parts = std::max(parts, rest[i] < 0 ? (127 - rest[i]) / 128 : (126 + rest[i]) / 127);
  }
  const size_t all = static_cast<size_t>(parts) * taps;
  std::vector<int8_t> split(outputs * all);
  for (size_t n = 0; n < outputs; ++n) {
    for (size_t i = 0; i < all; ++i) {
      int32_t& left = rest[n * taps + i % taps];
      const int32_t part = std::clamp(left, -128, 127);
      split[n * all + i] = static_cast<int8_t>(part);
      left -= part;
    }
  }
  bytes_ = DepthwiseBytesI8(outputs, all);
  blocks_ = NewBuffer(bytes_);
  packed_ = PackDepthwiseI8(split.data(), outputs, all, static_cast<int8_t*>(blocks_.get()));
}

const uint8_t* Int8Depthwise::Expand(const uint8_t* x, size_t pixels, RunContext& context) const {
  if (multiplier_ == 1) return x;
  const size_t channels = Outputs() / multiplier_;
  uint8_t* wide = static_cast<uint8_t*>(context.Scratch(pixels * Outputs()));
  const size_t tile = std::max<size_t>(1, kBlockBytes / Outputs());
  context.Parallel((pixels + tile - 1) / tile, [&](size_t t) {
    const size_t end = std::min(pixels, (t + 1) * tile) * channels;
    for (size_t i = t * tile * channels; i < end; ++i) std::memset(wide + i * multiplier_, x[i], multiplier_);
  });
  return wide;
}

void Int8Depthwise::Run(const uint8_t* x, ActivationRows rows, size_t new_bytes, const Int8Output& output,
                        RunContext& context) const {
  if (rows.count == 0) return;
  if (packed_.taps != taps_) {
    const size_t once = taps_ * rows.count;
    int32_t* offsets = static_cast<int32_t*>(context.Scratch(packed_.taps / taps_ * once * sizeof(int32_t)));
    for (size_t i = 0; i < packed_.taps / taps_; ++i) {
      std::memcpy(offsets + i * once, rows.offsets, once * sizeof(int32_t));
    }
    rows.offsets = offsets;
    rows.taps = packed_.taps;
  }
  const size_t cost = std::max<size_t>(1, packed_.channels * packed_.taps);
  const size_t shared = (rows.count + context.Threads() - 1) / context.Threads();
  const size_t least = RoundUp(std::max<size_t>(1, kTileCost / 16 / cost), kRowUnit);  // worth a thread
  const size_t part =
      std::min(RoundUp(std::max<size_t>(1, kTileCost / cost), kRowUnit), std::max(least, RoundUp(shared, kRowUnit)));
  const size_t result_bytes = output.kind == Int8Result::kQuantized ? 1 : 4;
  const size_t block =
      RoundUp(std::max(kLeastBlock, kBlockBytes / (new_bytes + packed_.channels * result_bytes)), kRowUnit);
  context.Parallel((rows.count + part - 1) / part, [&](size_t p) {
    const size_t end = std::min(rows.count, (p + 1) * part);
    if (output.multiplier != nullptr) {
      return RunFixedRows(x, rows, p * part, end, {Outputs(), 0, Outputs(), kRowUnit}, output,
                          [&](const uint8_t* from, const ActivationRows& some, size_t n, const Int8Output& sums) {
                            DepthwiseI8()(from, some, 0, n, packed_, sums);
                          });
    }
    for (size_t m = p * part; m < end; m += block) DepthwiseI8()(x, rows, m, std::min(end, m + block), packed_, output);
  });
}

std::string Int8Depthwise::Note() const {
  return packed_.taps == taps_ ? "depthwise" : "depthwise, weights in parts: less their zero points they exceed int8";
}

}  // namespace gossamer
