// GatherBlockQuantized: rows of a table of 2, 4 or 8-bit codes, dequantized by blocks along the last axis.
// Inputs: data uint8 [R, .., C * bits / 8] (low bits first), indices, scales float [R, .., blocks], zero points? uint8
// packed like data along their last axis; without them 2^(bits - 1). y float [indices.., .., C]. Attributes: gather_axis
// 0, quantize_axis the last, block_size a power of two from 16, bits.
// Source: ONNX Runtime, docs/ContribOperators.md, com.microsoft.GatherBlockQuantized.
#include <algorithm>

#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

constexpr const char* kName = "GatherBlockQuantized";

unsigned PackedCode(const uint8_t* bytes, size_t index, unsigned bits) {
  const size_t at = index * bits;
  return (bytes[at / 8] >> (at % 8)) & ((1u << bits) - 1);
}

class GatherBlocks : public Operator {
 public:
  explicit GatherBlocks(const Attributes& attributes)
      : bits_(static_cast<unsigned>(attributes.Int("bits", 4))),
        block_size_(static_cast<size_t>(attributes.Int("block_size", 128))),
        gather_axis_(attributes.Int("gather_axis", 0)),
        quantize_axis_(attributes.Int("quantize_axis", 1)) {
    if (bits_ != 2 && bits_ != 4 && bits_ != 8) RefuseProgram(kName, "bits of 2, 4 or 8", std::to_string(bits_));
    if (block_size_ < 16 || (block_size_ & (block_size_ - 1)) != 0) {
      RefuseProgram(kName, "block_size: a power of two from 16", std::to_string(block_size_));
    }
  }

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims &data = inputs[0]->dims, &indices = inputs[1]->dims, &scales = inputs[2]->dims;
    const size_t rank = data.Rank();
    if (rank < 2) RefuseShape(kName, "data of two axes or more", data.Text());
    if (NormalAxis(kName, gather_axis_, rank) != 0) RefuseShape(kName, "gather_axis 0", std::to_string(gather_axis_));
    if (NormalAxis(kName, quantize_axis_, rank) != rank - 1) {
      RefuseShape(kName, "quantize_axis: the last", std::to_string(quantize_axis_));
    }
    const int64_t columns = ProductOfSizes(data[rank - 1], 8 / bits_);
    const size_t blocks = BlocksOf(static_cast<size_t>(columns));
    Dims parameters;
    for (size_t a = 0; a + 1 < rank; ++a) parameters.Append(data[a]);
    Dims zeros = parameters;
    parameters.Append(static_cast<int64_t>(blocks));
    zeros.Append(static_cast<int64_t>((blocks * bits_ + 7) / 8));
    if (scales != parameters) RefuseShape(kName, "scales of " + parameters.Text(), scales.Text());
    const Tensor* given = Optional(inputs, 3);
    if (given != nullptr && given->dims != zeros) {
      RefuseShape(kName, "zero points of " + zeros.Text(), given->dims.Text());
    }
    Dims dims;
    for (size_t a = 0; a < indices.Rank(); ++a) dims.Append(indices[a]);
    for (size_t a = 1; a + 1 < rank; ++a) dims.Append(data[a]);
    dims.Append(columns);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& data = inputs[0]->dims;
    const size_t lines = data.Count(1, data.Rank() - 1);  // of one place of the gathered axis
    const size_t columns = static_cast<size_t>(outputs[0].dims[outputs[0].dims.Rank() - 1]);
    ForTiles(context, outputs[0].Count() == 0 ? 0 : inputs[1]->Count(), lines * columns, [&](size_t first, size_t end) {
      for (size_t i = first; i < end; ++i) {
        const size_t place = Place(*inputs[1], i, data[0]);
        for (size_t line = 0; line < lines; ++line) {
          Dequantize(inputs, place * lines + line, columns, outputs[0].As<float>() + (i * lines + line) * columns);
        }
      }
    });
  }

 private:
  size_t BlocksOf(size_t columns) const { return columns / block_size_ + (columns % block_size_ != 0 ? 1 : 0); }

  static size_t Place(const Tensor& indices, size_t i, int64_t size) {
    const int64_t index = IntegerAt(indices, i);
    if (index < -size || index >= size) {
      RefuseValue(std::string(kName) + " indices", "indices of an axis of " + std::to_string(size),
                  std::to_string(index));
    }
    return static_cast<size_t>(index < 0 ? index + size : index);
  }

  // y[c] = (code - zero) * scale along one line of data.
  void Dequantize(const TensorList& inputs, size_t line, size_t columns, float* y) const {
    const size_t blocks = BlocksOf(columns);
    const uint8_t* codes = inputs[0]->As<uint8_t>() + line * (columns * bits_ / 8);
    const float* scales = inputs[2]->As<float>() + line * blocks;
    const Tensor* given = Optional(inputs, 3);
    const uint8_t* zeros = given == nullptr ? nullptr : given->As<uint8_t>() + line * ((blocks * bits_ + 7) / 8);
    for (size_t b = 0; b < blocks; ++b) {
      const unsigned zero = zeros == nullptr ? 1u << (bits_ - 1) : PackedCode(zeros, b, bits_);
      const size_t end = std::min(columns, (b + 1) * block_size_);
      for (size_t c = b * block_size_; c < end; ++c) {
        y[c] = (static_cast<float>(PackedCode(codes, c, bits_)) - static_cast<float>(zero)) * scales[b];
      }
    }
  }

  unsigned bits_;
  size_t block_size_;
  int64_t gather_axis_, quantize_axis_;
};

}  // namespace

std::unique_ptr<Operator> MakeGatherBlockQuantized(OperatorSpec& spec) {
  CheckArity(spec, 3, 4);
  CheckType(spec, 0, DataType::kUint8);
  CheckIntegers(spec, 1);
  CheckType(spec, 2, DataType::kFloat32);
  CheckType(spec, 3, DataType::kUint8);
  CheckOutputType(spec, 0, DataType::kFloat32);
  return std::make_unique<GatherBlocks>(spec.attributes);
}

}  // namespace gossamer
