// Products with weights of few bits: every instruction set against the definition, quantized rows and results alike.
#include "kernels/gemm_nbits/gemm_nbits.h"

#include "fuzz/input.h"
#include "kernels/gemm_nbits/pack.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const unsigned bits = 2u << input.Size(2);
  const size_t block_size = size_t{16} << input.Size(4), n = 1 + input.Size(80), k = 1 + input.Size(300);
  const size_t rows = 1 + input.Size(14), blocks = NbitsBlocks(k, block_size), stride = k + input.Size(3);
  const uint8_t zeros = input.Byte() % 4;
  const std::vector<uint8_t> codes = input.Bytes(n * blocks * block_size * bits / 8);
  const std::vector<float> scales = input.Floats(n * blocks);
  const std::vector<uint8_t> packed_zeros = input.Bytes(zeros == 1 ? n * ((blocks * bits + 7) / 8) : 0);
  const std::vector<float> float_zeros = input.Floats(zeros == 2 ? n * blocks : 0);
  const std::vector<float> table = input.Floats(zeros == 3 ? size_t{1} << bits : 0);
  const PackedNbits packed({n, k, block_size, bits, codes.data(), scales.data(),
                            zeros == 1 ? packed_zeros.data() : nullptr, zeros == 2 ? float_zeros.data() : nullptr,
                            zeros == 3 ? table.data() : nullptr});
  const NbitsWeights& w = packed.Weights();
  Exact<float> x(input.Floats((rows - 1) * stride + k), input);
  const std::vector<float> bias = input.Floats(n), untouched(rows * n);
  const ActivationSpec act{static_cast<Activation>(input.Byte() % 15), input.Float(), input.Float()};
  const auto out = [&](float* y) { return FloatOutput{bias.data(), nullptr, 0, act, y, n}; };
  const size_t panels = NbitsPanels(n);

  std::vector<float> expected(rows * n);
  GemmNbitsFloatScalar(w, 0, panels, x.data(), stride, 0, rows, out(expected.data()));
  ForEachVariant(GemmNbitsFloatVariants(), [&](GemmNbitsFloatFn& fn, const char* isa) {
    Exact<float> y(untouched, input);
    fn(w, 0, panels, x.data(), stride, 0, rows, out(y.data()));
    Require(SameFloats(y.Copy(), expected), "GemmNbitsFloat", isa);
  });
  if (zeros == 3) return 0;

  const size_t code_stride = blocks * block_size;
  std::vector<int8_t> row_codes(rows * code_stride);
  std::vector<float> row_scales(rows * blocks);
  std::vector<int32_t> row_sums(rows * blocks);
  QuantizeRowsNbitsScalar(x.data(), rows, stride, k, block_size, NbitsSumFactor(w), row_codes.data(), code_stride,
                          row_scales.data(), row_sums.data());
  ForEachVariant(QuantizeRowsNbitsVariants(), [&](QuantizeRowsNbitsFn& fn, const char* isa) {
    Exact<int8_t> c(row_codes.size(), input);
    Exact<float> s(row_scales.size(), input);
    Exact<int32_t> t(row_sums.size(), input);
    fn(x.data(), rows, stride, k, block_size, NbitsSumFactor(w), c.data(), code_stride, s.data(), t.data());
    Require(SameBits(c.Copy(), row_codes) && SameFloats(s.Copy(), row_scales) && SameBits(t.Copy(), row_sums),
            "QuantizeRowsNbits", isa);
  });
  Exact<int8_t> c(row_codes, input);
  const NbitsRows view{c.data(), code_stride, row_scales.data(), row_sums.data()};
  GemmNbitsInt8Scalar(w, 0, panels, view, 0, rows, out(expected.data()));
  ForEachVariant(GemmNbitsInt8Variants(), [&](GemmNbitsInt8Fn& fn, const char* isa) {
    Exact<float> y(untouched, input);
    fn(w, 0, panels, view, 0, rows, out(y.data()));
    Require(SameFloats(y.Copy(), expected), "GemmNbitsInt8", isa);
  });
  return 0;
}
