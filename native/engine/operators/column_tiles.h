// Work over the columns of a matrix [rows, channels], in tiles that the sizes alone decide: what each tile makes of its
// columns is the same on any number of threads, and so is what is made of that in order.
#pragma once
#include <algorithm>

#include "engine/operators/arguments.h"
#include "kernels/batch_norm_f32/batch_norm_f32.h"

namespace gossamer {

class ColumnTiles {
 public:
  // Where channels are few, `Fold` neighbouring rows are one row of Fold * channels columns, so that vectors are full;
  // rows that are left over are a tile of their own, with the channels as columns.
  ColumnTiles(size_t rows, size_t channels);

  struct Tile {
    size_t offset;  // of its first element in the matrix
    ColumnMatrix matrix;
    size_t column;   // of its first column, in arrays of Width() parameters
    size_t partial;  // of its first column, in arrays of Partials() results
  };

  size_t Fold() const { return fold_; }
  size_t Width() const { return fold_ * channels_; }
  // One result for each column of each tile: those of a channel are visited by ForPartials.
  size_t Partials() const { return row_tiles_ * Width() + (tail_ > 0 ? channels_ : 0); }

  // Calls body(tile) for all tiles, on any thread.
  template <class Body>
  void ForEach(RunContext& context, const Body& body) const {
    const size_t tiles = row_tiles_ * column_tiles_ + (tail_ > 0 ? 1 : 0);
    if (tiles == 1) return body(At(0));
    if (tiles > 1) context.Parallel(tiles, [&](size_t i) { body(At(i)); });
  }
  // From the last to the first: what another ForEach has read last is in the caches.
  template <class Body>
  void ForEachAgain(RunContext& context, const Body& body) const {
    const size_t tiles = row_tiles_ * column_tiles_ + (tail_ > 0 ? 1 : 0);
    if (tiles == 1) return body(At(0));
    if (tiles > 1) context.Parallel(tiles, [&](size_t i) { body(At(tiles - 1 - i)); });
  }

  // Calls body(partial, rows) for runs of results, each of all channels in order, made of `rows` rows each; in the order
  // of the rows, but for those that are folded into one.
  template <class Body>
  void ForPartials(const Body& body) const {
    for (size_t t = 0; t < row_tiles_; ++t) {
      const size_t rows = std::min(row_tile_, rows_ - t * row_tile_);
      for (size_t f = 0; f < fold_; ++f) body(t * Width() + f * channels_, rows);
    }
    if (tail_ > 0) body(row_tiles_ * Width(), tail_);
  }

  // Writes the channels' parameters as often as rows are folded into one: `values` has room for Width().
  void Repeat(float* values) const {
    for (size_t i = channels_; i < Width(); ++i) values[i] = values[i - channels_];
  }

 private:
  Tile At(size_t i) const;

  size_t channels_;
  size_t fold_ = 1, rows_, tail_;  // rows of Width() columns, and what is left over
  size_t row_tile_, row_tiles_, column_tile_, column_tiles_;
};

}  // namespace gossamer
