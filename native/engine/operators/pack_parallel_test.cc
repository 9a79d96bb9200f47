#include "engine/operators/pack_parallel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "kernels/gemm_f32/gemm_f32.h"
#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {
namespace {

TEST_CASE("PackParallel: runs are all items, each once, whatever their bytes") {
  for (size_t count : {0, 1, 2, 3, 17, 1000}) {
    for (size_t bytes : {size_t{0}, size_t{1} << 18, size_t{1} << 20, size_t{1} << 40}) {
      std::vector<std::atomic<int>> seen(count);
      PackParallel(count, bytes, [&](size_t first, size_t end) {
        for (size_t i = first; i < end; ++i) ++seen[i];
      });
      for (const std::atomic<int>& times : seen) CHECK(times == 1);
    }
  }
}

TEST_CASE("PackWeightsI8 and PackF32: runs of panels and strips are parts of the whole") {
  const size_t outputs = 203, taps = 3, piece = 13, depth = taps * piece;  // tails of panels, strips and steps
  std::vector<int8_t> w(outputs * depth);
  std::vector<float> f(w.size());
  for (size_t i = 0; i < w.size(); ++i) {
    w[i] = static_cast<int8_t>(i * 37 % 251);
    f[i] = static_cast<float>(w[i]) / 8;
  }
  const size_t bytes = PanelBytesI8(outputs, taps, piece), steps = (piece + 3) / 4;
  std::vector<int8_t> whole(bytes, 1), parts(bytes, 2);
  std::vector<int32_t> whole_sums(outputs + kOutputQuantum, 1), part_sums(outputs + kOutputQuantum, 1);
  PackWeightsI8(w.data(), outputs, taps, piece, whole.data(), whole_sums.data());
  PackParallel(PanelCountI8(outputs), size_t{1} << 30, [&](size_t first, size_t end) {
    const size_t n = first * kPanelOutputs, count = std::min(outputs, end * kPanelOutputs) - n;
    PackWeightsI8(w.data() + n * depth, count, taps, piece, parts.data() + n * taps * steps * 4, part_sums.data() + n);
  });
  CHECK(parts == whole);
  CHECK(part_sums == whole_sums);

  const WeightSourceF32 source{f.data(), outputs, taps, piece, depth, piece, 1};
  std::vector<float> one(PackedCountF32(depth, outputs), 1), several(one.size(), 2);
  PackF32(source, 0, StripsF32(outputs), 2, one.data());
  PackParallel(StripsF32(outputs), size_t{1} << 30,
               [&](size_t first, size_t end) { PackF32(source, first, end, 2, several.data()); });
  CHECK(several == one);
}

}  // namespace
}  // namespace gossamer
