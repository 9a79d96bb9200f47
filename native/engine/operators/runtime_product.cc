#include "engine/operators/runtime_product.h"

#include <algorithm>
#include <vector>

namespace gossamer {
namespace {

constexpr size_t kPanel = 64;  // columns: the widest tile of the kernels

// One product of few rows: each task packs a panel of b and multiplies all of a by it while it is in the cache. A thread
// keeps the memory: k * 64 floats.
void RunPanels(const RuntimeProducts& products, const FloatOutput& output,
               const std::function<void(size_t, const GemmTile&)>& before, RunContext& context) {
  MatMulF32 p = products.first;
  p.a += products.a_offset(0);
  p.b += products.b_index(0) * products.b_distance;
  context.Parallel((p.n + kPanel - 1) / kPanel, [&](size_t i) {
    static thread_local std::vector<float> packed;
    const size_t n0 = i * kPanel, columns = std::min(kPanel, p.n - n0);
    if (packed.size() < p.k * kPanel) packed.resize(p.k * kPanel);
    PackColumnsF32(p, n0, n0 + columns, packed.data());
    if (before) before(0, {0, p.m, n0, n0 + columns});
    FloatOutput panel = output;
    panel.y += n0;
    if (panel.bias != nullptr) panel.bias += n0;
    if (panel.residual != nullptr) panel.residual += n0;
    RunMatMulF32(p, PackedF32(packed.data(), p.k, columns), 0, p.m, 0, columns, panel);
  });
}

}  // namespace


void RunProducts(const RuntimeProducts& products, const std::function<FloatOutput(size_t)>& output_of,
                 const std::function<void(size_t, const GemmTile&)>& before, RunContext& context) {
  const MatMulF32& p = products.first;
  const size_t matrix = p.k * p.n, packed_count = PackedCountF32(p.k, p.n);
  const bool in_place = ReadsInPlace(p);
  constexpr size_t kFewRows = 384, kFewColumns = 4 * kPanel;
  if (!in_place && products.count == 1 && p.m <= kFewRows && p.n >= kFewColumns) {
    RunPanels(products, output_of(0), before, context);
    return;
  }
  float* packed = nullptr;
  if (!in_place) {
    constexpr size_t kFloats = 64 << 10;  // about 20 microseconds of copying
    packed = static_cast<float*>(context.Scratch(products.b_count * packed_count * sizeof(float)));
    const size_t strips = std::max<size_t>(4, kFloats / std::max<size_t>(p.k * kStripF32, 1)) / 4 * 4;
    const size_t columns = std::min(strips * kStripF32, p.n), blocks = columns == 0 ? 0 : (p.n - 1) / columns + 1;
    const size_t together = std::max<size_t>(1, kFloats / std::max<size_t>(packed_count, 1));
    context.Parallel((products.b_count + together - 1) / together * blocks, [&](size_t i) {
      const size_t n0 = i % blocks * columns, first = i / blocks * together;
      for (size_t b = first; b < std::min(products.b_count, first + together); ++b) {
        MatMulF32 product = p;
        product.b += b * products.b_distance;
        PackColumnsF32(product, n0, std::min(p.n, n0 + columns), packed + b * packed_count + n0 * p.k);
      }
    });
  }

  // A tile of small products has several of them; a large one is split.
  constexpr size_t kProducts = 4 << 20;
  const GemmTiles tiles = PlanGemmF32(p.m, p.n, p.k, p.k);
  const size_t each = std::max<size_t>(1, p.m * std::max<size_t>(matrix, 1));
  const size_t together = tiles.Count() > 1 ? 1 : std::max<size_t>(1, kProducts / each);
  context.Parallel((products.count + together - 1) / together * tiles.Count(), [&](size_t i) {
    const GemmTile tile = tiles.At(i % tiles.Count());
    const size_t first = i / tiles.Count() * together, end = std::min(products.count, first + together);
    for (size_t product_index = first; product_index < end; ++product_index) {
      const size_t b = products.b_index(product_index);
      MatMulF32 product = p;
      product.a += products.a_offset(product_index);
      const WeightsF32 weights = in_place ? WeightsF32{p.b + b * products.b_distance, p.k, p.n, p.b_row, kStripF32}
                                          : PackedF32(packed + b * packed_count, p.k, p.n);
      if (before) before(product_index, tile);
      RunMatMulF32(product, weights, tile.m0, tile.m1, tile.n0, tile.n1, output_of(product_index));
    }
  });
}

}  // namespace gossamer
