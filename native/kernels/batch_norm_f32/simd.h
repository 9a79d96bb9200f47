// The body of batch_norm_f32, written over the operations of one kernels/simd/ header, which is included first.
#include <math.h>

#include "kernels/batch_norm_f32/batch_norm_f32.h"
#include "kernels/simd/fold_row.h"

namespace gossamer {
namespace {

// Columns that are worked on together: as many vectors as keep their sums in registers.
constexpr size_t kSlabVectors = 4;
constexpr size_t kSlab = kSlabVectors * kLanes;

// Calls body(vectors, first column, lanes of the last vector) for the slabs of a row; the type of `vectors` has their
// number.
template <size_t kVectors>
struct Vectors {
  static constexpr size_t kCount = kVectors;
};
template <class Body>
inline void ForSlabs(size_t cols, const Body& body) {
  size_t c = 0;
  for (; c + kSlab <= cols; c += kSlab) body(Vectors<kSlabVectors>(), c, kLanes);
  const size_t vectors = (cols - c + kLanes - 1) / kLanes, lanes = cols - c - (vectors - 1) * kLanes;
  if (vectors == 1) body(Vectors<1>(), c, lanes);
  if (vectors == 2) body(Vectors<2>(), c, lanes);
  if (vectors == 3) body(Vectors<3>(), c, lanes);
  if (vectors == 4) body(Vectors<4>(), c, lanes);
}
template <class Body>
inline void ForBlocks(size_t rows, const Body& body) {
  for (size_t r = 0; r < rows; r += kColumnBlock) body(r, rows - r < kColumnBlock ? rows - r : kColumnBlock);
}

template <size_t kVectors>
inline void Clear(F32 (&acc)[kVectors]) {
  for (F32& sum : acc) sum = Fill(0.0f);
}
// Lanes beyond are 0.
template <size_t kVectors>
inline void LoadSlab(const float* p, size_t lanes, F32 (&out)[kVectors]) {
  for (size_t v = 0; v + 1 < kVectors; ++v) out[v] = Load(p + v * kLanes);
  out[kVectors - 1] = LoadLanes(p + (kVectors - 1) * kLanes, lanes, Fill(0.0f));
}
template <size_t kVectors>
inline void StoreSlab(float* p, size_t lanes, const F32 (&in)[kVectors]) {
  for (size_t v = 0; v + 1 < kVectors; ++v) Store(p + v * kLanes, in[v]);
  StoreLanes(p + (kVectors - 1) * kLanes, in[kVectors - 1], lanes);
}
template <size_t kVectors>
inline void SpillSlab(float* p, const F32 (&in)[kVectors]) {
  for (size_t v = 0; v < kVectors; ++v) Store(p + v * kLanes, in[v]);
}

template <size_t kVectors>
inline void SumBlock(const float* x, size_t rows, size_t lanes, size_t stride, F32 (&sum)[kVectors]) {
  Clear(sum);
  for (size_t r = 0; r < rows; ++r) {
    F32 row[kVectors];
    LoadSlab(x + r * stride, lanes, row);
    for (size_t v = 0; v < kVectors; ++v) sum[v] = Add(sum[v], row[v]);
  }
}

// The sums of d = x - m and of d^2.
template <size_t kVectors>
inline void DeviationsOfBlock(const float* x, size_t rows, size_t lanes, size_t stride, const F32 (&m)[kVectors],
                              F32 (&sum)[kVectors], F32 (&squares)[kVectors]) {
  Clear(sum);
  Clear(squares);
  for (size_t r = 0; r < rows; ++r) {
    F32 row[kVectors];
    LoadSlab(x + r * stride, lanes, row);
    for (size_t v = 0; v < kVectors; ++v) {
      const F32 d = Sub(row[v], m[v]);
      sum[v] = Add(sum[v], d);
      squares[v] = Fma(d, d, squares[v]);
    }
  }
}

template <BatchNormActivation kKind>
inline F32 Activated(F32 v, F32 low, F32 high) {
  if constexpr (kKind == BatchNormActivation::kRelu) return Larger(low, v);  // low is 0; v where it is NaN
  if constexpr (kKind == BatchNormActivation::kClip) return Smaller(high, Larger(low, v));
  return v;
}
template <BatchNormActivation kKind>
inline F32 Passed(F32 dy, const float* y, size_t lanes, F32 low, F32 high) {
  if constexpr (kKind == BatchNormActivation::kNone) return dy;
  const F32 v = LoadLanes(y, lanes, Fill(0.0f));
  if constexpr (kKind == BatchNormActivation::kRelu) return Pick(Less(low, v), dy, Fill(0.0f));
  return Pick(And(Less(low, v), Less(v, high)), dy, Fill(0.0f));
}
constexpr size_t LanesOf(size_t v, size_t vectors, size_t lanes) { return v + 1 < vectors ? kLanes : lanes; }


// Calls body(constant) with the kind of an epilogue as a constant.
template <BatchNormActivation kKind>
struct KindOf {
  static constexpr BatchNormActivation kValue = kKind;
};
template <class Body>
inline void WithKind(BatchNormActivation kind, const Body& body) {
  switch (kind) {
    case BatchNormActivation::kNone: return body(KindOf<BatchNormActivation::kNone>());
    case BatchNormActivation::kRelu: return body(KindOf<BatchNormActivation::kRelu>());
    case BatchNormActivation::kClip: return body(KindOf<BatchNormActivation::kClip>());
  }
}
inline F32 LowOf(const BatchNormEpilogue& epilogue) {
  return Fill(epilogue.kind == BatchNormActivation::kRelu ? 0.0f : epilogue.low);
}

template <BatchNormActivation kKind, bool kResidual>
inline void Apply(const float* x, const ColumnMatrix& matrix, const BatchNormParameters& parameters,
                  const float* residual, const BatchNormEpilogue& epilogue, float* y) {
  const F32 low = LowOf(epilogue), high = Fill(epilogue.high);
  ForBlocks(matrix.rows, [&](size_t first, size_t rows) {
    ForSlabs(matrix.cols, [&](auto vectors, size_t c, size_t lanes) {
      constexpr size_t kVectors = decltype(vectors)::kCount;
      F32 mean[kVectors], scale[kVectors], shift[kVectors];
      LoadSlab(parameters.mean + c, lanes, mean);
      LoadSlab(parameters.scale + c, lanes, scale);
      LoadSlab(parameters.shift + c, lanes, shift);
      for (size_t r = first; r < first + rows; ++r) {
        const size_t at = r * matrix.stride + c;
        F32 row[kVectors], more[kVectors];
        LoadSlab(x + at, lanes, row);
        if constexpr (kResidual) LoadSlab(residual + at, lanes, more);
        for (size_t v = 0; v < kVectors; ++v) {
          row[v] = Fma(Sub(row[v], mean[v]), scale[v], shift[v]);
          if constexpr (kResidual) row[v] = Add(row[v], more[v]);
          row[v] = Activated<kKind>(row[v], low, high);
        }
        StoreSlab(y + at, lanes, row);
      }
    });
  });
}

}  // namespace

void GOSSAMER_SIMD(ColumnSumsF32)(const float* x, const ColumnMatrix& matrix, double* sums) {
  for (size_t c = 0; c < matrix.cols; ++c) sums[c] = 0;
  ForBlocks(matrix.rows, [&](size_t first, size_t rows) {
    ForSlabs(matrix.cols, [&](auto vectors, size_t c, size_t lanes) {
      constexpr size_t kVectors = decltype(vectors)::kCount;
      F32 sum[kVectors];
      SumBlock(x + first * matrix.stride + c, rows, lanes, matrix.stride, sum);
      float spilled[kVectors * kLanes];
      SpillSlab(spilled, sum);
      const size_t columns = (kVectors - 1) * kLanes + lanes;
      for (size_t i = 0; i < columns; ++i) sums[c + i] += static_cast<double>(spilled[i]);
    });
  });
}

void GOSSAMER_SIMD(ColumnMomentsF32)(const float* x, const ColumnMatrix& matrix, double* mean, double* m2) {
  for (size_t c = 0; c < matrix.cols; ++c) mean[c] = m2[c] = 0;
  ForBlocks(matrix.rows, [&](size_t first, size_t rows) {
    const double reciprocal = 1.0 / static_cast<double>(rows);
    const F32 divide = Fill(static_cast<float>(reciprocal));
    // How far the merged mean moves towards that of the block, and what the distance adds to m2.
    const double all = static_cast<double>(first + rows);
    const double share = static_cast<double>(rows) / all, spread = static_cast<double>(first) * share;
    ForSlabs(matrix.cols, [&](auto vectors, size_t c, size_t lanes) {
      constexpr size_t kVectors = decltype(vectors)::kCount;
      const float* block = x + first * matrix.stride + c;
      F32 m[kVectors], sum[kVectors], squares[kVectors];
      SumBlock(block, rows, lanes, matrix.stride, m);
      for (F32& v : m) v = Mul(v, divide);
      DeviationsOfBlock(block, rows, lanes, matrix.stride, m, sum, squares);
      float ms[kVectors * kLanes], sums[kVectors * kLanes], squared[kVectors * kLanes];
      SpillSlab(ms, m);
      SpillSlab(sums, sum);
      SpillSlab(squared, squares);
      const size_t columns = (kVectors - 1) * kLanes + lanes;
      for (size_t i = 0; i < columns; ++i) {
        const double s = static_cast<double>(sums[i]), own = static_cast<double>(ms[i]) + s * reciprocal;
        const double delta = own - mean[c + i];
        mean[c + i] += delta * share;
        m2[c + i] += (static_cast<double>(squared[i]) - s * s * reciprocal) + delta * delta * spread;
      }
    });
  });
}

void GOSSAMER_SIMD(BatchNormApplyF32)(const float* x, const ColumnMatrix& matrix, const BatchNormParameters& parameters,
                                      const float* residual, const BatchNormEpilogue& epilogue, float* y) {
  WithKind(epilogue.kind, [&](auto kind) {
    constexpr BatchNormActivation kKind = decltype(kind)::kValue;
    if (residual == nullptr) return Apply<kKind, false>(x, matrix, parameters, residual, epilogue, y);
    Apply<kKind, true>(x, matrix, parameters, residual, epilogue, y);
  });
}

void GOSSAMER_SIMD(BatchNormGradSumsF32)(const BatchNormGradInputs& inputs, const ColumnMatrix& matrix,
                                         const float* mean, double* sums, double* products) {
  for (size_t c = 0; c < matrix.cols; ++c) sums[c] = products[c] = 0;
  const F32 low = LowOf(inputs.epilogue), high = Fill(inputs.epilogue.high);
  WithKind(inputs.epilogue.kind, [&](auto kind) {
    ForBlocks(matrix.rows, [&](size_t first, size_t rows) {
      ForSlabs(matrix.cols, [&](auto vectors, size_t c, size_t lanes) {
        constexpr size_t kVectors = decltype(vectors)::kCount;
        F32 center[kVectors], sum[kVectors], product[kVectors];
        LoadSlab(mean + c, lanes, center);
        Clear(sum);
        Clear(product);
        for (size_t r = first; r < first + rows; ++r) {
          const size_t at = r * matrix.stride + c;
          F32 g[kVectors], row[kVectors];
          LoadSlab(inputs.dy + at, lanes, g);
          LoadSlab(inputs.x + at, lanes, row);
          for (size_t v = 0; v < kVectors; ++v) {
            g[v] = Passed<decltype(kind)::kValue>(g[v], inputs.y + at + v * kLanes, LanesOf(v, kVectors, lanes), low,
                                                  high);
            sum[v] = Add(sum[v], g[v]);
            product[v] = Fma(g[v], Sub(row[v], center[v]), product[v]);
          }
        }
        float spilled[2][kVectors * kLanes];
        SpillSlab(spilled[0], sum);
        SpillSlab(spilled[1], product);
        const size_t columns = (kVectors - 1) * kLanes + lanes;
        for (size_t i = 0; i < columns; ++i) {
          sums[c + i] += static_cast<double>(spilled[0][i]);
          products[c + i] += static_cast<double>(spilled[1][i]);
        }
      });
    });
  });
}

void GOSSAMER_SIMD(BatchNormGradApplyF32)(const BatchNormGradInputs& inputs, const ColumnMatrix& matrix,
                                          const BatchNormGradParameters& parameters, float* dx) {
  const F32 low = LowOf(inputs.epilogue), high = Fill(inputs.epilogue.high);
  WithKind(inputs.epilogue.kind, [&](auto kind) {
    ForBlocks(matrix.rows, [&](size_t first, size_t rows) {
      ForSlabs(matrix.cols, [&](auto vectors, size_t c, size_t lanes) {
        constexpr size_t kVectors = decltype(vectors)::kCount;
        F32 mean[kVectors], scale[kVectors], slope[kVectors], shift[kVectors];
        LoadSlab(parameters.mean + c, lanes, mean);
        LoadSlab(parameters.scale + c, lanes, scale);
        LoadSlab(parameters.slope + c, lanes, slope);
        LoadSlab(parameters.shift + c, lanes, shift);
        for (size_t r = first; r < first + rows; ++r) {
          const size_t at = r * matrix.stride + c;
          F32 g[kVectors], row[kVectors];
          LoadSlab(inputs.dy + at, lanes, g);
          LoadSlab(inputs.x + at, lanes, row);
          for (size_t v = 0; v < kVectors; ++v) {
            g[v] = Passed<decltype(kind)::kValue>(g[v], inputs.y + at + v * kLanes, LanesOf(v, kVectors, lanes), low,
                                                  high);
            row[v] = Fma(g[v], scale[v], Fma(Sub(row[v], mean[v]), slope[v], shift[v]));
          }
          StoreSlab(dx + at, lanes, row);
        }
      });
    });
  });
}

}  // namespace gossamer
