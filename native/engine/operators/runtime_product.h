// Products whose right operand is known at run time only, shared out to threads.
#pragma once
#include <functional>

#include "engine/operator.h"
#include "engine/operators/float_weights.h"
#include "kernels/gemm_f32/matmul.h"

namespace gossamer {

// `count` products of the same sizes and strides. The matrices of product i are a + a_offset(i) and
// b + b_index(i) * b_distance; b has b_count matrices.
struct RuntimeProducts {
  MatMulF32 first;
  size_t count, b_count, b_distance;
  std::function<size_t(size_t)> a_offset, b_index;
};

// Computes them all; output_of(i) tells where product i goes. before(i, tile), where given, runs ahead of each tile.
// Where b has to be packed, it is so once, into scratch memory.
void RunProducts(const RuntimeProducts& products, const std::function<FloatOutput(size_t)>& output_of,
                 const std::function<void(size_t, const GemmTile&)>& before, RunContext& context);

}  // namespace gossamer
