#include "kernels/optimizer_f32/tensors.h"

#include "engine/tiles.h"

namespace gossamer {
namespace {

// A multiple of kSquaresBlock. Seven arrays of it fill the second-level cache of a core: 10 to 20 us of work.
constexpr size_t kTile = 32768;

// Calls body(array, begin, end) for every piece of [0, counts[array]) of all arrays, cut at multiples of kTile;
// small arrays share a tile.
template <class CountOf, class Body>
bool ForEachPiece(size_t arrays, const CountOf& count_of, AbortFlag abort, const Body& body) {
  struct Piece {
    size_t array, begin, end;
  };
  std::vector<Piece> pieces;
  std::vector<size_t> tiles;  // the first piece of each
  size_t filled = kTile;
  for (size_t array = 0; array < arrays; ++array) {
    const size_t count = count_of(array);
    for (size_t begin = 0; begin < count; begin += kTile) {
      const size_t size = std::min(kTile, count - begin);
      if (filled + size > kTile) {
        tiles.push_back(pieces.size());
        filled = 0;
      }
      pieces.push_back({array, begin, begin + size});
      filled += size;
    }
  }
  return ThreadPool::Process().ParallelFor(tiles.size(), abort, [&](size_t tile) {
    const size_t end = tile + 1 < tiles.size() ? tiles[tile + 1] : pieces.size();
    for (size_t i = tiles[tile]; i < end; ++i) body(pieces[i].array, pieces[i].begin, pieces[i].end);
  });
}

}  // namespace

void StepTensors(OptimizerRule rule, const OptimizerCoefficients& c, const std::vector<OptimizerTensor>& tensors) {
  OptimizerStepFn& step = OptimizerStep();
  ForEachPiece(
      tensors.size(), [&](size_t i) { return tensors[i].count; }, nullptr,
      [&](size_t i, size_t begin, size_t end) { step(rule, c, tensors[i], begin, end); });
}

void ScaleArrays(const std::vector<FloatArray>& arrays, float factor) {
  ForEachPiece(
      arrays.size(), [&](size_t i) { return arrays[i].count; }, nullptr,
      [&](size_t i, size_t begin, size_t end) { ScaleF32()(arrays[i].data + begin, factor, end - begin); });
}

void AddToArrays(const std::vector<FloatPair>& pairs) {
  ForEachPiece(
      pairs.size(), [&](size_t i) { return pairs[i].count; }, nullptr,
      [&](size_t i, size_t begin, size_t end) { AddToF32()(pairs[i].y + begin, pairs[i].x + begin, end - begin); });
}

bool SumSquaresOfArrays(const std::vector<ConstFloatArray>& arrays, double* sum, AbortFlag abort) {
  std::vector<size_t> first(arrays.size());  // block of each array
  size_t blocks = 0;
  for (size_t i = 0; i < arrays.size(); ++i) {
    first[i] = blocks;
    blocks += (arrays[i].count + kSquaresBlock - 1) / kSquaresBlock;
  }
  std::vector<double> sums(blocks);
  const bool done = ForEachPiece(
      arrays.size(), [&](size_t i) { return arrays[i].count; }, abort, [&](size_t i, size_t begin, size_t end) {
        for (size_t at = begin; at < end; at += kSquaresBlock) {
          sums[first[i] + at / kSquaresBlock] =
              SumOfSquares()(arrays[i].data + at, std::min(kSquaresBlock, end - at));
        }
      });
  *sum = 0;
  for (double block : sums) *sum += block;
  return done;
}

}  // namespace gossamer
