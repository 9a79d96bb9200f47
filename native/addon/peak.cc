// Loops that measure what the machine can do at most; the caller holds the clock.
#include "addon/operations.h"
#include "kernels/peak/loops.h"

namespace gossamer {
namespace {

// Some milliseconds of the fastest loop; who wants more calls again.
constexpr int32_t kMaxRounds = 1 << 20, kMaxTiles = 256;

Isa ReadIsa(Arguments& args, size_t index) {
  return static_cast<Isa>(args.Integer(index, "isa", 0, static_cast<int32_t>(Isa::kAvx512Bf16)));
}

size_t ReadTiles(Arguments& args, size_t index) {
  return static_cast<size_t>(args.Integer(index, "tiles", 1, kMaxTiles));
}

void Report(const LoopWork& found, const Array<double>& work) {
  work.data[0] = found.work;
  work.data[1] = found.checksum;
}

}  // namespace

Work PreparePeakLoop(Arguments& args) {
  const PeakLoop loop = static_cast<PeakLoop>(args.Integer(0, "loop", 0, 2));
  const Isa isa = ReadIsa(args, 1);
  const size_t rounds = static_cast<size_t>(args.Integer(2, "rounds", 0, kMaxRounds)), tiles = ReadTiles(args, 3);
  const Array<double> work = args.Out<double>(4, "work", 2);
  return [=](AbortFlag abort) {
    LoopWork found{};
    const bool done = RunPeakLoop(loop, isa, rounds, tiles, &found, abort);
    Report(found, work);
    return done;
  };
}

Work PrepareReadLoop(Arguments& args) {
  const Array<const uint8_t> x = args.InBytes(0, "x");
  const Isa isa = ReadIsa(args, 1);
  const size_t rounds = static_cast<size_t>(args.Integer(2, "rounds", 0, kMaxRounds)), tiles = ReadTiles(args, 3);
  const Array<double> work = args.Out<double>(4, "work", 2);
  return [=](AbortFlag abort) {
    LoopWork found{};
    const bool done = RunReadLoop(x.data, x.length, isa, rounds, tiles, &found, abort);
    Report(found, work);
    return done;
  };
}

}  // namespace gossamer
