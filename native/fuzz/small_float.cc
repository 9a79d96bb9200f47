// float16 and bfloat16: every variant against the definition, bit by bit.
#include "kernels/small_float/small_float.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

template <class From, class To>
void Fuzz(const std::vector<From>& x, Input& input, VariantList<void(const From*, size_t, To*)> list,
          void (&definition)(const From*, size_t, To*), const char* what) {
  Exact<From> in(x, input);
  std::vector<To> expected(x.size());
  definition(x.data(), x.size(), expected.data());
  ForEachVariant(list, [&](void (&fn)(const From*, size_t, To*), const char* isa) {
    Exact<To> out(x.size(), input);
    fn(in.data(), x.size(), out.data());
    Require(SameBits(out.Copy(), expected), what, isa);
  });
}

std::vector<uint16_t> Halves(Input& input, size_t count) {
  std::vector<uint16_t> halves(count);
  for (uint16_t& half : halves) {
    const unsigned low = input.Byte();
    half = static_cast<uint16_t>(low | static_cast<unsigned>(input.Byte()) << 8);
  }
  return halves;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 4;
  const size_t count = input.Size(300);
  if (kind == 0) Fuzz(input.Floats(count), input, F32ToF16Variants(), F32ToF16Scalar, "F32ToF16");
  if (kind == 1) Fuzz(input.Floats(count), input, F32ToBf16Variants(), F32ToBf16Scalar, "F32ToBf16");
  if (kind == 2) Fuzz(Halves(input, count), input, F16ToF32Variants(), F16ToF32Scalar, "F16ToF32");
  if (kind == 3) Fuzz(Halves(input, count), input, Bf16ToF32Variants(), Bf16ToF32Scalar, "Bf16ToF32");
  return 0;
}
