// The one micro-kernel of GemmI8, over the vector operations of an instruction set: a tile of rows x vectors of outputs
// whose accumulators stay in registers over all of k. Included after the headers of kernels/simd/ and after
// definitions, in an unnamed namespace, of
//   Quad, LoadQuad(p): four consecutive elements of a row, in every lane; Weights, LoadWeights(w): those of kLanes
//   outputs Dot(acc, quad, weights): acc plus the dot product of both, lane by lane kMaxRows[v - 1]: rows of the tile
//   of v vectors that the registers hold; kMaxVectors: the widest tile kRowOffset: what Quad is below the element, 0 or
//   128
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/simd/int8_output.h"

namespace gossamer {
namespace {

struct TileCall {
  const uint8_t* x;
  const ActivationRows* rows;
  const int8_t* weights;  // of the tile's first output
  size_t stride;          // bytes from one group of four k to the next
  size_t taps, steps;
  size_t m, n, count;   // first row, first output, outputs that exist
  const int8_t* ahead;  // prefetched, `pace` bytes a step
  size_t pace;
  const int32_t* sums;
  const Int8Output* output;
};

constexpr size_t kCacheLine = 64;
// How far ahead of its use a single pass over the weights fetches them.
constexpr size_t kStreamAhead = 2048;

// A tile whose weights are in no near cache fetches them itself (kStream); the others one line a step of what comes
// next.
template <int kRows, int kVectors, bool kStream>
void Tile(const TileCall& call) {
  // Few accumulators would wait for one another: sets of them take turns in k.
  constexpr int kSets = kRows * kVectors >= 8 ? 1 : kRows * kVectors >= 4 ? 2 : 4;
  const size_t stride = call.stride, steps = call.steps;
  const int8_t* w = call.weights;
  const int8_t* ahead = call.ahead;
  const int32_t* offsets = call.rows->offsets == nullptr ? nullptr : call.rows->offsets + call.m;
  I32 acc[kSets][kRows][kVectors];
  GOSSAMER_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    I32 first = LoadI(call.output->bias + call.n + v * kLanes);
    if (kRowOffset != 0) first = AddI(first, MulI(LoadI(call.sums + call.n + v * kLanes), FillI(kRowOffset)));
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      acc[0][r][v] = first;
      GOSSAMER_UNROLL
      for (int s = 1; s < kSets; ++s) acc[s][r][v] = FillI(0);
    }
  }
  for (size_t t = 0; t < call.taps; ++t) {
    const uint8_t* p[kRows];
    if (offsets == nullptr) {
      p[0] = call.x + call.m * call.rows->stride;
      GOSSAMER_UNROLL
      for (int r = 1; r < kRows; ++r) p[r] = p[r - 1] + call.rows->stride;
    } else {
      GOSSAMER_UNROLL
      for (int r = 0; r < kRows; ++r) p[r] = call.x + offsets[r];
      offsets += call.rows->count;
    }
    size_t k = 0;
    if (kSets > 1) {
      for (; k + kSets <= steps; k += kSets) {
        GOSSAMER_UNROLL
        for (int s = 0; s < kSets; ++s) {
          GOSSAMER_UNROLL
          for (int v = 0; v < kVectors; ++v) {
            const int8_t* at = w + v * kLanes * 4;
            if (kStream && v % (16 / kLanes) == 0) GOSSAMER_PREFETCH(at + kStreamAhead);
            const Weights b = LoadWeights(at);
            GOSSAMER_UNROLL
            for (int r = 0; r < kRows; ++r) acc[s][r][v] = Dot(acc[s][r][v], LoadQuad(p[r] + 4 * (k + s)), b);
          }
          w += stride;
        }
      }
    }
    for (; k < steps; ++k) {
      Weights b[kVectors];
      GOSSAMER_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const int8_t* at = w + v * kLanes * 4;
        if (kStream && v % (16 / kLanes) == 0) GOSSAMER_PREFETCH(at + kStreamAhead);
        b[v] = LoadWeights(at);
      }
      w += stride;
      if (!kStream) {
        GOSSAMER_PREFETCH(ahead);
        ahead += call.pace;
      }
      GOSSAMER_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const Quad a = LoadQuad(p[r] + 4 * k);
        GOSSAMER_UNROLL
        for (int v = 0; v < kVectors; ++v) acc[0][r][v] = Dot(acc[0][r][v], a, b[v]);
      }
    }
  }
  GOSSAMER_UNROLL
  for (int s = 1; s < kSets; ++s) {
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      GOSSAMER_UNROLL
      for (int v = 0; v < kVectors; ++v) acc[0][r][v] = AddI(acc[0][r][v], acc[s][r][v]);
    }
  }
  if (call.output->row_sums != nullptr) {
    GOSSAMER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const I32 zero = LoadI(call.output->weight_zero + call.n + v * kLanes);
      GOSSAMER_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const int32_t sum = call.output->row_sums[call.m + static_cast<size_t>(r)];
        acc[0][r][v] = SubI(acc[0][r][v], MulI(FillI(sum), zero));
      }
    }
  }
  FinishInt8<kRows, kVectors>(*call.output, call.m, call.n, call.count, acc[0]);
}

