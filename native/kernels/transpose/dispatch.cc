#include <algorithm>
#include <cstring>

#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

// 16-byte vectors are as fast as memory: AVX-512 has no variant of its own.
#if GOSSAMER_X86_64
constexpr Variant<Transpose8Fn> kTranspose8[] = {{Isa::kAvx2, Transpose8Avx2}, {Isa::kScalar, Transpose8Scalar}};
constexpr Variant<Transpose16Fn> kTranspose16[] = {{Isa::kAvx2, Transpose16Avx2}, {Isa::kScalar, Transpose16Scalar}};
constexpr Variant<Transpose32Fn> kTranspose32[] = {{Isa::kAvx2, Transpose32Avx2}, {Isa::kScalar, Transpose32Scalar}};
constexpr Variant<Transpose64Fn> kTranspose64[] = {{Isa::kAvx2, Transpose64Avx2}, {Isa::kScalar, Transpose64Scalar}};
#elif GOSSAMER_AARCH64
constexpr Variant<Transpose8Fn> kTranspose8[] = {{Isa::kNeon, Transpose8Neon}, {Isa::kScalar, Transpose8Scalar}};
constexpr Variant<Transpose16Fn> kTranspose16[] = {{Isa::kNeon, Transpose16Neon}, {Isa::kScalar, Transpose16Scalar}};
constexpr Variant<Transpose32Fn> kTranspose32[] = {{Isa::kNeon, Transpose32Neon}, {Isa::kScalar, Transpose32Scalar}};
constexpr Variant<Transpose64Fn> kTranspose64[] = {{Isa::kNeon, Transpose64Neon}, {Isa::kScalar, Transpose64Scalar}};
#else
constexpr Variant<Transpose8Fn> kTranspose8[] = {{Isa::kScalar, Transpose8Scalar}};
constexpr Variant<Transpose16Fn> kTranspose16[] = {{Isa::kScalar, Transpose16Scalar}};
constexpr Variant<Transpose32Fn> kTranspose32[] = {{Isa::kScalar, Transpose32Scalar}};
constexpr Variant<Transpose64Fn> kTranspose64[] = {{Isa::kScalar, Transpose64Scalar}};
#endif

// Elements: the image of a tile takes at most half of the L1 cache.
template <class T>
constexpr size_t kTileSide = sizeof(T) == 8 ? 32 : 64;
constexpr size_t kTilesPerTask = 16;

template <class T>
bool Transpose(const T* x, size_t rows, size_t cols, T* out, TransposeFn<T>& transpose_tile, AbortFlag abort) {
  constexpr size_t kSide = kTileSide<T>;
  const size_t tile_cols = (cols + kSide - 1) / kSide, tile_rows = (rows + kSide - 1) / kSide;
  const size_t tiles = tile_rows * tile_cols, tasks = (tiles + kTilesPerTask - 1) / kTilesPerTask;
  return ThreadPool::Process().ParallelFor(tasks, abort, [&](size_t task) {
    // Rows of the image that are a power of two apart share few cache sets: written in pieces, each line would be
    // evicted and fetched again. So a tile is transposed here, and each of its rows written in one go.
    T image[kSide * kSide];
    for (size_t tile = task * kTilesPerTask; tile < tiles && tile < (task + 1) * kTilesPerTask; ++tile) {
      const size_t r = tile / tile_cols * kSide, c = tile % tile_cols * kSide;
      const size_t height = std::min(rows - r, kSide), width = std::min(cols - c, kSide);
      transpose_tile(x + r * cols + c, height, width, cols, image, kSide);
      for (size_t i = 0; i < width; ++i)
        std::memcpy(out + (c + i) * rows + r, image + i * kSide, height * sizeof(T));
    }
  });
}

}  // namespace

VariantList<Transpose8Fn> Transpose8Variants() { return List(kTranspose8); }
VariantList<Transpose16Fn> Transpose16Variants() { return List(kTranspose16); }
VariantList<Transpose32Fn> Transpose32Variants() { return List(kTranspose32); }
VariantList<Transpose64Fn> Transpose64Variants() { return List(kTranspose64); }

Transpose8Fn& Transpose8() {
  static Transpose8Fn& best = Select(List(kTranspose8));
  return best;
}
Transpose16Fn& Transpose16() {
  static Transpose16Fn& best = Select(List(kTranspose16));
  return best;
}
Transpose32Fn& Transpose32() {
  static Transpose32Fn& best = Select(List(kTranspose32));
  return best;
}
Transpose64Fn& Transpose64() {
  static Transpose64Fn& best = Select(List(kTranspose64));
  return best;
}

bool TransposeMatrix(const uint8_t* x, size_t rows, size_t cols, uint8_t* out, AbortFlag abort) {
  return Transpose(x, rows, cols, out, Transpose8(), abort);
}

bool TransposeMatrix(const uint16_t* x, size_t rows, size_t cols, uint16_t* out, AbortFlag abort) {
  return Transpose(x, rows, cols, out, Transpose16(), abort);
}

bool TransposeMatrix(const uint32_t* x, size_t rows, size_t cols, uint32_t* out, AbortFlag abort) {
  return Transpose(x, rows, cols, out, Transpose32(), abort);
}

bool TransposeMatrix(const uint64_t* x, size_t rows, size_t cols, uint64_t* out, AbortFlag abort) {
  return Transpose(x, rows, cols, out, Transpose64(), abort);
}

}  // namespace gossamer
