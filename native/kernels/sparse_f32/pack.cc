#include "kernels/sparse_f32/pack.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace gossamer {
namespace {

// Counts in the order in which the weights lie: along whichever of outputs and the piece is closer together.
size_t CountZeros(const WeightSourceF32& source) {
  const bool by_output = source.n_stride < source.piece_stride;
  const size_t rows = by_output ? source.piece : source.n, columns = by_output ? source.n : source.piece;
  const size_t row_stride = by_output ? source.piece_stride : source.n_stride;
  const size_t column_stride = by_output ? source.n_stride : source.piece_stride;
  size_t zeros = 0;
  for (size_t t = 0; t < source.taps; ++t) {
    for (size_t r = 0; r < rows; ++r) {
      const float* row = source.data + t * source.tap_stride + r * row_stride;
      if (column_stride == 1) {
        zeros += static_cast<size_t>(std::count(row, row + columns, 0.0f));
      } else {
        for (size_t c = 0; c < columns; ++c) zeros += row[c * column_stride] == 0 ? 1 : 0;
      }
    }
  }
  return zeros;
}

}  // namespace

PackedSparseF32::PackedSparseF32(const WeightSourceF32& source) {
  const size_t depth = source.taps * source.piece;
  for (size_t k0 = 0; k0 < depth; k0 += kSparseBlockF32) {
    const size_t k1 = std::min(depth, k0 + kSparseBlockF32);
    for (size_t n0 = 0; n0 < source.n; n0 += kSparsePanelF32) PackPanel(source, n0, k0, k1);
  }
  view_ = {source.n, depth, counts_.data(), order_.data(), starts_.data(), places_.data(), values_.data()};
}

void PackedSparseF32::PackPanel(const WeightSourceF32& source, size_t n0, size_t k0, size_t k1) {
  // The block's weights of an output, one after the other.
  float block[kSparsePanelF32][kSparseBlockF32];
  size_t place[kSparseBlockF32];
  for (size_t k = k0; k < k1; ++k) {
    place[k - k0] = k / source.piece * source.tap_stride + k % source.piece * source.piece_stride;
  }
  const size_t present = std::min(kSparsePanelF32, source.n - n0);
  for (size_t k = 0; k < k1 - k0; ++k) {
    for (size_t i = 0; i < present; ++i) block[i][k] = source.data[(n0 + i) * source.n_stride + place[k]];
  }
  uint8_t counts[kSparsePanelF32] = {}, order[kSparsePanelF32];
  std::iota(order, order + kSparsePanelF32, uint8_t{0});
  for (size_t i = 0; i < present; ++i) {
    for (size_t k = 0; k < k1 - k0; ++k) counts[i] += block[i][k] != 0 ? 1 : 0;
  }
  std::stable_sort(order, order + kSparsePanelF32, [&](uint8_t a, uint8_t b) { return counts[a] < counts[b]; });
  starts_.push_back(values_.size());
  for (uint8_t i : order) {
    order_.push_back(i);
    counts_.push_back(counts[i]);
    for (size_t k = 0; k < k1 - k0 && counts[i] != 0; ++k) {
      if (block[i][k] == 0) continue;
      places_.push_back(static_cast<uint8_t>(k));
      values_.push_back(block[i][k]);
    }
  }
}

size_t PackedSparseF32::Bytes() const {
  return counts_.size() + order_.size() + places_.size() + starts_.size() * sizeof(size_t) +
         values_.size() * sizeof(float);
}

SparseF32Choice ChooseSparseF32(const WeightSourceF32& source) {
  // In the time of one multiply-add of the dense kernel, measured on Zen 5 (768 x 3072 and 3072 x 768, 128 rows): a
  // non-zero; turning the sums of an output in a block round and going to the next one, for each weight.
  constexpr double kNonZeroCost = 1.5, kBlockCost = 0.06, kLeastGain = 1.1;
  SparseF32Choice choice;
  const size_t count = source.n * source.taps * source.piece;
  const double share = count == 0 ? 0 : static_cast<double>(CountZeros(source)) / static_cast<double>(count);
  choice.ratio = 1 / ((1 - share) * kNonZeroCost + kBlockCost);
  choice.sparse = choice.ratio >= kLeastGain;
  char line[96];
  std::snprintf(line, sizeof line, "%s: %.1f %% zeros, predicted %.2fx dense", choice.sparse ? "sparse" : "dense",
                100 * share, choice.ratio);
  choice.reason = line;
  return choice;
}

}  // namespace gossamer
