// Programs of a few operators of the engine, with any types, dims, attributes and contents: each is built and run, or
// refused by an error of the engine, without touching memory that is not its own.
#include <new>

#include "engine/execution.h"
#include "engine/program.h"
#include "engine/registry.h"
#include "fuzz/input.h"

using namespace gossamer;

namespace {

constexpr const char* kNumbers[] = {
    "axis",         "axes",       "perm",        "keepdims",     "strides",     "pads",     "dilations",
    "kernel_shape", "group",      "alpha",       "beta",         "epsilon",     "to",       "transA",
    "transB",       "trans_b",    "ceil_mode",   "count_include_pad", "x_zero_point", "w_zero_points", "scales",
    "y_zero_point", "low",        "high",        "K",            "N",           "bits",     "block_size",
    "a_scale",      "b_scale",    "y_scale",     "a_zero_point", "b_zero_point", "table",   "hidden_size",
    "linear_before_reset", "layout", "batch_dims", "allowzero",  "exclusive",   "reverse",  "largest",
    "sorted",       "num_outputs", "blocksize",  "upper",        "activation_alpha", "activation_beta", "zero_points",
    "output_padding", "own_ratio", "residual_ratio", "global",   "x_scale",     "accuracy_level", "start", "end"};
constexpr const char* kTexts[] = {"mode",   "result",     "activation", "operation", "direction", "reduction",
                                  "sparse", "activations", "coordinate_transformation_mode", "nearest_mode", "auto_pad",
                                  "precision", "approximate"};
constexpr const char* kWords[] = {"float", "int32",   "quantized", "none",     "clamp",  "gelu",    "add",
                                  "mul",   "sub",     "max",       "min",      "linear", "nearest", "cubic",
                                  "edge",  "reflect", "constant",  "wrap",     "DCR",    "CRD",     "reverse",
                                  "bidirectional", "forward", "half_pixel", "asymmetric", "align_corners", "floor",
                                  "round_prefer_floor", "sparse", "dense", "tanh", "sigmoid", "NOTSET"};

template <size_t kCount>
const char* Pick(const char* const (&words)[kCount], Input& input) {
  return words[input.Byte() % kCount];
}

double Number(Input& input) {
  const uint8_t kind = input.Byte();
  if (kind < 200) return static_cast<double>(kind % 12) - 3;
  if (kind < 230) return static_cast<double>(input.Float());
  constexpr double kSpecial[] = {1e15, -1e15, 2147483648.0, 4294967296.0, 9007199254740992.0, 0.5, 64, 128};
  return kSpecial[kind % 8];
}

Attributes AnyAttributes(Input& input) {
  Attributes attributes;
  for (size_t count = input.Byte() % 6; count > 0; --count) {
    std::vector<double> values(input.Byte() % 5 == 0 ? input.Size(300) : 1 + input.Byte() % 4);
    for (double& value : values) value = Number(input);
    attributes.SetNumbers(Pick(kNumbers, input), values);
  }
  for (size_t count = input.Byte() % 3; count > 0; --count) {
    attributes.SetText(Pick(kTexts, input), Pick(kWords, input));
  }
  return attributes;
}

Dims AnyDims(Input& input) {
  Dims dims;
  for (size_t rank = input.Byte() % 6; rank > 0; --rank) {
    const uint8_t kind = input.Byte();
    const int64_t size = kind < 16 ? 0 : kind < 250 ? 1 + kind % 5 : 8 + kind % 64;
    dims.Append(dims.Count() * static_cast<size_t>(size) > 2000 ? 1 : size);
  }
  return dims;
}

DataType AnyType(Input& input) {
  const uint8_t kind = input.Byte();
  return kind < 100 ? DataType::kFloat32 : kind < 150 ? DataType::kInt64 : static_cast<DataType>(kind % kDataTypes);
}

// Small whole numbers in every type, so that they can be sizes, axes and indices; now and then any bits.
std::vector<uint8_t> AnyContents(const Tensor& tensor, Input& input) {
  if (input.Byte() % 4 == 0) return input.Bytes(tensor.Bytes());
  std::vector<uint8_t> bytes(tensor.Bytes());
  const size_t size = ElementSize(tensor.type);
  for (size_t i = 0; i < tensor.Count(); ++i) {
    const int64_t value = input.Range(-2, 7);
    const float real = static_cast<float>(value);
    if (tensor.type == DataType::kFloat32) {
      std::memcpy(&bytes[i * size], &real, size);
    } else {
      std::memcpy(&bytes[i * size], &value, size);
    }
  }
  return bytes;
}

struct Feeds {
  std::vector<Tensor> tensors;
  std::vector<std::vector<uint8_t>> contents;

  void Add(Tensor tensor, Input& input) {
    contents.push_back(AnyContents(tensor, input));
    tensors.push_back(tensor);
  }
};

void BuildAndRun(Input& input) {
  static const std::vector<const char*> types = OperatorTypeNames();
  Program program;
  Feeds feeds;
  std::vector<ptrdiff_t> values;
  for (size_t count = 1 + input.Byte() % 4; count > 0; --count) {
    Tensor tensor;
    tensor.type = AnyType(input);
    tensor.dims = AnyDims(input);
    if (input.Bool()) {
      feeds.Add(tensor, input);
      values.push_back(static_cast<ptrdiff_t>(program.AddInput(tensor.type)));
    } else {
      const std::vector<uint8_t> bytes = AnyContents(tensor, input);
      values.push_back(static_cast<ptrdiff_t>(program.AddConstant(tensor.type, tensor.dims, bytes.data(), 0)));
    }
  }
  for (size_t count = 1 + input.Byte() % 3; count > 0; --count) {
    std::vector<ptrdiff_t> inputs(input.Byte() % 6);
    for (ptrdiff_t& value : inputs) {
      value = input.Byte() % 8 == 0 ? Program::kNone : values[input.Byte() % values.size()];
    }
    std::vector<DataType> outputs(1 + (input.Byte() % 4 == 0 ? input.Byte() % 3 : 0));
    for (DataType& type : outputs) type = AnyType(input);
    const char* type = types[input.Size(65535) % types.size()];
    const size_t first = program.AddOperator(type, inputs, outputs, AnyAttributes(input));
    for (size_t i = 0; i < outputs.size(); ++i) values.push_back(static_cast<ptrdiff_t>(first + i));
  }
  program.Finish({static_cast<size_t>(values.back())});
  for (size_t i = 0; i < feeds.tensors.size(); ++i) feeds.tensors[i].data = feeds.contents[i].data();
  Execution execution(program);
  std::vector<Tensor> outputs;
  for (int run = 0; run < 3; ++run) {
    execution.Run(feeds.tensors, {nullptr, 1}, &outputs);
    // Every byte of the output is there to read.
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < outputs[0].Bytes(); ++i) sum = static_cast<uint8_t>(sum + outputs[0].As<uint8_t>()[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  SetBufferLimit(1 << 18);
  Input input(data, size);
  try {
    BuildAndRun(input);
  } catch (const EngineError& error) {
    Require(error.code.rfind("ERR_ENGINE_", 0) == 0, "EngineError", error.code.c_str());
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
