// Affine quantization of a tensor seen as [outer, axis, inner], scale and zero point by position on the axis (axis 1: of
// the whole tensor); the definitions of scalar.cc, bit for bit.
#include "cuda/device.h"

// q = clamp(round_half_even(x / scale) + zero_point, min, max); NaN gives min. Grid: any, threads stride over count.
extern "C" __global__ void QuantizeAffineCuda(const float* __restrict__ x, unsigned long long count, int axis,
                                              unsigned long long inner, const float* __restrict__ scale,
                                              const int* __restrict__ zero_point, int min, int max,
                                              unsigned char* __restrict__ q) {
  const unsigned long long stride = (unsigned long long)gridDim.x * blockDim.x;
  for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int p = (int)(i / inner % axis);
    const float low = (float)(min - zero_point[p]), high = (float)(max - zero_point[p]);
    const float v = fminf(fmaxf(__fdiv_rn(x[i], scale[p]), low), high);  // fmaxf drops NaN
    q[i] = (unsigned char)((int)rintf(v) + zero_point[p]);
  }
}

// x = (q - zero_point) * scale.
extern "C" __global__ void DequantizeAffineCuda(const unsigned char* __restrict__ q, unsigned long long count, int axis,
                                                unsigned long long inner, int is_signed,
                                                const float* __restrict__ scale, const int* __restrict__ zero_point,
                                                float* __restrict__ x) {
  const unsigned long long stride = (unsigned long long)gridDim.x * blockDim.x;
  for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    const int p = (int)(i / inner % axis);
    const int code = is_signed != 0 ? (int)(signed char)q[i] : (int)q[i];
    x[i] = (float)(code - zero_point[p]) * scale[p];
  }
}
