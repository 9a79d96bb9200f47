#include "engine/operators/int8_rows.h"

#include <algorithm>

#include "engine/operators/fixed_rows.h"
#include "kernels/gemm_i8/gemm_i8.h"

namespace gossamer {
namespace {

// Rows and results of a block, which every group of outputs goes over, fit a second-level cache beside the weights of a
// group; fewer rows than kLeastBlock would load weights for too little work.
constexpr size_t kBlockBytes = 64 * 1024, kLeastBlock = 168;
constexpr size_t kTileRows = 6;  // rows of a kernel's tile: blocks are multiples of it
// Multiplications of a tile: about 50 microseconds where 480 are done in a nanosecond. So few rows that the weights are
// read faster than they are used count as kStreamRows.
constexpr double kTileCost = 24e6;
constexpr size_t kStreamRows = 16;
// Work too small to be shared among threads.
constexpr double kSmallCost = 2e6;

size_t Divide(size_t a, size_t b) { return (a + b - 1) / b; }
size_t RoundUp(size_t a, size_t unit) { return Divide(a, unit) * unit; }

}  // namespace

void RunInt8Rows(const PackedInt8& weights, size_t outputs, size_t depth, const uint8_t* x, const ActivationRows& rows,
                 size_t new_bytes, Int8Output output, bool needs_row_sums, RunContext& context) {
  if (rows.count == 0 || outputs == 0) return;
  const size_t groups = Divide(outputs, weights.GroupOutputs());
  const size_t result_bytes = output.kind == Int8Result::kQuantized ? 1 : 4;
  const size_t bytes = new_bytes + outputs * result_bytes;
  size_t block = RoundUp(std::max(kBlockBytes / std::max<size_t>(bytes, 1), kLeastBlock), kTileRows);

  const double cost = static_cast<double>(std::max(rows.count, kStreamRows)) * static_cast<double>(outputs) *
                      static_cast<double>(depth);
  size_t wanted = static_cast<size_t>(std::min(cost / kTileCost, 65536.0)) + 1;
  if (cost > kSmallCost) wanted = RoundUp(wanted, context.Threads());  // or the last round leaves threads idle
  // Rows are split first, since every part reads all weights; then outputs; then rows below a block.
  size_t parts = std::min(wanted, Divide(rows.count, block));
  const size_t group_parts = std::min(groups, Divide(wanted, parts));
  if (parts * group_parts < wanted) parts = std::min(Divide(wanted, group_parts), Divide(rows.count, kTileRows));
  const size_t part_rows = RoundUp(Divide(rows.count, parts), kTileRows);
  const size_t part_groups = Divide(groups, group_parts);
  parts = Divide(rows.count, part_rows);
  block = RoundUp(Divide(part_rows, Divide(part_rows, block)), kTileRows);

  if (needs_row_sums) {
    int32_t* sums = static_cast<int32_t*>(context.Scratch(rows.count * sizeof(int32_t)));
    context.Parallel(parts, [&](size_t part) {
      RowSumsI8()(x, rows, part * part_rows, std::min(rows.count, (part + 1) * part_rows), sums);
    });
    output.row_sums = sums;
  }
  context.Parallel(parts * Divide(groups, part_groups), [&](size_t tile) {
    const size_t first = tile % parts * part_rows, end = std::min(rows.count, first + part_rows);
    const size_t group = tile / parts * part_groups, group_end = std::min(groups, group + part_groups);
    if (output.multiplier != nullptr) {
      const size_t begin = group * weights.GroupOutputs();
      const size_t count = std::min(outputs, group_end * weights.GroupOutputs()) - begin;
      return RunFixedRows(x, rows, first, end, {outputs, begin, count, kTileRows}, output,
                          [&](const uint8_t* part, const ActivationRows& some, size_t n, const Int8Output& sums) {
                            weights.Run(part, some, 0, n, group, group_end, sums);
                          });
    }
    for (size_t m = first; m < end; m += block) {
      weights.Run(x, rows, m, std::min(end, m + block), group, group_end, output);
    }
  });
}

}  // namespace gossamer
