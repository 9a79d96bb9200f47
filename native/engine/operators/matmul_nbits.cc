// MatMulNBits and MatMulCodebook: y = act(x * w + bias + residual) with constant weights of 2, 4 or 8 bits that share
// scales in blocks along K.
//   MatMulNBits: x float [.., K], codes uint8 [N, blocks, block_size * bits / 8], scales [N, blocks], zero points?
//     (uint8, packed by row, or as the scales), no g_idx, bias? [N], residual? like y. Attributes K, N, bits,
//     block_size, accuracy_level (4: activations in int8 by block; else float), activation.
//   MatMulCodebook: x, indices (as codes), table float [2^bits], scales, bias?, residual?. The same attributes but the
//     level.
// Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.MatMulNBits.
#include <algorithm>
#include <vector>

#include "engine/activation.h"
#include "engine/operators/arguments.h"
#include "kernels/gemm_nbits/pack.h"
#include "kernels/small_float/small_float.h"

namespace gossamer {
namespace {

// Places of inputs that differ between the two.
struct Places {
  const char* op;
  size_t scales, bias, residual;
};
constexpr Places kNbits = {"MatMulNBits", 2, 5, 6};
constexpr Places kCodebook = {"MatMulCodebook", 3, 4, 5};

const Tensor& ConstantOf(const char* op, const OperatorSpec& spec, size_t input, const char* what) {
  const Tensor* tensor = spec.Constant(input);
  if (tensor == nullptr) RefuseProgram(op, std::string("constant ") + what, "none");
  return *tensor;
}

// `rows` times `of` elements, which may be more than a size_t holds.
void CheckCount(const char* op, const char* what, const Tensor& tensor, size_t rows, size_t of) {
  const size_t count = tensor.Count();
  if (count % rows == 0 && count / rows == of) return;
  RefuseProgram(op, std::to_string(rows) + " rows of " + std::to_string(of) + " " + what, tensor.dims.Text());
}

std::vector<float> FloatsOf(const char* op, const char* what, const Tensor& tensor) {
  std::vector<float> floats(tensor.Count());
  switch (tensor.type) {
    case DataType::kFloat32: std::copy_n(tensor.As<float>(), floats.size(), floats.data()); break;
    case DataType::kFloat16: F16ToF32()(tensor.As<uint16_t>(), floats.size(), floats.data()); break;
    case DataType::kBfloat16: Bf16ToF32()(tensor.As<uint16_t>(), floats.size(), floats.data()); break;
    default: RefuseType(std::string(op) + " " + what, "floats", tensor.type);
  }
  return floats;
}

size_t Whole(const char* op, const OperatorSpec& spec, const char* name, int64_t otherwise) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const int64_t value = spec.attributes.Int(name, otherwise);
  if (value < 1 || value > kMost) {
    RefuseProgram(op, std::string(name) + " of 1 to 2^31", std::to_string(value));
  }
  return static_cast<size_t>(value);
}

// Rows are split into blocks whose activations stay in the second-level cache, panels into pieces of some 50
// microseconds: by sizes alone, so that threads change nothing.
struct NbitsTiles {
  size_t rows, panels, row_block, panel_block;

