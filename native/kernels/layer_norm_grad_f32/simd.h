// The body of layer_norm_grad_f32, written over the operations of one kernels/simd/ header, which is included first.
#include <cmath>

#include "kernels/layer_norm_grad_f32/layer_norm_grad_f32.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

inline float FiniteOrNan(float v) { return std::isfinite(v) ? v : NAN; }

}  // namespace

void GOSSAMER_SIMD(LayerNormGradF32)(const LayerNormGradRows& arrays, size_t rows, size_t cols) {
  const F32 pad = Fill(0.0f), n = Fill(static_cast<float>(cols));
  const float *dy = arrays.dy, *x = arrays.x, *scale = arrays.scale;
  float *dx = arrays.dx, *dscale = arrays.dscale, *dbias = arrays.dbias;
  for (size_t row = 0; row < rows; ++row, dy += cols, x += cols, dx += cols) {
    // Lanes behind the row then add 0 to every sum.
    const F32 mean = Fill(FiniteOrNan(arrays.mean[row])), inv_std = Fill(FiniteOrNan(arrays.inv_std[row]));
    F32 sums[kRowVectors], products[kRowVectors];
    GOSSAMER_UNROLL
    for (size_t v = 0; v < kRowVectors; ++v) sums[v] = products[v] = pad;
    ForRowVectors(cols, [&](size_t i, size_t lanes, size_t v) {
      const F32 d = LoadLanes(dy + i, lanes, pad), g = Mul(d, LoadLanes(scale + i, lanes, pad));
      const F32 h = Mul(Sub(LoadLanes(x + i, lanes, mean), mean), inv_std);
      sums[v] = Add(sums[v], g);
      products[v] = Fma(g, h, products[v]);
      StoreLanes(dscale + i, Fma(d, h, LoadLanes(dscale + i, lanes, pad)), lanes);
      StoreLanes(dbias + i, Add(LoadLanes(dbias + i, lanes, pad), d), lanes);
    });
    const F32 sum = Div(Fill(SumPartials(sums)), n), product = Div(Fill(SumPartials(products)), n);
    ForRowVectors(cols, [&](size_t i, size_t lanes, size_t) {
      const F32 g = Mul(LoadLanes(dy + i, lanes, pad), LoadLanes(scale + i, lanes, pad));
      const F32 h = Mul(Sub(LoadLanes(x + i, lanes, mean), mean), inv_std);
      StoreLanes(dx + i, Mul(inv_std, Sub(g, Fma(h, product, sum))), lanes);
    });
  }
}

}  // namespace gossamer
