#include "kernels/block_quantize/matrix.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "kernels/pack_bits/pack_bits.h"

namespace gossamer {
namespace {

constexpr size_t kTile = size_t{1} << 16;  // weights a thread takes at a time
// Columns visited together: four cache lines of each row, so that the strided reads of a block stay few and long.
constexpr size_t kStrip = 64;

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

// `count` codes of `bits` from one a byte to packed.
void Pack(const uint8_t* codes, size_t count, unsigned bits, uint8_t* packed) {
  if (bits == 4) {
    PackNibbles()(codes, count, packed);
  } else if (bits == 2) {
    PackCrumbs()(codes, count, packed);
  } else {
    std::memcpy(packed, codes, count);
  }
}

// A strip of columns of a [k, n] weight, from top to bottom.
void NBitsStrip(const BlockedWeight& weight, const BlockScheme& scheme, unsigned bits, const NBitsOutput& out,
                size_t first_column, uint64_t* non_finite) {
  const size_t cols = std::min(kStrip, weight.n - first_column), blocks = weight.BlocksPerColumn();
  const size_t block_bytes = weight.block_size * bits / 8, words_per_block = block_bytes / sizeof(uint32_t);
  std::vector<uint32_t> words(words_per_block * kStrip);
  std::vector<uint8_t> zero_points(cols * blocks);
  float scales[kStrip];
  uint8_t block_zero_points[kStrip];
  for (size_t block = 0; block < blocks; ++block) {
    const size_t row = block * weight.block_size, rows = std::min(weight.block_size, weight.k - row);
    QuantizeColumnsPacked()(weight.w + row * weight.n + first_column, rows, cols, weight.n, scheme, bits, scales,
                            block_zero_points, words.data(), kStrip, non_finite);
    const size_t filled = CeilDiv(rows * bits, 32);
    for (size_t c = 0; c < cols; ++c) {
      const size_t index = (first_column + c) * blocks + block;
      out.scales[index] = scales[c];
      zero_points[c * blocks + block] = block_zero_points[c];
      // 32 bits of one repeated code, for the words that a short last block does not reach.
      const uint32_t padding = block_zero_points[c] * (0xffffffffu / ((1u << bits) - 1));
      uint8_t* bytes = out.b + index * block_bytes;
      for (size_t w = 0; w < words_per_block; ++w) {
        const uint32_t word = w < filled ? words[w * kStrip + c] : padding;
        std::memcpy(bytes + w * sizeof word, &word, sizeof word);
      }
    }
  }
  if (out.zero_points == nullptr) return;
  const size_t packed_bytes = CeilDiv(blocks * bits, 8);
  for (size_t c = 0; c < cols; ++c) {
    Pack(zero_points.data() + c * blocks, blocks, bits, out.zero_points + (first_column + c) * packed_bytes);
  }
}

void NBitsRows(const BlockedWeight& weight, const BlockScheme& scheme, unsigned bits, const NBitsOutput& out,
               size_t begin, size_t end, uint64_t* non_finite) {
  const size_t blocks = weight.BlocksPerColumn(), padded = blocks * weight.block_size;
  const size_t row_bytes = padded * bits / 8, packed_bytes = CeilDiv(blocks * bits, 8);
  std::vector<uint8_t> codes(padded), zero_points(blocks);
  for (size_t row = begin; row < end; ++row) {
    QuantizeBlocks()(weight.w + row * weight.k, weight.k, weight.block_size, scheme, out.scales + row * blocks,
                     zero_points.data(), codes.data(), non_finite);
    std::fill(codes.begin() + static_cast<std::ptrdiff_t>(weight.k), codes.end(), zero_points.back());
    Pack(codes.data(), padded, bits, out.b + row * row_bytes);
    if (out.zero_points != nullptr) Pack(zero_points.data(), blocks, bits, out.zero_points + row * packed_bytes);
  }
}

}  // namespace

bool QuantizeMatMulNBits(const BlockedWeight& weight, const BlockScheme& scheme, unsigned bits, const NBitsOutput& out,
                         uint64_t* non_finite, AbortFlag abort) {
  *non_finite = 0;
  if (weight.n == 0 || weight.k == 0) return true;
  std::atomic<uint64_t> total{0};
  const bool by_columns = weight.layout == WeightLayout::kKn;
  const size_t per_tile = by_columns ? kStrip : std::max<size_t>(kTile / weight.k, 1);
  const bool done = ThreadPool::Process().ParallelFor(CeilDiv(weight.n, per_tile), abort, [&](size_t tile) {
    uint64_t found = 0;
    const size_t begin = tile * per_tile;
    if (by_columns) {
      NBitsStrip(weight, scheme, bits, out, begin, &found);
    } else {
      NBitsRows(weight, scheme, bits, out, begin, std::min(weight.n, begin + per_tile), &found);
    }
    total += found;
  });
  *non_finite = total;
  return done;
}

bool QuantizeBlockedWeight(const BlockedWeight& weight, const BlockScheme& scheme, const BlockedOutput& out,
                           uint64_t* non_finite, AbortFlag abort) {
  *non_finite = 0;
  if (weight.n == 0 || weight.k == 0) return true;
  const size_t n = weight.n, k = weight.k, blocks = weight.BlocksPerColumn();
  std::atomic<uint64_t> total{0};
  bool done;
  if (weight.layout == WeightLayout::kKn) {
    const size_t strips = CeilDiv(n, kStrip);
    done = ThreadPool::Process().ParallelFor(blocks * strips, abort, [&](size_t tile) {
      uint64_t found = 0;
      const size_t block = tile / strips, column = tile % strips * kStrip;
      const size_t row = block * weight.block_size, rows = std::min(weight.block_size, k - row);
      const size_t at = row * n + column;
      QuantizeColumns()(weight.w + at, rows, std::min(kStrip, n - column), n, scheme, out.scales + block * n + column,
                        out.zero_points + block * n + column, out.codes + at, n, &found);
      total += found;
    });
  } else {
    const size_t rows_per_tile = std::max<size_t>(kTile / k, 1);
    done = ThreadPool::Process().ParallelFor(CeilDiv(n, rows_per_tile), abort, [&](size_t tile) {
      uint64_t found = 0;
      const size_t end = std::min(n, (tile + 1) * rows_per_tile);
      for (size_t row = tile * rows_per_tile; row < end; ++row) {
        QuantizeBlocks()(weight.w + row * k, k, weight.block_size, scheme, out.scales + row * blocks,
                         out.zero_points + row * blocks, out.codes + row * k, &found);
      }
      total += found;
    });
  }
  *non_finite = total;
  return done;
}

}  // namespace gossamer