  NbitsTiles(size_t rows, size_t n, size_t k) : rows(rows), panels(NbitsPanels(n)) {
    constexpr size_t kMostRows = 96, kRowStep = 6;       // the height of a tile
    constexpr size_t kProducts = 12 << 20, kWeights = 4 << 20, kPanelStep = 4;
    const size_t blocks = (rows + kMostRows - 1) / kMostRows, even = (rows + blocks - 1) / blocks;
    row_block = (even + kRowStep - 1) / kRowStep * kRowStep;
    const size_t weights = std::min(kWeights, kProducts / std::min(rows, row_block));
    panel_block = std::max(kPanelStep, weights / (k * kNbitsPanel) / kPanelStep * kPanelStep);
  }
  size_t PanelBlocks() const { return (panels + panel_block - 1) / panel_block; }
  size_t Count() const { return (rows + row_block - 1) / row_block * PanelBlocks(); }
  // Calls body(first_panel, panels, first_row, rows).
  template <class Body>
  void At(size_t index, const Body& body) const {
    const size_t m = index / PanelBlocks() * row_block, p = index % PanelBlocks() * panel_block;
    body(p, std::min(panel_block, panels - p), m, std::min(row_block, rows - m));
  }
};

class NbitsProduct : public Operator {
 public:
  NbitsProduct(const Places& places, const NbitsSource& source, bool int8, const OperatorSpec& spec)
      : places_(places), weights_(source), int8_(int8), act_(ActivationOf(spec.attributes)),
        has_residual_(spec.Has(places.residual)) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const NbitsWeights& w = weights_.Weights();
    const Dims& x = inputs[0]->dims;
    if (x.Rank() == 0 || static_cast<size_t>(x[x.Rank() - 1]) != w.k) {
      RefuseShape(places_.op, "rows of " + std::to_string(w.k), x.Text());
    }
    Dims y;
    for (size_t i = 0; i + 1 < x.Rank(); ++i) y.Append(x[i]);
    y.Append(static_cast<int64_t>(w.n));
    const Tensor* bias = Optional(inputs, places_.bias);
    const Tensor* residual = Optional(inputs, places_.residual);
    if (bias != nullptr && bias->Count() != w.n) {
      RefuseShape(places_.op, "a bias of " + std::to_string(w.n), bias->dims.Text());
    }
    if (residual != nullptr && residual->dims != y) {
      RefuseShape(places_.op, "a residual of " + y.Text(), residual->dims.Text());
    }
    outputs[0].dims = y;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const NbitsWeights& w = weights_.Weights();
    const size_t rows = inputs[0]->Count() / w.k;
    if (rows == 0) return;
    const Tensor* bias = Optional(inputs, places_.bias);
    const Tensor* residual = Optional(inputs, places_.residual);
    const float* residuals = residual == nullptr ? nullptr : residual->As<float>();
    const FloatOutput out{bias == nullptr ? nullptr : bias->As<float>(), residuals, w.n, act_, outputs[0].As<float>(),
                          w.n};
    const float* x = inputs[0]->As<float>();
    const NbitsTiles tiles(rows, w.n, w.k);
    if (!int8_) {
      context.Parallel(tiles.Count(), [&](size_t i) {
        tiles.At(i, [&](size_t p, size_t panels, size_t m, size_t count) {
          GemmNbitsFloat()(w, p, panels, x, w.k, m, count, out);
        });
      });
      return;
    }
    const size_t blocks = NbitsBlocks(w.k, w.block_size);
    const size_t stride = blocks * w.block_size + 64;  // not a multiple of the cache's ways
    int8_t* codes = static_cast<int8_t*>(context.Scratch(rows * stride));
    float* scales = static_cast<float*>(context.Scratch(rows * blocks * sizeof(float)));
    int32_t* sums = static_cast<int32_t*>(context.Scratch(rows * blocks * sizeof(int32_t)));
    ForTiles(context, rows, w.k, [&](size_t first, size_t end) {
      QuantizeRowsNbits()(x + first * w.k, end - first, w.k, w.k, w.block_size, NbitsSumFactor(w),
                          codes + first * stride, stride, scales + first * blocks, sums + first * blocks);
    });
    context.Parallel(tiles.Count(), [&](size_t i) {
      tiles.At(i, [&](size_t p, size_t panels, size_t m, size_t count) {
        GemmNbitsInt8()(w, p, panels, {codes, stride, scales, sums}, m, count, out);
      });
    });
  }

  int InPlace() const override { return has_residual_ ? static_cast<int>(places_.residual) : -1; }
  size_t PackedBytes() const override { return weights_.Bytes(); }
  std::string Note() const override {
    const NbitsWeights& w = weights_.Weights();
    return std::to_string(w.bits) + " bits, blocks of " + std::to_string(w.block_size) +
           (w.half_scales != nullptr ? ", float16 scales" : ", float32 scales") +
           (int8_ ? ", int8 activations" : ", float activations");
  }

