// The values that a solver may give weights: the fields of packages/quantize's WeightGrid.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// kAffine: value = float((quant_min + code - zero_point) * scale), code in [0, quant_max - quant_min]; the nearest code
// is that of w / scale + zero_point, ties to even. kLevels: value = float(levels[table, code] * scale), the nearest
// code that of w / scale, ties to the lower level. kNone: any value.
enum class GridKind : uint8_t { kNone, kAffine, kLevels };

struct SolverGrid {
  GridKind kind;
  size_t block_size;         // columns that share a scale, > 0
  const float* scales;       // [rows, blocks]
  const float* zero_points;  // [rows, blocks]; kAffine
  int32_t quant_min, quant_max;
  const float* levels;  // [tables, level_count], ascending; kLevels
  size_t level_count, tables;  // tables: 1, or one a row
};

inline size_t BlocksOf(const SolverGrid& grid, size_t columns) {
  return (columns + grid.block_size - 1) / grid.block_size;
}

struct GridPoint {
  int32_t code;
  double value;  // a float
};

// Nearest integer, ties to even, for |v| < 2^51: the sum with 1.5 * 2^52 has no fraction.
inline double RoundHalfEven(double v) { return (v + 0x1.8p52) - 0x1.8p52; }

// NaN: the lowest code.
inline GridPoint NearestAffine(double w, double scale, double zero_point, double quant_min, double quant_max) {
  double v = w / scale + zero_point;
  v = v > quant_min ? v : quant_min;
  v = v < quant_max ? v : quant_max;
  const double code = RoundHalfEven(v) - quant_min;
  return {static_cast<int32_t>(code), static_cast<float>((code + (quant_min - zero_point)) * scale)};
}

inline GridPoint NearestLevel(double w, double scale, const float* levels, size_t count) {
  const double wanted = scale == 0 ? 0 : w / scale;
  size_t low = 0, high = count - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const double boundary = (static_cast<double>(levels[middle]) + levels[middle + 1]) / 2;
    if (wanted <= boundary) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return {static_cast<int32_t>(low), static_cast<float>(levels[low] * scale)};
}

// Of weight w in `row` and `column`. Not of kNone.
inline GridPoint Nearest(const SolverGrid& grid, size_t columns, size_t row, size_t column, double w) {
  const size_t at = row * BlocksOf(grid, columns) + column / grid.block_size;
  if (grid.kind == GridKind::kAffine) {
    return NearestAffine(w, grid.scales[at], grid.zero_points[at], grid.quant_min, grid.quant_max);
  }
  const float* table = grid.levels + (grid.tables == 1 ? 0 : row * grid.level_count);
  return NearestLevel(w, grid.scales[at], table, grid.level_count);
}

// Where codes go, [rows, columns]: one of the two, or neither.
struct CodeOutput {
  uint8_t* bytes;
  uint16_t* words;
  void Put(size_t at, int32_t code) const {
    if (bytes != nullptr) bytes[at] = static_cast<uint8_t>(code);
    if (words != nullptr) words[at] = static_cast<uint16_t>(code);
  }
};

}  // namespace gossamer
