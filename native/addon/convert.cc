// Changes of representation: 16-bit floats, packed codes, transposition.
#include "addon/operations.h"
#include "engine/tiles.h"
#include "kernels/pack_bits/pack_bits.h"
#include "kernels/small_float/small_float.h"
#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

constexpr size_t kTile = size_t{1} << 17;  // elements a thread takes at a time; a multiple of the codes in a byte

// Formats of 16-bit floats: 0 float16, 1 bfloat16.
bool ReadIsBf16(Arguments& args, size_t index) { return args.Integer(index, "format", 0, 1) == 1; }

int32_t ReadBits(Arguments& args, size_t index) {
  const int32_t bits = args.Integer(index, "bits", 2, 4);
  if (bits == 3) throw ArgumentError{"ERR_BAD_OPTION", "bits: expected 2 or 4, received 3"};
  return bits;
}

template <class T>
Work Transpose(const void* x, size_t rows, size_t cols, void* out) {
  return [=](AbortFlag abort) {
    return TransposeMatrix(static_cast<const T*>(x), rows, cols, static_cast<T*>(out), abort);
  };
}

}  // namespace

Work PrepareNarrowFloats(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const bool is_bf16 = ReadIsBf16(args, 1);
  const Array<uint16_t> out = args.Out<uint16_t>(2, "out", x.length);
  return [=](AbortFlag abort) {
    F32ToF16Fn& convert = is_bf16 ? F32ToBf16() : F32ToF16();
    return ForEachTile(x.length, kTile, abort,
                       [&](size_t begin, size_t end) { convert(x.data + begin, end - begin, out.data + begin); });
  };
}

Work PrepareWidenFloats(Arguments& args) {
  const Array<const uint16_t> x = args.In<uint16_t>(0, "x");
  const bool is_bf16 = ReadIsBf16(args, 1);
  const Array<float> out = args.Out<float>(2, "out", x.length);
  return [=](AbortFlag abort) {
    F16ToF32Fn& convert = is_bf16 ? Bf16ToF32() : F16ToF32();
    return ForEachTile(x.length, kTile, abort,
                       [&](size_t begin, size_t end) { convert(x.data + begin, end - begin, out.data + begin); });
  };
}

Work PreparePackBits(Arguments& args) {
  const Array<const uint8_t> codes = args.InBytes(0, "codes");
  const size_t per_byte = 8 / static_cast<size_t>(ReadBits(args, 1));
  const size_t bytes = codes.length / per_byte + (codes.length % per_byte != 0 ? 1 : 0);
  const Array<uint8_t> out = args.OutBytes(2, "out", bytes);
  return [=](AbortFlag abort) {
    PackNibblesFn& pack = per_byte == 2 ? PackNibbles() : PackCrumbs();
    return ForEachTile(codes.length, kTile, abort, [&](size_t begin, size_t end) {
      pack(codes.data + begin, end - begin, out.data + begin / per_byte);
    });
  };
}

Work PrepareUnpackBits(Arguments& args) {
  const Array<const uint8_t> packed = args.InBytes(0, "packed");
  const size_t length = args.Size(1, "length"), per_byte = 8 / static_cast<size_t>(ReadBits(args, 2));
  const bool is_signed = args.Boolean(3, "isSigned");
  RequireLength("packed", packed.length, length / per_byte + (length % per_byte != 0 ? 1 : 0));
  const Array<uint8_t> out = args.OutBytes(4, "out", length);
  return [=](AbortFlag abort) {
    UnpackNibblesFn& unpack = per_byte == 2 ? UnpackNibbles() : UnpackCrumbs();
    return ForEachTile(length, kTile, abort, [&](size_t begin, size_t end) {
      unpack(packed.data + begin / per_byte, end - begin, is_signed, out.data + begin);
    });
  };
}

Work PrepareTranspose(Arguments& args) {
  const size_t rows = args.Size(1, "rows"), cols = args.Size(2, "cols");
  const AnyArray x = args.InAny(0, "x");
  RequireLength("x", x.length, Product("rows * cols", rows, cols));
  void* out = args.OutLike(3, "out", x);
  if (x.element_size == 1) return Transpose<uint8_t>(x.data, rows, cols, out);
  if (x.element_size == 2) return Transpose<uint16_t>(x.data, rows, cols, out);
  return Transpose<uint32_t>(x.data, rows, cols, out);
}

}  // namespace gossamer
