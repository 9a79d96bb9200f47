#include "engine/operators/column_sums.h"

#include "engine/operators/column_tiles.h"

namespace gossamer {

void SumColumns(const float* x, size_t rows, size_t cols, float* y, RunContext& context) {
  const ColumnTiles tiles(rows, cols);
  double* partials = static_cast<double*>(context.Scratch((tiles.Partials() + cols) * sizeof(double)));
  double* sums = partials + tiles.Partials();
  tiles.ForEach(context, [&](const ColumnTiles::Tile& tile) {
    ColumnSumsF32()(x + tile.offset, tile.matrix, partials + tile.partial);
  });
  std::fill(sums, sums + cols, 0.0);
  tiles.ForPartials([&](size_t first, size_t) {
    for (size_t c = 0; c < cols; ++c) sums[c] += partials[first + c];
  });
  for (size_t c = 0; c < cols; ++c) y[c] = static_cast<float>(sums[c]);
}

}  // namespace gossamer
