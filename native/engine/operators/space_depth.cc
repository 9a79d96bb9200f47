// DepthToSpace and SpaceToDepth: blocks of pixels become channels, and back.
#include "engine/operators/arguments.h"

namespace gossamer {
namespace {

class SpaceDepthOperator : public Operator {
 public:
  // CRD: channels are outermost in depth, not the places in a block.
  SpaceDepthOperator(std::string op, int64_t block, bool to_space, bool channels_first)
      : op_(std::move(op)), block_(block), to_space_(to_space), channels_first_(channels_first) {}

  void Shape(const TensorList& inputs, std::vector<Tensor>& outputs) const override {
    const Dims& x = inputs[0]->dims;
    if (x.Rank() != 4) RefuseShape(op_ + " x", "[N, C, H, W]", x.Text());
    const int64_t square = block_ * block_;
    if (to_space_ ? x[1] % square != 0 : x[2] % block_ != 0 || x[3] % block_ != 0) {
      RefuseShape(op_ + " x", "whole blocks of " + std::to_string(block_), x.Text());
    }
    outputs[0].dims = to_space_ ? Dims{x[0], x[1] / square, ProductOfSizes(x[2], block_), ProductOfSizes(x[3], block_)}
                                : Dims{x[0], ProductOfSizes(x[1], square), x[2] / block_, x[3] / block_};
  }

  void Run(const TensorList& inputs, const std::vector<Tensor>& outputs, RunContext& context) const override {
    if (outputs[0].Count() == 0) return;
    // Deep [N, block, block, C, H, W] (or C before the blocks), wide [N, C, H, block, W, block].
    const Dims& wide_dims = to_space_ ? outputs[0].dims : inputs[0]->dims;
    const Dims& deep_dims = to_space_ ? inputs[0]->dims : outputs[0].dims;
    const ptrdiff_t block = static_cast<ptrdiff_t>(block_), channels = static_cast<ptrdiff_t>(wide_dims[1]);
    const ptrdiff_t height = static_cast<ptrdiff_t>(deep_dims[2]), width = static_cast<ptrdiff_t>(deep_dims[3]);
    const ptrdiff_t plane = height * width, place = channels_first_ ? plane : channels * plane;
    const ptrdiff_t line = width * block, image = channels * plane * block * block;
    const ptrdiff_t sizes[] = {static_cast<ptrdiff_t>(deep_dims[0]), channels, height, block, width, block};
    const ptrdiff_t wide[] = {image, plane * block * block, line * block, line, block, 1};
    const ptrdiff_t deep[] = {image, channels_first_ ? plane * block * block : plane, width, place * block, 1, place};
    CopyAxis axes[6];
    for (size_t a = 0; a < 6; ++a) {
      axes[a] = {static_cast<size_t>(sizes[a]), to_space_ ? deep[a] : wide[a], to_space_ ? wide[a] : deep[a]};
    }
    RunCopy(StridedCopy(inputs[0]->data, outputs[0].data, ElementSize(outputs[0].type), axes, 6), context);
  }

 private:
  std::string op_;
  int64_t block_;
  bool to_space_, channels_first_;
};

std::unique_ptr<Operator> Make(OperatorSpec& spec, bool to_space, bool channels_first) {
  CheckArity(spec, 1, 1);
  CheckSameType(spec, 0, 0);
  const int64_t block = spec.attributes.Int("blocksize", 0);
  if (block < 1 || block > 65536) RefuseShape(spec.type + " blocksize", "a number from 1 to 65536", std::to_string(block));
  return std::make_unique<SpaceDepthOperator>(spec.type, block, to_space, channels_first);
}

}  // namespace

std::unique_ptr<Operator> MakeDepthToSpace(OperatorSpec& spec) {
  const std::string mode = spec.attributes.Text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") RefuseProgram("DepthToSpace mode", "DCR or CRD", mode);
  return Make(spec, true, mode == "CRD");
}

std::unique_ptr<Operator> MakeSpaceToDepth(OperatorSpec& spec) { return Make(spec, false, false); }

}  // namespace gossamer
