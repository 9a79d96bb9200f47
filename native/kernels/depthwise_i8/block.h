// DepthwiseI8 over the vector operations of an instruction set: the bytes of four pixels are interleaved so that the
// four positions of a channel lie side by side, as a dot product of four bytes wants them. Included after the headers
// of kernels/simd/ and after definitions, in an unnamed namespace, of
//   kRowOffset: what Load takes off the elements, 0 or 128
//   Dot(acc, quads, weights): acc plus the products of four bytes each, lane by lane, for the vectors of each Wide
// What includes it defines, for its instruction set, types like
//   struct Wide { kLanes128: 128-bit lanes; Vector; Load(p), LoadWeights(w), Zero(); Low8, High8, Low16, High16 (a, b):
//     the halves of each lane interleaved by bytes and pairs of bytes; Sixty4(): 64 in each byte, with a kRowOffset;
//     kNatural, and Natural(acc, v): I32 v[kNatural] with the channels in order }
// and RunBlock(call, lanes), which calls RunRows<Wide> for the block's width.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/simd/int8_output.h"

namespace gossamer {
namespace {

struct BlockCall {
  const uint8_t* x;  // at the first channel
  const ActivationRows* rows;
  size_t row_begin, row_end;
  const PackedDepthwiseI8* weights;
  const int8_t* block;
  size_t stride;    // bytes from one quarter of a group's weights to the next
  size_t n, count;  // first channel, channels that exist
  const Int8Output* output;
};

alignas(64) constexpr uint8_t kNoPixel[64] = {};

// Adds four positions of one row.
template <class Wide, class Vector = typename Wide::Vector>
inline void AddTaps(const uint8_t* p0, const uint8_t* p1, const uint8_t* p2, const uint8_t* p3, const Vector (&w)[4],
                    Vector (&acc)[4]) {
  const Vector x0 = Wide::Load(p0), x1 = Wide::Load(p1), x2 = Wide::Load(p2), x3 = Wide::Load(p3);
  const Vector low01 = Wide::Low8(x0, x1), low23 = Wide::Low8(x2, x3);
  const Vector high01 = Wide::High8(x0, x1), high23 = Wide::High8(x2, x3);
  acc[0] = Dot(acc[0], Wide::Low16(low01, low23), w[0]);
  acc[1] = Dot(acc[1], Wide::High16(low01, low23), w[1]);
  acc[2] = Dot(acc[2], Wide::Low16(high01, high23), w[2]);
  acc[3] = Dot(acc[3], Wide::High16(high01, high23), w[3]);
}

template <class Wide, int kRows>
inline void RunSome(const BlockCall& call, size_t m, const typename Wide::Vector (&start)[4]) {
  using Vector = typename Wide::Vector;
  const int32_t* bias = call.output->bias + call.n;
  const int8_t* w = call.block;
  Vector acc[kRows][4];
  GOSSAMER_UNROLL
  for (int r = 0; r < kRows; ++r) {
    GOSSAMER_UNROLL
    for (int j = 0; j < 4; ++j) acc[r][j] = start[j];
  }
  const size_t count = call.rows->count, taps = call.weights->taps;
  const int32_t* offsets = call.rows->offsets + m;
  size_t t = 0;
  for (; t + 4 <= taps; t += 4, offsets += 4 * count, w += 4 * call.stride) {
    Vector b[4];
    GOSSAMER_UNROLL
    for (int j = 0; j < 4; ++j) b[j] = Wide::LoadWeights(w + static_cast<size_t>(j) * call.stride);
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      AddTaps<Wide>(call.x + offsets[r], call.x + offsets[count + r], call.x + offsets[2 * count + r],
                    call.x + offsets[3 * count + r], b, acc[r]);
    }
  }
  if (t < taps) {
    Vector b[4];
    GOSSAMER_UNROLL
    for (int j = 0; j < 4; ++j) b[j] = Wide::LoadWeights(w + static_cast<size_t>(j) * call.stride);
    GOSSAMER_UNROLL
    for (int r = 0; r < kRows; ++r) {
      AddTaps<Wide>(call.x + offsets[r], t + 1 < taps ? call.x + offsets[count + r] : kNoPixel,
                    t + 2 < taps ? call.x + offsets[2 * count + r] : kNoPixel, kNoPixel, b, acc[r]);
    }
  }
  I32 sum[kRows][Wide::kNatural];
  GOSSAMER_UNROLL
  for (int r = 0; r < kRows; ++r) {
    Wide::Natural(acc[r], sum[r]);
    GOSSAMER_UNROLL
    for (int v = 0; v < Wide::kNatural; ++v) sum[r][v] = AddI(sum[r][v], LoadI(bias + v * kLanes));
  }
  FinishInt8<kRows, Wide::kNatural>(*call.output, m, call.n, call.count, sum);
}

template <class Wide>
inline void RunRows(const BlockCall& call) {
  typename Wide::Vector start[4];
  for (int j = 0; j < 4; ++j) {
    start[j] = Wide::Zero();
    if constexpr (kRowOffset != 0) {  // 128 times the weights, as twice 64, which a signed byte holds
      const int8_t* w = call.block + static_cast<size_t>(j) * call.stride;
      for (size_t g = 0; g < 2 * call.weights->groups; ++g) {
        start[j] = Dot(start[j], Wide::Sixty4(), Wide::LoadWeights(w + g / 2 * 4 * call.stride));
      }
    }
  }
  size_t m = call.row_begin;
  for (; m + 4 <= call.row_end; m += 4) RunSome<Wide, 4>(call, m, start);
  for (; m < call.row_end; ++m) RunSome<Wide, 1>(call, m, start);
}

void RunBlock(BlockCall call, size_t lanes);

inline void RunDepthwise(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                         const PackedDepthwiseI8& weights, const Int8Output& output) {
  for (size_t first = 0, width = 0; first < weights.channels; first += width) {
    const size_t left = weights.channels - first;
    width = left > 48 ? kBlockChannels : left > 16 ? 32 : 16;
    RunBlock({x + first, &rows, row_begin, row_end, &weights, weights.blocks + first * weights.groups * 4, width, first,
              left < width ? left : width, &output},
             width / kLaneChannels);
  }
}

// For a block that is wider than the vectors of Wide: part by part.
template <class Wide>
inline void RunParts(BlockCall call, size_t lanes) {
  constexpr size_t kWidth = Wide::kLanes128 * kLaneChannels;
  const size_t end = call.n + call.count;
  for (size_t at = 0; at < lanes && call.n < end; at += Wide::kLanes128) {
    call.count = end - call.n < kWidth ? end - call.n : kWidth;
    RunRows<Wide>(call);
    call.x += kWidth;
    call.block += Wide::kLanes128 * 16;
    call.n += kWidth;
  }
}

}  // namespace
}  // namespace gossamer
