// The streams of .gsm files.
#include "addon/operations.h"
#include "encode/decode_tensor.h"

namespace gossamer {

Work PrepareDecodeTensor(Arguments& args) {
  const Array<const uint8_t> stream = args.InBytes(0, "stream");
  const int32_t type = args.Integer(1, "type", 1, kLastElementType);
  if (ElementBits(type) == 0) throw ArgumentError{"ERR_BAD_OPTION", "type: expected one of elements of a fixed size"};
  const Array<const double> sizes = args.In<double>(2, "dims");
  TensorSpec spec{type, {}, 1};
  for (size_t i = 0; i < sizes.length; ++i) {
    const double size = sizes.data[i];
    if (!(size >= 0 && size <= 9007199254740991.0 && size == static_cast<double>(static_cast<uint64_t>(size))))
      throw ArgumentError{"ERR_BAD_OPTION", "dims: expected integers of at most 53 bits"};
    spec.dims.push_back(static_cast<size_t>(size));
    spec.count = Product("dims", spec.count, spec.dims.back());
  }
  if (spec.count > (uint64_t{1} << 53) / 16) throw ArgumentError{"ERR_WRONG_LENGTH", "dims: expected at most 2^49 elements"};
  const Array<uint8_t> out = args.OutBytes(3, "out", spec.ByteLength());
  const Array<double> is_sound = args.Out<double>(4, "isSound", 1);
  return [=](AbortFlag) {
    is_sound.data[0] = DecodeTensor(stream.data, stream.length, spec, out.data) ? 1 : 0;
    return true;
  };
}

}  // namespace gossamer
