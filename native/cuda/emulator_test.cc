// The emulator finds what it is there to find.
#if defined(__linux__)
#include "testing/cuda_emulator.h"

#include <doctest/doctest.h>

namespace {

void Divergent() {
  if (threadIdx.x < 3) __syncthreads();
}

void MissingBarrier(int* out) {
  __shared__ int values[64];
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = values[63 - threadIdx.x];
}

void WithBarrier(int* out) {
  __shared__ int values[64];
  values[threadIdx.x] = -1;
  __syncthreads();
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
}

bool IsReversed(void (*kernel)(int*)) {
  int out[64];
  cuda_emulator::Launch(5, {1, 1, 1}, {64, 1, 1}, kernel, static_cast<int*>(out));
  for (int i = 0; i < 64; ++i) {
    if (out[i] != 63 - i) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("emulator: a barrier that not all threads reach is reported") {
  CHECK_THROWS_WITH(cuda_emulator::Launch(0, {1, 1, 1}, {8, 1, 1}, Divergent),
                    "divergent barrier: 3 of 8 threads reached it");
}

TEST_CASE("emulator: a missing barrier gives a wrong result, the right ones a right one") {
  CHECK(!IsReversed(MissingBarrier));
  CHECK(IsReversed(WithBarrier));
}
#endif
