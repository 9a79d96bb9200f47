#include "engine/operators/int8_depthwise.h"

#include <algorithm>
#include <cstring>

namespace gossamer {
namespace {

// Rows of a block, which every 64 channels go over, fit a first- or second-level cache.
constexpr size_t kBlockBytes = 48 * 1024, kLeastBlock = 16;
// Multiplications of a tile: about 50 microseconds.
constexpr size_t kTileCost = 4000000;
constexpr size_t kRowUnit = 4;  // rows that the kernel takes at once

size_t RoundUp(size_t a, size_t unit) { return (a + unit - 1) / unit * unit; }

}  // namespace

Int8Depthwise::Int8Depthwise(const int8_t* w, const int32_t* weight_zero, size_t outputs, size_t multiplier, size_t taps)
    : multiplier_(multiplier), taps_(taps) {
  std::vector<int32_t> differences(outputs * taps);
  bool fits = true;
  for (size_t i = 0; i < differences.size(); ++i) {
    differences[i] = w[i] - weight_zero[i / taps];
    fits = fits && differences[i] >= -128 && differences[i] <= 127;
  }
  const size_t all = fits ? taps : 2 * taps;
  std::vector<int8_t> parts(outputs * all);
  for (size_t n = 0; n < outputs; ++n) {
    for (size_t t = 0; t < taps; ++t) {
      const int32_t whole = differences[n * taps + t], part = std::clamp(whole, -128, 127);
      parts[n * all + t] = static_cast<int8_t>(part);
      if (!fits) parts[n * all + taps + t] = static_cast<int8_t>(whole - part);
    }
  }
  bytes_ = DepthwiseBytesI8(outputs, all);
  blocks_ = NewBuffer(bytes_);
  packed_ = PackDepthwiseI8(parts.data(), outputs, all, static_cast<int8_t*>(blocks_.get()));
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
    int32_t* twice = static_cast<int32_t*>(context.Scratch(2 * taps_ * rows.count * sizeof(int32_t)));
    for (size_t i = 0; i < 2; ++i) {
      std::memcpy(twice + i * taps_ * rows.count, rows.offsets, taps_ * rows.count * sizeof(int32_t));
    }
    rows.offsets = twice;
    rows.taps = packed_.taps;
  }
  const size_t cost = std::max<size_t>(1, packed_.channels * packed_.taps);
  const size_t shared = (rows.count + context.Threads() - 1) / context.Threads();
  const size_t least = RoundUp(std::max<size_t>(1, kTileCost / 16 / cost), kRowUnit);  // worth a thread
  const size_t part = std::min(RoundUp(std::max<size_t>(1, kTileCost / cost), kRowUnit),
                               std::max(least, RoundUp(shared, kRowUnit)));
  const size_t result_bytes = output.kind == Int8Result::kQuantized ? 1 : 4;
  const size_t block = RoundUp(std::max(kLeastBlock, kBlockBytes / (new_bytes + packed_.channels * result_bytes)), kRowUnit);
  context.Parallel((rows.count + part - 1) / part, [&](size_t p) {
    const size_t end = std::min(rows.count, (p + 1) * part);
    for (size_t m = p * part; m < end; m += block) DepthwiseI8()(x, rows, m, std::min(end, m + block), packed_, output);
  });
}

std::string Int8Depthwise::Note() const {
  return packed_.taps == taps_ ? "depthwise" : "depthwise, weights in two parts: with their zero points they exceed int8";
}

}  // namespace gossamer
