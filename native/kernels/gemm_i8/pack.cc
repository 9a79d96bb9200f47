#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {
namespace {

size_t RoundUp(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

size_t Multiply(size_t a, size_t b) {
  if (b != 0 && a > static_cast<size_t>(-1) / 2 / b) throw std::bad_alloc();
  return a * b;
}

}  // namespace

size_t PanelCountI8(size_t outputs) { return (outputs + kPanelOutputs - 1) / kPanelOutputs; }

size_t PanelBytesI8(size_t outputs, size_t taps, size_t piece) {
  return Multiply(Multiply(RoundUp(outputs, kOutputQuantum), taps), RoundUp(piece, 4));
}

PackedWeightsI8 PackWeightsI8(const int8_t* w, size_t outputs, size_t taps, size_t piece, int8_t* panels,
                              int32_t* sums) {
  const size_t steps = (piece + 3) / 4;
  std::fill(sums, sums + RoundUp(outputs, kOutputQuantum), 0);
  for (size_t first = 0; first < outputs; first += kPanelOutputs) {
    const size_t count = std::min(kPanelOutputs, outputs - first), width = RoundUp(count, kOutputQuantum);
    int8_t* panel = panels + first * taps * steps * 4;
    std::memset(panel, 0, taps * steps * width * 4);
    for (size_t n = 0; n < count; ++n) {
      const int8_t* row = w + (first + n) * taps * piece;
      for (size_t t = 0; t < taps; ++t) {
        int8_t* to = panel + (t * steps * width + n) * 4;
        const int8_t* from = row + t * piece;
        for (size_t k = 0; k + 4 <= piece; k += 4, to += 4 * width) std::memcpy(to, from + k, 4);
        std::memcpy(to, from + piece / 4 * 4, piece % 4);
      }
      uint32_t sum = 0;
      for (size_t k = 0; k < taps * piece; ++k) sum += static_cast<uint32_t>(row[k]);
      sums[first + n] = static_cast<int32_t>(sum);
    }
  }
  return {outputs, taps, piece, steps, panels, sums};
}

}  // namespace gossamer