using TileFn = void(const TileCall& call);

// The tiles of 1 .. kMaxRows[kVectors - 1] rows.
template <int kVectors, bool kStream, size_t... kRow>
constexpr TileFn* PickTile(size_t rows, std::index_sequence<kRow...>) {
  constexpr TileFn* tiles[] = {Tile<static_cast<int>(kRow) + 1, kVectors, kStream>...};
  return tiles[rows - 1];
}
// Only the widest ones stream: the others are the end of a layer, or the whole of a small one.
template <int kVectors>
TileFn* TileOf(size_t rows, bool stream) {
  constexpr auto kAll = std::make_index_sequence<kMaxRows[kVectors - 1]>();
  if constexpr (kVectors == kMaxVectors) {
    if (stream) return PickTile<kVectors, true>(rows, kAll);
  }
  return PickTile<kVectors, false>(rows, kAll);
}
inline TileFn* FindTile(size_t vectors, size_t rows, bool stream) {
  if (vectors == 1) return TileOf<1>(rows, stream);
  if constexpr (kMaxVectors >= 2) {
    if (vectors == 2) return TileOf<2>(rows, stream);
  }
  if constexpr (kMaxVectors >= 3) {
    if (vectors == 3) return TileOf<3>(rows, stream);
  }
  if constexpr (kMaxVectors >= 4) {
    if (vectors == 4) return TileOf<4>(rows, stream);
  }
  return nullptr;
}

// All tiles of `width` outputs from n on, in one panel.
inline void RunStrip(TileCall& call, size_t row_begin, size_t row_end, size_t vectors, const int8_t* next,
                     size_t next_bytes) {
  const size_t rows = row_end - row_begin, most = kMaxRows[vectors - 1];
  const size_t tiles = (rows + most - 1) / most, least = rows / tiles, larger = rows % tiles;
  const size_t fetched = call.taps * call.steps * kCacheLine;  // by one tile, of the next panel
  size_t done = 0;
  call.m = row_begin;
  for (size_t tile = 0; tile < tiles; ++tile) {
    const size_t count = least + (tile < larger ? 1 : 0);
    const bool fetch = done < next_bytes;
    call.ahead = fetch ? next + done : call.weights;
    call.pace = fetch ? kCacheLine : 0;
    done += fetched;
    // Too few tiles to fetch the next panel: the first one streams its own.
    FindTile(vectors, count, tile == 0 && tiles < 4)(call);
    call.m += count;
  }
}

inline void RunGemmI8(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                      const PackedWeightsI8& weights, size_t panel_begin, size_t panel_end, const Int8Output& output) {
  if (row_begin >= row_end) return;
  TileCall call{};
  call.x = x;
  call.rows = &rows;
  call.taps = weights.taps;
  call.steps = weights.steps;
  call.sums = weights.sums;
  call.output = &output;
  const size_t depth = weights.taps * weights.steps * 4;  // bytes of an output
  for (size_t panel = panel_begin; panel < panel_end; ++panel) {
    const size_t first = panel * kPanelOutputs, left = weights.outputs - first;
    const size_t width =
        left < kPanelOutputs ? (left + kOutputQuantum - 1) / kOutputQuantum * kOutputQuantum : kPanelOutputs;
    const int8_t* base = weights.panels + first * depth;
    const int8_t* next = base + width * depth;
    const size_t next_bytes = kPanelOutputs * depth;  // beyond the last panel: what was packed next, packed_memory.h
    call.stride = width * 4;
    for (size_t at = 0; at < width; at += kMaxVectors * kLanes) {
      const size_t wide = width - at < kMaxVectors * kLanes ? width - at : kMaxVectors * kLanes;
      if (at >= left) break;  // nothing but padding
      call.weights = base + at * 4;
      call.n = first + at;
      call.count = left - at < wide ? left - at : wide;
      RunStrip(call, row_begin, row_end, wide / kLanes, next, next_bytes);
    }
  }
}

}  // namespace
}  // namespace gossamer
