// Adds finite values to bins of width 2^exponent, mirrored at 0 (histogram.h): bin half + m of 2 * half for x >= 0, half -
// 1 - m for x < 0, m = floor(|x| / 2^exponent) clamped to half - 1.
#include "cuda/device.h"

constexpr unsigned kHistogramShared = 4096;  // counters that a block keeps for itself, where they are enough

// inverse_width = 2^-exponent. counts: 2 * half, zero_count: 1; both are added to. Grid: any, threads stride over count.
extern "C" __global__ void CountBinsCuda(const float* __restrict__ x, unsigned long long count, float inverse_width,
                                         unsigned half, unsigned long long* counts, unsigned long long* zero_count) {
  __shared__ unsigned own[kHistogramShared];
  const bool is_own = 2 * half <= kHistogramShared;
  if (is_own) {
    for (unsigned i = threadIdx.x; i < 2 * half; i += blockDim.x) own[i] = 0;
  }
  __syncthreads();
  const float last = (float)(half - 1);
  const unsigned long long stride = (unsigned long long)gridDim.x * blockDim.x;
  unsigned long long zeros = 0;
  for (unsigned long long i = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride) {
    const float magnitude = fabsf(x[i]);
    if (!(magnitude <= 3.402823466e38f)) continue;  // FLT_MAX
    const float position = magnitude * inverse_width;
    const unsigned m = (unsigned)(position < last ? position : last);
    const unsigned bin = x[i] < 0 ? half - 1 - m : half + m;
    if (is_own) {
      atomicAdd(&own[bin], 1u);
    } else {
      atomicAdd(&counts[bin], 1ull);
    }
    zeros += x[i] == 0 ? 1 : 0;
  }
  if (zeros != 0) atomicAdd(zero_count, zeros);
  __syncthreads();
  if (is_own) {
    for (unsigned i = threadIdx.x; i < 2 * half; i += blockDim.x) {
      if (own[i] != 0) atomicAdd(&counts[i], (unsigned long long)own[i]);
    }
  }
}
