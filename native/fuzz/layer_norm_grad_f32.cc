// Gradient of layer normalisation: every kernel against the definition.
#include "kernels/layer_norm_grad_f32/layer_norm_grad_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t rows = input.Size(6), cols = input.Size(200), count = rows * cols;
  Exact<float> dy(input.Floats(count), input), x(input.Floats(count), input), scale(input.Floats(cols), input);
  Exact<float> mean(input.Floats(rows), input), inv_std(input.Floats(rows), input);
  const auto run = [&](LayerNormGradF32Fn& fn) {
    const std::vector<float> zeros(cols, 0.0f);
    Exact<float> dx(count, input), dscale(zeros, input), dbias(zeros, input);
    fn({dy.data(), x.data(), scale.data(), mean.data(), inv_std.data(), dx.data(), dscale.data(), dbias.data()}, rows,
       cols);
    std::vector<float> all = dx.Copy();
    for (const Exact<float>* part : {&dscale, &dbias}) {
      const std::vector<float> copy = part->Copy();
      all.insert(all.end(), copy.begin(), copy.end());
    }
    return all;
  };
  const std::vector<float> expected = run(LayerNormGradF32Scalar);
  ForEachVariant(LayerNormGradF32Variants(), [&](LayerNormGradF32Fn& fn, const char* isa) {
    Require(SameFloats(run(fn), expected), "LayerNormGradF32", isa);
  });
  return 0;
}