 private:
  Places places_;
  PackedNbits weights_;
  bool int8_;
  ActivationSpec act_;
  bool has_residual_;
};

// What both read: sizes, codes and scales, in `source`; scales' floats in `scales`.
NbitsSource SourceOf(const Places& places, const OperatorSpec& spec, std::vector<float>& scales) {
  const char* op = places.op;
  CheckArity(spec, places.scales + 1, places.residual + 1);
  CheckType(spec, 0, DataType::kFloat32);
  CheckType(spec, places.bias, DataType::kFloat32);
  CheckType(spec, places.residual, DataType::kFloat32);
  CheckOutputType(spec, 0, DataType::kFloat32);
  NbitsSource source{};
  source.n = Whole(op, spec, "N", 0);
  source.k = Whole(op, spec, "K", 0);
  source.block_size = Whole(op, spec, "block_size", 0);
  source.bits = static_cast<unsigned>(Whole(op, spec, "bits", 4));
  if (source.bits != 2 && source.bits != 4 && source.bits != 8) {
    RefuseProgram(op, "bits of 2, 4 or 8", std::to_string(source.bits));
  }
  if (source.block_size < kNbitsMinBlock || source.block_size > kNbitsMaxBlock ||
      (source.block_size & (source.block_size - 1)) != 0) {
    RefuseProgram(op, "block_size of 16, 32, 64, 128 or 256", std::to_string(source.block_size));
  }
  const size_t blocks = NbitsBlocks(source.k, source.block_size);
  const Tensor& codes = ConstantOf(op, spec, 1, "codes");
  if (codes.type != DataType::kUint8) RefuseType(std::string(op) + " codes", "uint8", codes.type);
  CheckCount(op, "bytes of codes", codes, source.n, blocks * source.block_size * source.bits / 8);
  source.codes = codes.As<uint8_t>();
  const Tensor& scale = ConstantOf(op, spec, places.scales, "scales");
  CheckCount(op, "scales", scale, source.n, blocks);
  scales = FloatsOf(op, "scales", scale);
  source.scales = scales.data();
  return source;
}

}  // namespace

std::unique_ptr<Operator> MakeMatMulNbits(OperatorSpec& spec) {
  constexpr size_t kZeros = 3, kGroups = 4;
  std::vector<float> scales, zeros;
  if (spec.Has(kGroups)) RefuseProgram(kNbits.op, "no g_idx: columns in their own order", "g_idx");
  NbitsSource source = SourceOf(kNbits, spec, scales);
  if (spec.Has(kZeros)) {
    const Tensor& zero = ConstantOf(kNbits.op, spec, kZeros, "zero points");
    const size_t blocks = NbitsBlocks(source.k, source.block_size);
    if (zero.type == DataType::kUint8) {
      CheckCount(kNbits.op, "bytes of zero points", zero, source.n, (blocks * source.bits + 7) / 8);
      source.packed_zeros = zero.As<uint8_t>();
    } else {
      CheckCount(kNbits.op, "zero points", zero, source.n, blocks);
      zeros = FloatsOf(kNbits.op, "zero points", zero);
      source.float_zeros = zeros.data();
    }
    spec.released[kZeros] = true;
  }
  spec.released[1] = spec.released[kNbits.scales] = true;
  return std::make_unique<NbitsProduct>(kNbits, source, spec.attributes.Int("accuracy_level", 0) == 4, spec);
}

std::unique_ptr<Operator> MakeMatMulCodebook(OperatorSpec& spec) {
  std::vector<float> scales;
  NbitsSource source = SourceOf(kCodebook, spec, scales);
  const Tensor& table = ConstantOf(kCodebook.op, spec, 2, "table");
  CheckCount(kCodebook.op, "entries of a table", table, 1, size_t{1} << source.bits);
  const std::vector<float> entries = FloatsOf(kCodebook.op, "table", table);
  source.table = entries.data();
  spec.released[1] = spec.released[2] = spec.released[kCodebook.scales] = true;
  return std::make_unique<NbitsProduct>(kCodebook, source, false, spec);
}

}  // namespace gossamer
