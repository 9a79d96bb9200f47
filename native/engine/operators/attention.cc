// Attention4D: y = softmax(q k^T * scale + mask) v for every batch and head, in float32.
// Inputs q, k, v, mask? (broadcast to [batch, heads, queries, keys], added). Attributes:
//   scale (1 / sqrt(depth)); causal (1: query i sees the keys up to i + causal_offset, or keys - queries);
//   q_layout, k_layout, v_layout, y_layout: 'bhsd' is [batch, heads, positions, depth], 'bshd' [batch, positions,
//     heads, depth] or, with `heads` for q and y and `kv_heads` (as heads) for k and v, [batch, positions, heads * depth].
// Heads of k and v may be shared by several heads of q that follow each other.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/operators/arguments.h"
#include "kernels/attention_f32/attention_f32.h"

namespace gossamer {
namespace {

constexpr const char* kName = "Attention4D";

// A tensor as batches, heads and positions; strides in elements.
struct Heads {
  size_t batch, heads, positions, depth;
  size_t batch_stride, head_stride, position_stride;
};

// Memory of a call of the kernel; kept by each thread between calls.
void* KernelScratch() {
  constexpr size_t kAlignment = 64;
  static thread_local std::vector<uint8_t> memory(kAttentionScratchBytes + kAlignment);
  return memory.data() + (kAlignment - reinterpret_cast<uintptr_t>(memory.data()) % kAlignment) % kAlignment;
}

// Queries of a call: as many as can be, for a call packs all keys, but four calls or more for each of several threads.
// Whole tiles of six, at least four of them; of an even size.
size_t RowsOfCall(size_t queries, size_t heads, size_t threads) {
  constexpr size_t kTile = 6;
  const size_t fewest = (queries + kAttentionRows - 1) / kAttentionRows;
  const size_t wanted = threads > 1 ? (4 * threads + heads - 1) / heads : 1;
  const size_t blocks = std::max(fewest, std::min(wanted, (queries + 4 * kTile - 1) / (4 * kTile)));
  const size_t tiles = (queries + kTile - 1) / kTile;
  return std::min(kAttentionRows, (tiles + blocks - 1) / blocks * kTile);
}

Heads HeadsOf(const Tensor& tensor, bool positions_first, size_t heads) {
  const Dims& dims = tensor.dims;
  const bool merged = dims.Rank() == 3 && positions_first;
  if (!merged && dims.Rank() != 4) RefuseShape(kName, "four axes, or three of bshd", dims.Text());
  const auto size = [&](size_t axis) { return static_cast<size_t>(dims[axis]); };
  Heads h{};
  h.batch = size(0);
  if (merged) {
    if (heads == 0 || size(2) % heads != 0) {
      RefuseShape(kName, "a last axis that `heads` divide, " + std::to_string(heads), dims.Text());
    }
    h.heads = heads;
    h.positions = size(1);
    h.depth = size(2) / heads;
  } else {
    h.heads = size(positions_first ? 2 : 1);
    h.positions = size(positions_first ? 1 : 2);
    h.depth = size(3);
  }
  h.batch_stride = tensor.Stride(0);
  h.head_stride = merged ? h.depth : tensor.Stride(positions_first ? 2 : 1);
  h.position_stride = tensor.Stride(positions_first ? 1 : 2);
  return h;
}

class AttentionOperator : public Operator {
 public:
  explicit AttentionOperator(const Attributes& attributes)
      : has_scale_(attributes.Has("scale")),
        scale_(attributes.Float("scale", 1)),
        causal_(attributes.Int("causal", 0) != 0),
        has_offset_(attributes.Has("causal_offset")),
        offset_(attributes.Int("causal_offset", 0)) {
    const char* names[] = {"q_layout", "k_layout", "v_layout", "y_layout"};
    for (size_t i = 0; i < 4; ++i) {
      const std::string layout = attributes.Text(names[i], "bhsd");
      if (layout != "bhsd" && layout != "bshd") RefuseProgram(kName, std::string(names[i]) + " bhsd or bshd", layout);
      positions_first_[i] = layout == "bshd";
    }
    const int64_t heads = attributes.Int("heads", 0), kv_heads = attributes.Int("kv_heads", heads);
    if (std::min(heads, kv_heads) < 0) {
      RefuseProgram(kName, "heads of 0 or more", std::to_string(std::min(heads, kv_heads)));
    }
    heads_ = static_cast<size_t>(heads);
    kv_heads_ = static_cast<size_t>(kv_heads);
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Heads q = Input(inputs, 0), k = Input(inputs, 1), v = Input(inputs, 2);
    if (k.depth != q.depth || k.batch != q.batch) {
      RefuseShape(std::string(kName) + " k", "batch and depth of q", inputs[1]->dims.Text());
    }
    if (v.positions != k.positions || v.heads != k.heads || v.batch != q.batch) {
      RefuseShape(std::string(kName) + " v", "batch, heads and positions of k", inputs[2]->dims.Text());
    }
    if (k.heads == 0 ? q.heads != 0 : q.heads % k.heads != 0) {
      RefuseShape(std::string(kName) + " k", "heads that divide " + std::to_string(q.heads), std::to_string(k.heads));
    }
    if (Optional(inputs, 3) != nullptr) CheckMask(inputs[3]->dims, q, k);
    const auto size = [](size_t count) { return static_cast<int64_t>(count); };
    if (!positions_first_[3]) {
      outputs[0].dims = Dims{size(q.batch), size(q.heads), size(q.positions), size(v.depth)};
    } else if (inputs[0]->dims.Rank() == 4) {
      outputs[0].dims = Dims{size(q.batch), size(q.positions), size(q.heads), size(v.depth)};
    } else {
      outputs[0].dims = Dims{size(q.batch), size(q.positions), ProductOfSizes(size(q.heads), size(v.depth))};
    }
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    if (outputs[0].Count() == 0) return;
    const Heads q = Input(inputs, 0), k = Input(inputs, 1), v = Input(inputs, 2);
    const Heads y = HeadsOf(outputs[0], positions_first_[3], heads_);
    const Tensor* mask = Optional(inputs, 3);
    size_t mask_strides[4] = {};
    if (mask != nullptr) MaskStrides(mask->dims, mask_strides);
    AttentionHead shared{};
    shared.q_stride = q.position_stride;
    shared.k_stride = k.position_stride;
    shared.v_stride = v.position_stride;
    shared.y_stride = y.position_stride;
    shared.keys = k.positions;
    shared.depth = q.depth;
    shared.value_depth = v.depth;
    shared.mask_stride = mask_strides[2];
    shared.mask_step = mask_strides[3];
    shared.scale = has_scale_ ? scale_ : 1.0f / std::sqrt(static_cast<float>(q.depth));
    const int64_t keys = static_cast<int64_t>(k.positions), queries = static_cast<int64_t>(q.positions);
    shared.visible = !causal_ ? keys : has_offset_ ? std::clamp(offset_, -queries, keys) : keys - queries;
    const size_t heads = q.batch * q.heads, rows = RowsOfCall(q.positions, heads, context.Threads());
    const size_t blocks = (q.positions + rows - 1) / rows;
    const size_t cost = 1 + rows * k.positions * (q.depth + v.depth) / 16;  // of vectors
    ForTiles(context, heads * blocks, cost, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const size_t block = i % blocks, head = i / blocks % q.heads, batch = i / blocks / q.heads;
        const size_t kv_head = head / (q.heads / k.heads), first = block * rows;
        AttentionHead one = shared;
        one.q = inputs[0]->As<float>() + batch * q.batch_stride + head * q.head_stride;
        one.k = inputs[1]->As<float>() + batch * k.batch_stride + kv_head * k.head_stride;
        one.v = inputs[2]->As<float>() + batch * v.batch_stride + kv_head * v.head_stride;
        one.y = outputs[0].As<float>() + batch * y.batch_stride + head * y.head_stride;
        if (mask != nullptr) one.mask = mask->As<float>() + batch * mask_strides[0] + head * mask_strides[1];
        AttentionF32()(one, first, std::min(rows, q.positions - first), KernelScratch());
      }
    });
  }

