#include "kernels/peak/loops.h"

#include <algorithm>
#include <mutex>

namespace gossamer {
namespace {

template <class Fn>
Fn* VariantFor(VariantList<Fn> list, Isa isa) {
  for (const Variant<Fn>& variant : list) {
    if (variant.isa == isa && IsaAvailable(isa)) return variant.fn;
  }
  return nullptr;
}

bool IsSet(AbortFlag abort) { return abort != nullptr && abort->load(std::memory_order_relaxed) != 0; }

// body(tile, &own) in each tile; sums what they did. body returns false when it was aborted.
template <class Body>
bool RunTiles(size_t tiles, LoopWork* result, AbortFlag abort, const Body& body) {
  std::mutex mutex;
  bool complete = true;
  const bool ended = ThreadPool::Process().ParallelFor(tiles, abort, [&](size_t tile) {
    LoopWork own{0, 0};
    const bool done = body(tile, &own);
    std::lock_guard<std::mutex> lock(mutex);
    result->work += own.work;
    result->checksum += own.checksum;
    complete = complete && done;
  });
  return ended && complete;
}

template <class Run>
bool RunRounds(size_t rounds, size_t tiles, LoopWork* result, AbortFlag abort, const Run& run) {
  return RunTiles(tiles, result, abort, [&](size_t, LoopWork* own) {
    for (size_t left = rounds; left > 0;) {
      if (IsSet(abort)) return false;
      const size_t some = std::min(left, kPeakRounds);
      const auto done = run(some);
      own->work += static_cast<double>(done.operations);
      own->checksum += static_cast<double>(done.lane);
      left -= some;
    }
    return true;
  });
}

// Any small numbers: speed does not depend on them.
constexpr uint8_t kX[4] = {1, 2, 3, 4};
constexpr int8_t kW[4] = {1, -1, 2, 1};

}  // namespace

bool RunPeakLoop(PeakLoop loop, Isa isa, size_t rounds, size_t tiles, LoopWork* result, AbortFlag abort) {
  *result = {0, 0};
  if (loop == PeakLoop::kInt8) {
    PeakInt8Fn* fn = VariantFor(PeakInt8Variants(), isa);
    return fn == nullptr || RunRounds(rounds, tiles, result, abort, [&](size_t some) { return fn(some, kX, kW); });
  }
  PeakFloatFn* fn =
      loop == PeakLoop::kFloat ? VariantFor(PeakFloatVariants(), isa) : VariantFor(PeakBf16Variants(), isa);
  return fn == nullptr || RunRounds(rounds, tiles, result, abort, [&](size_t some) { return fn(some, 1.0f, 1.0f); });
}

bool RunReadLoop(const uint8_t* x, size_t count, Isa isa, size_t rounds, size_t tiles, LoopWork* result,
                 AbortFlag abort) {
  *result = {0, 0};
  ReadBytesFn* fn = VariantFor(ReadBytesVariants(), isa);
  if (fn == nullptr || tiles == 0) return true;
  const size_t share = (count + tiles - 1) / tiles;
  return RunTiles(tiles, result, abort, [&](size_t tile, LoopWork* own) {
    const size_t begin = std::min(count, tile * share), length = std::min(count - begin, share);
    for (size_t round = 0; round < rounds; ++round) {
      if (IsSet(abort)) return false;
      // The low bits: all of them would not be exact in a double.
      own->checksum += static_cast<double>(fn(x + begin, length) & 0xffffu);
      own->work += static_cast<double>(length);
    }
    return true;
  });
}

}  // namespace gossamer
