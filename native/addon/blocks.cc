// Block-wise quantization of weight matrices.
#include <cmath>

#include "addon/operations.h"
#include "addon/scheme.h"
#include "kernels/block_quantize/matrix.h"

namespace gossamer {
namespace {

[[noreturn]] void BadOption(const char* message) { throw ArgumentError{"ERR_BAD_OPTION", message}; }

// Arguments 0 .. 4: w, n, k, isNk, blockSize.
BlockedWeight ReadWeight(Arguments& args) {
  const Array<const float> w = args.In<float>(0, "w");
  BlockedWeight weight{};
  weight.w = w.data;
  weight.n = args.Size(1, "n");
  weight.k = args.Size(2, "k");
  weight.layout = args.Boolean(3, "isNk") ? WeightLayout::kNk : WeightLayout::kKn;
  weight.block_size = args.Size(4, "blockSize");
  RequireLength("w", w.length, Product("n * k", weight.n, weight.k));
  if (weight.block_size == 0) BadOption("blockSize: expected an integer > 0, received 0");
  return weight;
}

}  // namespace

BlockScheme ReadScheme(Arguments& args, size_t first) {
  BlockScheme scheme{};
  scheme.mapping = static_cast<BlockMapping>(args.Integer(first, "mapping", 0, 2));
  scheme.code_min = args.Integer(first + 1, "codeMin", -128, 254);
  scheme.code_max = args.Integer(first + 2, "codeMax", -127, 255);
  scheme.code_zero = args.Integer(first + 3, "codeZero", -128, 255);
  scheme.clip_steps = static_cast<uint32_t>(args.Integer(first + 4, "clipSteps", 1, 1024));
  scheme.clip_min = args.Float(first + 5, "clipMin");
  const bool one_type = scheme.code_min >= 0 || scheme.code_max <= 127;
  if (!one_type || scheme.code_min >= scheme.code_max) BadOption("codeMin: expected a range of one 8-bit type");
  if (scheme.code_zero < scheme.code_min || scheme.code_zero > scheme.code_max)
    BadOption("codeZero: expected it in range");
  const bool positive = scheme.mapping != BlockMapping::kSymmetric || scheme.code_zero < scheme.code_max;
  const bool negative = scheme.mapping != BlockMapping::kSymmetricFull || scheme.code_zero > scheme.code_min;
  if (!positive || !negative) BadOption("codeZero: expected codes on both sides of it");
  if (!(scheme.clip_min > 0 && scheme.clip_min <= 1)) BadOption("clipMin: expected a number in (0, 1]");
  return scheme;
}

Work PrepareQuantizeMatMulNBits(Arguments& args) {
  const BlockedWeight weight = ReadWeight(args);
  const BlockScheme scheme = ReadScheme(args, 5);
  const int32_t bits = args.Integer(11, "bits", 2, 8);
  if (bits != 2 && bits != 4 && bits != 8) BadOption("bits: expected 2, 4 or 8");
  if (scheme.code_min < 0 || scheme.code_max >= 1 << bits) BadOption("codeMax: expected it below 2^bits");
  if (weight.block_size % 16 != 0 || weight.block_size > 65536) {
    BadOption("blockSize: expected a multiple of 16 up to 65536");
  }
  const size_t blocks = weight.BlocksPerColumn(), block_bytes = weight.block_size * static_cast<size_t>(bits) / 8;
  const size_t zero_point_bytes = (blocks * static_cast<size_t>(bits) + 7) / 8;
  const Array<uint8_t> b = args.OutBytes(12, "codes", Product("codes", weight.n, blocks, block_bytes));
  const Array<float> scales = args.Out<float>(13, "scales", Product("scales", weight.n, blocks));
  const bool with_zero_points = !args.IsMissing(14);
  Array<uint8_t> zero_points{nullptr, 0};
  if (with_zero_points)
    zero_points = args.OutBytes(14, "zeroPoints", Product("zeroPoints", weight.n, zero_point_bytes));
  const Array<double> non_finite = args.Out<double>(15, "nonFinite", 1);
  return [=](AbortFlag abort) {
    uint64_t count = 0;
    const NBitsOutput out{b.data, scales.data, zero_points.data};
    const bool done = QuantizeMatMulNBits(weight, scheme, static_cast<unsigned>(bits), out, &count, abort);
    *non_finite.data = static_cast<double>(count);
    return done;
  };
}

Work PrepareQuantizeBlockedWeight(Arguments& args) {
  const BlockedWeight weight = ReadWeight(args);
  const BlockScheme scheme = ReadScheme(args, 5);
  const size_t parameters = Product("scales", weight.n, weight.BlocksPerColumn());
  const Array<uint8_t> codes = args.OutBytes(11, "codes", weight.n * weight.k);
  const Array<float> scales = args.Out<float>(12, "scales", parameters);
  const Array<uint8_t> zero_points = args.OutBytes(13, "zeroPoints", parameters);
  const Array<double> non_finite = args.Out<double>(14, "nonFinite", 1);
  return [=](AbortFlag abort) {
    uint64_t count = 0;
    const BlockedOutput out{codes.data, scales.data, zero_points.data};
    const bool done = QuantizeBlockedWeight(weight, scheme, out, &count, abort);
    *non_finite.data = static_cast<double>(count);
    return done;
  };
}

}  // namespace gossamer