  bool ReadsPitched(size_t input) const override { return input < 3; }

 private:
  Heads Input(const TensorList& inputs, size_t i) const {
    return HeadsOf(*inputs[i], positions_first_[i], i == 0 ? heads_ : kv_heads_);
  }

  static void CheckMask(const Dims& mask, const Heads& q, const Heads& k) {
    const size_t sizes[] = {q.batch, q.heads, q.positions, k.positions};
    bool fits = mask.Rank() <= 4;
    for (size_t a = 0; fits && a < mask.Rank(); ++a) {
      const size_t size = static_cast<size_t>(mask[a]);
      fits = size == 1 || size == sizes[a + 4 - mask.Rank()];
    }
    if (!fits) {
      RefuseShape(std::string(kName) + " mask",
                  "[" + std::to_string(sizes[0]) + ", " + std::to_string(sizes[1]) + ", " + std::to_string(sizes[2]) +
                      ", " + std::to_string(sizes[3]) + "] or 1 for any of them",
                  mask.Text());
    }
  }
  // In elements, 0 along an axis of one.
  static void MaskStrides(const Dims& mask, size_t (&strides)[4]) {
    for (size_t a = 0; a < mask.Rank(); ++a) {
      strides[a + 4 - mask.Rank()] = mask[a] == 1 ? 0 : mask.Count(a + 1, mask.Rank());
    }
  }

  bool has_scale_;
  float scale_;
  bool causal_, has_offset_;
  int64_t offset_;
  bool positions_first_[4];
  size_t heads_, kv_heads_;
};

}  // namespace

std::unique_ptr<Operator> MakeAttention4d(OperatorSpec& spec) {
  CheckArity(spec, 3, 4);
  for (size_t i = 0; i < 4; ++i) CheckType(spec, i, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<AttentionOperator>(spec.attributes);
}

}  // namespace gossamer
