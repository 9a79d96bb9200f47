#include "linalg/gram.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {
namespace {

constexpr size_t kRun = 256;  // vectors whose products are added in float32
// Columns of a panel, and with them the side of a tile of sums: a tile in float64 and float32 and the panels of a run
// lie in a second-level cache, and little is computed in vain below the diagonal.
constexpr size_t kPanel = 96, kTileSize = kPanel * kPanel;
constexpr size_t kChunkFloats = size_t{4} << 20;  // about so much of x is packed at a time
constexpr size_t kFewTiles = 8;  // with fewer, vectors are shared out too, in as many segments
constexpr ActivationSpec kPlain{Activation::kNone, 0, 0};

size_t CeilDiv(size_t a, size_t b) { return (a + b - 1) / b; }

// Some vectors as panels of kPanel columns, each [count, kPanel]: rows near each other, wherever those of x lie.
class Panels {
 public:
  Panels(size_t columns, size_t capacity)
      : columns_(columns),
        stride_(capacity * kPanel),
        floats_(new float[CeilDiv(columns, kPanel) * stride_ + kStripF32]) {}  // the kernel reads behind a row

  // x, or x - y where there is a y.
  bool Pack(const float* x, const float* y, size_t count, AbortFlag abort) {
    const size_t runs = CeilDiv(count, kRun);
    return ThreadPool::Process().ParallelFor(runs, abort, [&](size_t run) {
      for (size_t v = run * kRun; v < std::min(count, (run + 1) * kRun); ++v) {
        for (size_t first = 0, p = 0; first < columns_; first += kPanel, ++p) {
          const size_t width = std::min(kPanel, columns_ - first), at = v * columns_ + first;
          float* to = Panel(p) + v * kPanel;
          for (size_t c = 0; c < width; ++c) to[c] = y == nullptr ? x[at + c] : x[at + c] - y[at + c];
        }
      }
    });
  }

  float* Panel(size_t p) const { return floats_.get() + p * stride_; }

 private:
  size_t columns_, stride_;
  std::unique_ptr<float[]> floats_;
};

// Which sums a thread computes at a time, over vectors first .. end - 1.
struct Tile {
  size_t i, j, rows, columns;  // panels, and how many columns they have
  bool is_diagonal;            // only its upper triangle is wanted
};

// part [kPanel, kPanel] += the tile's sums. A part is contiguous: rows of the whole matrix may lie whole pages apart,
// and would evict one another.
void SumTile(const Panels& x, const Panels& y, const Tile& tile, size_t first, size_t end, double* part) {
  const std::unique_ptr<float[]> sums(new float[kTileSize]);
  for (size_t v = first; v < end; v += kRun) {
    const size_t count = std::min(kRun, end - v);
    const WeightsF32 b{y.Panel(tile.j) + v * kPanel, count, tile.columns, kPanel, kStripF32};
    GemmTransposedF32()(x.Panel(tile.i) + v * kPanel, kPanel, 0, tile.rows, b, 0, tile.columns,
                        {nullptr, nullptr, 0, kPlain, sums.get(), kPanel});
    for (size_t r = 0; r < tile.rows; ++r) {
      for (size_t c = 0; c < tile.columns; ++c) part[r * kPanel + c] += sums[r * kPanel + c];
    }
  }
}

void AddPart(const Tile& tile, const double* part, double* sums, size_t columns) {
  double* to = sums + tile.i * kPanel * columns + tile.j * kPanel;
  for (size_t r = 0; r < tile.rows; ++r) {
    for (size_t c = tile.is_diagonal ? r : 0; c < tile.columns; ++c) to[r * columns + c] += part[r * kPanel + c];
  }
}

std::vector<Tile> TilesOf(size_t columns, bool is_symmetric) {
  std::vector<Tile> tiles;
  const size_t panels = CeilDiv(columns, kPanel);
  for (size_t i = 0; i < panels; ++i) {
    for (size_t j = is_symmetric ? i : 0; j < panels; ++j) {
      tiles.push_back({i, j, std::min(kPanel, columns - i * kPanel), std::min(kPanel, columns - j * kPanel),
                       is_symmetric && i == j});
    }
  }
  return tiles;
}

// The sum over a tile of the upper triangle of m times part, what lies above the diagonal twice.
double DotTile(const Tile& tile, const double* part, const double* m, size_t columns) {
  const double* of_tile = m + tile.i * kPanel * columns + tile.j * kPanel;
  double above = 0, diagonal = 0;
  for (size_t r = 0; r < tile.rows; ++r) {
    const double* a = part + r * kPanel;
    const double* b = of_tile + r * columns;
    if (tile.is_diagonal) diagonal += a[r] * b[r];
    for (size_t c = tile.is_diagonal ? r + 1 : 0; c < tile.columns; ++c) above += a[c] * b[c];
  }
  return diagonal + 2 * above;
}

// Vectors that are packed at a time.
size_t ChunkOf(size_t count, size_t columns) {
  return std::min(count, std::max<size_t>(CeilDiv(kChunkFloats / columns, kRun), 1) * kRun);
}

// Tiles too few to keep threads busy: segments of the vectors are summed apart, then added in order.
bool AddSegments(const Panels& x, const Panels& y, const std::vector<Tile>& tiles, size_t count, double* sums,
                 size_t columns, AbortFlag abort) {
  const size_t runs = CeilDiv(count, kRun), segments = std::min(kFewTiles, runs);
  std::vector<double> parts(tiles.size() * segments * kTileSize);
  const bool done = ThreadPool::Process().ParallelFor(tiles.size() * segments, abort, [&](size_t at) {
    const size_t s = at % segments, first = runs * s / segments * kRun, end = runs * (s + 1) / segments * kRun;
    SumTile(x, y, tiles[at / segments], first, std::min(count, end), parts.data() + at * kTileSize);
  });
  if (!done) return false;
  return ThreadPool::Process().ParallelFor(tiles.size(), abort, [&](size_t t) {
    for (size_t s = 0; s < segments; ++s) {
      AddPart(tiles[t], parts.data() + (t * segments + s) * kTileSize, sums, columns);
    }
  });
}

}  // namespace

