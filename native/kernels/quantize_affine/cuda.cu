// Affine quantization of a tensor seen as [outer, axis, inner]; element [o, a, i] takes scale and zero point number
// o * outer_step + a / block * axis_step + i * inner_step. The definitions of scalar.cc, bit for bit.
#include "cuda/device.h"

using AffineIndex = unsigned long long;

__device__ __forceinline__ AffineIndex AffineParameter(AffineIndex element, AffineIndex axis, AffineIndex inner,
                                                       AffineIndex block, AffineIndex outer_step, AffineIndex axis_step,
                                                       AffineIndex inner_step) {
  const AffineIndex row = element / inner;
  return row / axis * outer_step + row % axis / block * axis_step + element % inner * inner_step;
}

// q = clamp(round_half_even(x / scale) + zero_point, min, max); NaN gives min. Grid: any, threads stride over count.
extern "C" __global__ void QuantizeAffineCuda(const float* __restrict__ x, AffineIndex count, AffineIndex axis,
                                              AffineIndex inner, AffineIndex block, AffineIndex outer_step,
                                              AffineIndex axis_step, AffineIndex inner_step,
                                              const float* __restrict__ scale, const int* __restrict__ zero_point,
                                              int min, int max, unsigned char* __restrict__ q) {
  const AffineIndex stride = (AffineIndex)gridDim.x * blockDim.x;
  for (AffineIndex i = (AffineIndex)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    const AffineIndex p = AffineParameter(i, axis, inner, block, outer_step, axis_step, inner_step);
    const float low = (float)(min - zero_point[p]), high = (float)(max - zero_point[p]);
    const float v = fminf(fmaxf(__fdiv_rn(x[i], scale[p]), low), high);  // fmaxf drops NaN
    q[i] = (unsigned char)((int)rintf(v) + zero_point[p]);
  }
}

// x = (q - zero_point) * scale.
extern "C" __global__ void DequantizeAffineCuda(const unsigned char* __restrict__ q, AffineIndex count, AffineIndex axis,
                                                AffineIndex inner, AffineIndex block, AffineIndex outer_step,
                                                AffineIndex axis_step, AffineIndex inner_step,
                                                const float* __restrict__ scale, const int* __restrict__ zero_point,
                                                int is_signed, float* __restrict__ x) {
  const AffineIndex stride = (AffineIndex)gridDim.x * blockDim.x;
  for (AffineIndex i = (AffineIndex)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    const AffineIndex p = AffineParameter(i, axis, inner, block, outer_step, axis_step, inner_step);
    const int code = is_signed != 0 ? (int)(signed char)q[i] : (int)q[i];
    x[i] = (float)(code - zero_point[p]) * scale[p];
  }
}
