// MaxPoolNhwc, AveragePoolNhwc, Int8AveragePoolNhwc: pools over [B, H, W, C] or [B, W, C].
#include <algorithm>
#include <cmath>

#include "engine/operators/pool_window.h"

namespace gossamer {
namespace {

class NhwcPool : public Operator {
 public:
  explicit NhwcPool(const OperatorSpec& spec) : op_(spec.type), window_(spec) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    PoolAxis axes[2];
    Place(x, axes);
    CheckAxes(axes);
    Dims dims{x[0]};
    if (x.Rank() == 4) dims.Append(static_cast<int64_t>(axes[0].output));
    dims.Append(static_cast<int64_t>(axes[1].output));
    dims.Append(x[x.Rank() - 1]);
    outputs[0].dims = dims;
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    const Dims& dims = inputs[0]->dims;
    if (outputs[0].Count() == 0) return;
    PoolAxis axes[2];
    Place(dims, axes);
    const PoolAxis &height = axes[0], &width = axes[1];
    const size_t channels = static_cast<size_t>(dims[dims.Rank() - 1]), batch = static_cast<size_t>(dims[0]);
    const size_t element = ElementSize(inputs[0]->type), rows = batch * height.output;
    const size_t line = width.size * channels, out_line = width.output * channels;
    const size_t taps = height.MostTaps() * width.MostTaps();
    // Few rows with many channels (global pools) are split along the channels.
    const size_t part = rows >= 2 * context.Threads() ? channels : std::min<size_t>(channels, 256);
    const size_t parts = (channels + part - 1) / part;
    const size_t cost = 16 + width.output * (8 + taps * part / 16);
    ForTiles(context, rows * parts, cost, [&](size_t first, size_t end) {
      for (size_t at = first; at < end; ++at) {
        const size_t image = at / parts / height.output, oh = at / parts % height.output, c = at % parts * part;
        const PoolTaps lines = height.Taps(oh);
        const bool empty = lines.first >= lines.end;
        const size_t ih = empty ? 0 : oh * height.stride + lines.first * height.dilation - height.pad_begin;
        const PoolRow row{std::min(part, channels - c), channels, width.size, width.output, empty ? 0 : lines.end - lines.first,
                          height.dilation * line, width.kernel, width.stride, width.dilation, width.pad_begin};
        const uint8_t* x = inputs[0]->As<uint8_t>() + ((image * height.size + ih) * line + c) * element;
        uint8_t* y = outputs[0].As<uint8_t>() + ((image * height.output + oh) * out_line + c) * element;
        Pool(x, row, {window_.IncludesPad(), lines.padded, width.pad_end}, y);
      }
    });
  }

 protected:
  // One row of outputs.
  virtual void Pool(const void* x, const PoolRow& row, const AverageCounts& counts, void* y) const = 0;
  virtual void CheckAxes(const PoolAxis*) const {}

  std::string op_;

 private:
  // Height and width; a height of 1 for [B, W, C].
  void Place(const Dims& x, PoolAxis* axes) const {
    if (x.Rank() != 3 && x.Rank() != 4) RefuseShape(op_ + " x", "[B, H, W, C] or [B, W, C]", x.Text());
    axes[0] = {1, 1, 1, 1, 1, 0, 0};
    window_.Place(x, 1, x.Rank() - 2, x.Rank() == 4 ? axes : axes + 1);
  }

  PoolWindow window_;
};

class MaxFloat : public NhwcPool {
  using NhwcPool::NhwcPool;
  void Pool(const void* x, const PoolRow& row, const AverageCounts&, void* y) const override {
    MaxPoolFloat()(static_cast<const float*>(x), row, static_cast<float*>(y));
  }
};

class MaxUint8 : public NhwcPool {
  using NhwcPool::NhwcPool;
  void Pool(const void* x, const PoolRow& row, const AverageCounts&, void* y) const override {
    MaxPoolUint8()(static_cast<const uint8_t*>(x), row, static_cast<uint8_t*>(y));
  }
};

class AverageFloat : public NhwcPool {
  using NhwcPool::NhwcPool;
  void Pool(const void* x, const PoolRow& row, const AverageCounts& counts, void* y) const override {
    AveragePoolFloat()(static_cast<const float*>(x), row, counts, static_cast<float*>(y));
  }
};

class AverageUint8 : public NhwcPool {
 public:
  explicit AverageUint8(const OperatorSpec& spec) : NhwcPool(spec) {
    const Attributes& attributes = spec.attributes;
    scales_ = {Scale(attributes, "x_scale"), Scale(attributes, "y_scale"), ZeroPoint(attributes, "x_zero_point"),
               ZeroPoint(attributes, "y_zero_point")};
    const int64_t multiplier = attributes.Int("multiplier", 0), exponent = attributes.Int("exponent", 0);
    if (!IsFixedPoint(multiplier, exponent)) {
      RefuseProgram(op_ + " multiplier", "0 or 2^30 to 2^31 - 1, exponent -1000 to 1000", std::to_string(multiplier));
    }
    scales_.is_fixed = multiplier != 0;
    scales_.multiplier = static_cast<int32_t>(multiplier);
    scales_.exponent = static_cast<int32_t>(exponent);
  }

 private:
  void Pool(const void* x, const PoolRow& row, const AverageCounts& counts, void* y) const override {
    AveragePoolUint8()(static_cast<const uint8_t*>(x), row, counts, scales_, static_cast<uint8_t*>(y));
  }
  void CheckAxes(const PoolAxis* axes) const override {
    constexpr size_t kMost = (size_t{1} << 31) / 255 - 1;  // elements whose sum is exact in int32
    if (axes[0].MostTaps() > kMost || axes[0].MostTaps() * axes[1].MostTaps() > kMost) {
      RefuseShape(op_, "a window of at most " + std::to_string(kMost) + " elements",
                  std::to_string(axes[0].MostTaps()) + " times " + std::to_string(axes[1].MostTaps()));
    }
  }
  float Scale(const Attributes& attributes, const char* name) const {
    const float scale = attributes.Float(name, 1);
    if (!(scale > 0 && std::isfinite(scale))) RefuseProgram(op_ + " " + name, "a finite number > 0", std::to_string(scale));
    return scale;
  }
  int32_t ZeroPoint(const Attributes& attributes, const char* name) const {
    const int64_t zero = attributes.Int(name, 0);
    if (zero < 0 || zero > 255) RefuseProgram(op_ + " " + name, "a number from 0 to 255", std::to_string(zero));
    return static_cast<int32_t>(zero);
  }

  Int8AverageScales scales_;
};

}  // namespace

std::unique_ptr<Operator> MakeMaxPoolNhwc(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  if (spec.inputs[0].type == DataType::kUint8) return std::make_unique<MaxUint8>(spec);
  CheckType(spec, 0, DataType::kFloat32);
  return std::make_unique<MaxFloat>(spec);
}

std::unique_ptr<Operator> MakeAveragePoolNhwc(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  CheckType(spec, 0, DataType::kFloat32);
  return std::make_unique<AverageFloat>(spec);
}

std::unique_ptr<Operator> MakeInt8AveragePoolNhwc(OperatorSpec& spec) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  CheckType(spec, 0, DataType::kUint8);
  return std::make_unique<AverageUint8>(spec);
}

}  // namespace gossamer
