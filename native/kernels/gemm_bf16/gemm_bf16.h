// gemm_f32 with both factors rounded to bfloat16: half the weights to load and, where the CPU multiplies pairs of them,
// twice the speed; sums stay in float32.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

// Weights [k, n] in strips of 16 columns, k even: elements 2 t and 2 t + 1 of column n = 16 * s + j are side by side at
// data[(s * k / 2 + t) * 32 + 2 * j]. Filled up with zeros.
struct WeightsBf16 {
  const uint16_t* data;
  size_t k, n;
};

// Strips of float weights (PackedF32, row_stride 16), rounded to the nearest, ties to even. k even.
void PackBf16(const WeightsF32& weights, uint16_t* packed);

// As GemmF32, with x in bfloat16; rows.piece even. A sum is one chain in the order of pairs of k: of each pair the
// second product is added first, then the first one, each addition rounded to float32. Denormal factors and sums may
// count as 0.
using GemmBf16Fn = void(const uint16_t* x, const ActivationRows& rows, size_t m0, size_t m1, const WeightsBf16& weights,
                        size_t n0, size_t n1, const FloatOutput& output);

GemmBf16Fn GemmBf16Scalar, GemmBf16Avx512Bf16;

VariantList<GemmBf16Fn> GemmBf16Variants();
GemmBf16Fn& GemmBf16();  // best one for this CPU
bool GemmBf16IsFast();   // whether that multiplies pairs; else GemmF32 is faster

}  // namespace gossamer
