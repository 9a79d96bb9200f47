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

// w: 1 at row 9, k 37 (and a 0 at k 38); x: 7 at row 3, k 37. So y is 7 at row 9, column 3, and 0 elsewhere.
void OneSparseProduct(unsigned places_of_pair, int* y) {
  const unsigned lane = threadIdx.x, stored = 18;  // of 37: group 9, first of its pair
  unsigned a[4] = {}, b[4] = {}, places = 0x44444444u;
  int d[4] = {};
  if (lane == 1 * 4 + stored % 16 / 4) a[1 + 2] = 1u << (8 * (stored % 4));
  if (lane == 1 * 4 + 1 + 2) places = (places & ~(15u << (2 * (stored % 16)))) | places_of_pair << (2 * (stored % 16));
  if (lane == 3 * 4 + 37 % 16 / 4) b[37 / 16] = 7u << (8 * (37 % 4));
  SparseMmaS8U8(d, a, b, places);
  for (int i = 0; i < 4; ++i) y[(lane / 4 + (i >= 2 ? 8 : 0)) * 8 + lane % 4 * 2 + i % 2] = d[i];
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

TEST_CASE("emulator: sparse tensor cores take what the metadata names, and refuse places that do not ascend") {
  int y[16 * 8];
  cuda_emulator::Launch(3, {1, 1, 1}, {32, 1, 1}, OneSparseProduct, 1u | 2u << 2, static_cast<int*>(y));
  for (int i = 0; i < 16 * 8; ++i) CHECK(y[i] == (i == 9 * 8 + 3 ? 7 : 0));
  const auto descending = [&] {
    cuda_emulator::Launch(3, {1, 1, 1}, {32, 1, 1}, OneSparseProduct, 2u | 1u << 2, static_cast<int*>(y));
  };
  CHECK_THROWS_WITH(descending(), "mma.sp: expected ascending places");
}
#endif
