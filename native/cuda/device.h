// What CUDA kernels use beyond the language: instructions that CUDA C has no word for. Under nvcc they are the
// instructions; in tests, testing/cuda_emulator.h gives the same names on the host.
#pragma once
#ifdef __CUDACC__
#include <cstdint>

// c + sum of four products of an unsigned byte of a and a signed byte of b.
__device__ __forceinline__ int Dp4aU8S8(unsigned a, int b, int c) {
  int d;
  asm("dp4a.u32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
}

// d[16 x 8] += a[16 x 32] b[32 x 8], unsigned by signed bytes; a warp's fragments as the PTX ISA lays out
// mma.m16n8k32. Ampere and later; nothing calls it on an older GPU (cuda/launch.cc).
__device__ __forceinline__ void MmaU8S8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}
#endif
