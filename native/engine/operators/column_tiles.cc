#include "engine/operators/column_tiles.h"

namespace gossamer {
namespace {

constexpr size_t kSlab = 64;           // columns that fill the sums of every instruction set
constexpr size_t kWidest = 512;        // columns that folding may make
constexpr size_t kLeastRows = 8;       // that folding leaves
constexpr size_t kColumns = 1024;      // of a tile: float64 results of them stay in the second-level cache
constexpr size_t kElements = 1 << 17;  // of a tile: 512 KiB, some 20 microseconds

// Doubles while columns end within a slab.
size_t FoldFor(size_t rows, size_t channels) {
  size_t fold = 1;
  const auto grows = [&] {
    const size_t width = fold * channels;
    return width % kSlab != 0 && 2 * width <= kWidest && rows / (2 * fold) >= kLeastRows;
  };
  while (channels > 0 && grows()) fold *= 2;
  return fold;
}

}  // namespace

ColumnTiles::ColumnTiles(size_t rows, size_t channels) : channels_(channels) {
  fold_ = FoldFor(rows, channels);
  rows_ = rows / fold_;
  tail_ = rows % fold_;
  column_tile_ = std::min(std::max<size_t>(Width(), 1), kColumns);
  column_tiles_ = Width() / column_tile_ + (Width() % column_tile_ != 0 ? 1 : 0);
  row_tile_ = kElements / column_tile_;  // 128 or more
  row_tiles_ = rows_ / row_tile_ + (rows_ % row_tile_ != 0 ? 1 : 0);
}

ColumnTiles::Tile ColumnTiles::At(size_t i) const {
  const size_t row = i / column_tiles_ * row_tile_;
  if (row >= rows_) {
    return {rows_ * Width(), {tail_, channels_, channels_}, 0, row_tiles_ * Width()};
  }
  const size_t column = i % column_tiles_ * column_tile_;
  return {row * Width() + column,
          {std::min(row_tile_, rows_ - row), std::min(column_tile_, Width() - column), Width()},
          column,
          i / column_tiles_ * Width() + column};
}

}  // namespace gossamer
