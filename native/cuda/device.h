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

// ::ordered_metadata says what is so here anyway; without it GPUs after Ampere are slower. nvcc 12.5 and later knows it.
#if __CUDACC_VER_MAJOR__ * 100 + __CUDACC_VER_MINOR__ >= 1205
#define GOSSAMER_MMA_SP "mma.sp::ordered_metadata"
#else
#define GOSSAMER_MMA_SP "mma.sp"
#endif

// The same with a of 16 x 64 of which two of every four along k are stored: d[16 x 8] += a[16 x 64] b[64 x 8], signed by
// unsigned bytes. places: for each stored byte 2 bits, where among its four it stands; of two the first is the lower.
// With g = lane / 4, a lane holds those of row g + 8 * (lane % 2), k from 32 * (lane % 4 / 2) on.
__device__ __forceinline__ void SparseMmaS8U8(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[4],
                                              unsigned places) {
#if __CUDA_ARCH__ >= 800
  asm volatile(
      GOSSAMER_MMA_SP
      ".sync.aligned.m16n8k64.row.col.s32.s8.u8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%0,%1,%2,%3}, "
      "%12, 0;\n"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(b[2]), "r"(b[3]), "r"(places));
#else
  __trap();
#endif
}
#endif
