// Attention of one head: every instruction set against the definition, any strides, masks and values.
#include "kernels/attention_f32/attention_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

alignas(64) char scratch[kAttentionScratchBytes];

size_t Extent(size_t rows, size_t stride, size_t width) { return rows == 0 ? 0 : (rows - 1) * stride + width; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t queries = 1 + input.Size(kAttentionRows - 1), keys = input.Size(150), depth = 1 + input.Size(140);
  const size_t value_depth = 1 + input.Size(80);
  const size_t q_stride = depth + input.Size(3), k_stride = depth + input.Size(3);
  const size_t v_stride = value_depth + input.Size(3), y_stride = value_depth + input.Size(3);
  const size_t mask_step = input.Byte() % 2, mask_stride = input.Bool() ? keys : 0;
  const bool masked = input.Bool();
  Exact<float> q(input.Floats(Extent(queries, q_stride, depth)), input);
  Exact<float> k(input.Floats(Extent(keys, k_stride, depth)), input);
  Exact<float> v(input.Floats(Extent(keys, v_stride, value_depth)), input);
  Exact<float> mask(input.Floats(masked ? Extent(queries, mask_stride, mask_step == 0 ? 1 : keys) : 0), input);
  const std::vector<float> untouched(Extent(queries, y_stride, value_depth), 7.0f);
  std::vector<float> expected = untouched;
  AttentionHead head{q.data(),  k.data(),  v.data(), expected.data(), q_stride,    k_stride,
                     v_stride,  y_stride,  keys,     depth,           value_depth, masked ? mask.data() : nullptr,
                     mask_stride, mask_step, input.Float(), input.Range(-20, 200)};
  AttentionF32Scalar(head, 0, queries, scratch);
  ForEachVariant(AttentionF32Variants(), [&](AttentionF32Fn& fn, const char* isa) {
    Exact<float> y(untouched, input);
    head.y = y.data();
    fn(head, 0, queries, scratch);
    Require(SameFloats(y.Copy(), expected), "AttentionF32", isa);
  });
  return 0;
}
