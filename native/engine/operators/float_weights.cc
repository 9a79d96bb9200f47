#include "engine/operators/float_weights.h"

#include <algorithm>

#include "engine/operators/arguments.h"
#include "engine/operators/pack_parallel.h"
#include "kernels/gemm_bf16/gemm_bf16.h"
#include "kernels/small_float/small_float.h"

namespace gossamer {

bool WantsBf16(const Attributes& attributes, size_t piece) {
  const std::string precision = attributes.Text("precision", "float32");
  if (precision != "float32" && precision != "bf16") {
    throw EngineError{"ERR_ENGINE_PROGRAM", "precision: expected float32 or bf16, received " + precision};
  }
  return precision == "bf16" && piece % 2 == 0 && GemmBf16IsFast();
}

FloatWeights::FloatWeights(const WeightSourceF32& source, size_t groups, size_t group_stride, float factor, bool bf16)
    : k_(source.taps * source.piece),
      n_(source.n),
      groups_(groups),
      bf16_(bf16),
      packed_(NewBuffer(Bytes() + kReadSlack)),
      data_(packed_.get()) {
  const size_t count = PackedCountF32(k_, n_);
  Buffer strips;
  if (bf16) strips = NewBuffer(count * sizeof(float));
  for (size_t g = 0; g < groups; ++g) {
    WeightSourceF32 of_group = source;
    of_group.data += g * group_stride;
    float* packed = bf16 ? static_cast<float*>(strips.get()) : static_cast<float*>(packed_.get()) + g * count;
    PackParallel(StripsF32(n_), count * sizeof(float),
                 [&](size_t first, size_t end) { PackF32(of_group, first, end, factor, packed); });
    if (bf16) PackBf16(PackedF32(packed, k_, n_), static_cast<uint16_t*>(packed_.get()) + g * count);
  }
}

FloatWeights::FloatWeights(const TapSourceF32& source, size_t groups, size_t group_stride, RunContext* run)
    : k_(source.tap_count * source.piece), n_(source.n), groups_(groups) {
  if (run == nullptr) packed_ = NewBuffer(Bytes() + kReadSlack);
  auto* packed = static_cast<float*>(run == nullptr ? packed_.get() : run->Scratch(Bytes()));
  data_ = packed;
  const size_t strips = StripsF32(n_), of_strip = k_ * kStripF32;
  const auto pack = [&](size_t first, size_t end) {
    for (size_t i = first; i < end;) {  // strips of all groups, one behind the other
      const size_t group = i / strips, strip = i % strips, last = std::min(strips, strip + end - i);
      TapSourceF32 of_group = source;
      of_group.data += group * group_stride;
      PackTapsF32(of_group, strip, last, packed + i * of_strip);
      i += last - strip;
    }
  };
  constexpr size_t kCost = 2;  // of a float, in the elementary operations of ForTiles
  if (run == nullptr) {
    PackParallel(groups * strips, Bytes(), pack);
  } else {
    ForTiles(*run, groups * strips, of_strip * kCost, pack);
  }
}

size_t FloatWeights::Bytes() const {
  return groups_ * PackedCountF32(k_, n_) * (bf16_ ? sizeof(uint16_t) : sizeof(float));
}

const void* FloatWeights::Prepare(const float* x, size_t count, RunContext& context) const {
  if (!bf16_) return x;
  constexpr size_t kBlock = 64 << 10;
  auto* rounded = static_cast<uint16_t*>(context.Scratch(count * sizeof(uint16_t)));
  context.Parallel((count + kBlock - 1) / kBlock, [&](size_t i) {
    F32ToBf16()(x + i * kBlock, std::min(kBlock, count - i * kBlock), rounded + i * kBlock);
  });
  return rounded;
}

void FloatWeights::Multiply(size_t group, const void* x, size_t offset, const ActivationRows& rows,
                            const GemmTile& tile, const FloatOutput& output) const {
  const auto [m0, m1, n0, n1] = tile;
  const size_t first = group * PackedCountF32(k_, n_);
  if (bf16_) {
    const WeightsBf16 weights{static_cast<const uint16_t*>(data_) + first, k_, n_};
    GemmBf16()(static_cast<const uint16_t*>(x) + offset, rows, m0, m1, weights, n0, n1, output);
  } else {
    const WeightsF32 weights = PackedF32(static_cast<const float*>(data_) + first, k_, n_);
    GemmF32()(static_cast<const float*>(x) + offset, rows, m0, m1, weights, n0, n1, output);
  }
}

namespace {

size_t Blocks(size_t count, size_t block) { return count == 0 ? 0 : (count - 1) / block + 1; }

}  // namespace

size_t GemmTiles::Count() const { return Blocks(rows, row_block) * Blocks(columns, column_block); }

GemmTile GemmTiles::At(size_t index) const {
  const size_t across = Blocks(columns, column_block);
  const size_t m0 = index / across * row_block, n0 = index % across * column_block;
  return {m0, std::min(rows, m0 + row_block), n0, std::min(columns, n0 + column_block)};
}

GemmTiles PlanGemmF32(size_t rows, size_t columns, size_t k, size_t row_floats) {
  constexpr size_t kPanel = 64;              // columns: the widest tile of the kernels
  constexpr size_t kHeights = 24;            // rows: a multiple of the heights of their tiles, 6, 8 and 12
  constexpr size_t kCacheFloats = 64 << 10;  // 256 KB: a quarter of a small second-level cache
  constexpr size_t kProducts = 6 << 20;      // multiplications of one core with AVX-512 in 50 microseconds
  constexpr size_t kWeights = 256 << 10;     // floats that it loads from memory meanwhile
  k = std::max<size_t>(k, 1);
  const size_t in_cache = std::clamp<size_t>(kCacheFloats / (row_floats + columns + 1), 96, 384);
  const size_t in_time = std::max<size_t>(96, kProducts / k / std::clamp<size_t>(columns, 1, kPanel));
  size_t row_block = std::min(in_cache, in_time) / kHeights * kHeights;
  if (rows <= row_block) {
    row_block = std::max<size_t>(rows, 1);
  } else {  // as even as can be
    row_block = Blocks(Blocks(rows, Blocks(rows, row_block)), kHeights) * kHeights;
  }
  const size_t most = std::min(kProducts / k / row_block, kWeights / k) / kPanel * kPanel;
  return {rows, columns, row_block, std::max(kPanel, most)};
}

void CheckFloatOperator(const char* type, const OperatorSpec& spec, size_t most) {
  bool fits = spec.inputs.size() >= 2 && spec.inputs.size() <= most && spec.outputs.size() == 1 &&
              spec.outputs[0] == DataType::kFloat32 && spec.Has(0) && spec.Has(1);
  for (const OperatorInput& input : spec.inputs) fits = fits && (!input.present || input.type == DataType::kFloat32);
  if (!fits) {
    throw EngineError{"ERR_ENGINE_PROGRAM",
                      std::string(type) + ": expected 2 to " + std::to_string(most) + " float32 inputs and one output"};
  }
}

void CheckEpilogueF32(const char* type, const TensorList& inputs, size_t columns, const Dims& y) {
  if (inputs.size() > 2 && inputs[2] != nullptr && inputs[2]->Count() != columns) {
    throw EngineError{"ERR_ENGINE_SHAPE", std::string(type) + ": expected a bias of " + std::to_string(columns) +
                                              ", received " + inputs[2]->dims.Text()};
  }
  if (inputs.size() > 3 && inputs[3] != nullptr && inputs[3]->dims != y) {
    throw EngineError{"ERR_ENGINE_SHAPE", std::string(type) + ": expected a residual of " + y.Text() + ", received " +
                                              inputs[3]->dims.Text()};
  }
}

FloatOutput EpilogueF32(const TensorList& inputs, const ActivationSpec& act, const Tensor& y, size_t columns) {
  const float* bias = inputs.size() > 2 && inputs[2] != nullptr ? inputs[2]->As<float>() : nullptr;
  const float* residual = inputs.size() > 3 && inputs[3] != nullptr ? inputs[3]->As<float>() : nullptr;
  return {bias, residual, columns, act, y.As<float>(), columns};
}

}  // namespace gossamer