bool AddGram(const float* x, const float* y, size_t count, size_t columns, double* sums, AbortFlag abort) {
  if (count == 0 || columns == 0) return true;
  const std::vector<Tile> tiles = TilesOf(columns, y == nullptr);
  const size_t chunk = ChunkOf(count, columns);
  Panels of_x(columns, chunk), of_y(columns, y == nullptr ? 0 : chunk);
  const Panels& right = y == nullptr ? of_x : of_y;
  for (size_t first = 0; first < count; first += chunk) {
    const size_t vectors = std::min(chunk, count - first);
    if (!of_x.Pack(x + first * columns, nullptr, vectors, abort)) return false;
    if (y != nullptr && !of_y.Pack(y + first * columns, nullptr, vectors, abort)) return false;
    const bool done =
        tiles.size() < kFewTiles
            ? AddSegments(of_x, right, tiles, vectors, sums, columns, abort)
            : ThreadPool::Process().ParallelFor(tiles.size(), abort, [&](size_t t) {
                std::vector<double> part(kTileSize);
                SumTile(of_x, right, tiles[t], 0, vectors, part.data());
                AddPart(tiles[t], part.data(), sums, columns);
              });
    if (!done) return false;
  }
  return true;
}

bool GramDot(const float* x, const float* y, size_t count, size_t columns, const double* m, double* dot,
             AbortFlag abort) {
  *dot = 0;
  if (count == 0 || columns == 0) return true;
  const std::vector<Tile> tiles = TilesOf(columns, true);
  const size_t chunk = ChunkOf(count, columns);
  Panels of_d(columns, chunk);
  for (size_t first = 0; first < count; first += chunk) {
    const size_t vectors = std::min(chunk, count - first), runs = CeilDiv(vectors, kRun);
    const size_t segments = tiles.size() < kFewTiles ? std::min(kFewTiles, runs) : 1;
    if (!of_d.Pack(x + first * columns, y + first * columns, vectors, abort)) return false;
    std::vector<double> dots(tiles.size() * segments);
    const bool done = ThreadPool::Process().ParallelFor(dots.size(), abort, [&](size_t at) {
      const Tile& tile = tiles[at / segments];
      const size_t s = at % segments, begin = runs * s / segments * kRun, end = runs * (s + 1) / segments * kRun;
      std::vector<double> part(kTileSize);
      SumTile(of_d, of_d, tile, begin, std::min(vectors, end), part.data());
      dots[at] = DotTile(tile, part.data(), m, columns);
    });
    if (!done) return false;
    for (double part : dots) *dot += part;
  }
  return true;
}

}  // namespace gossamer
