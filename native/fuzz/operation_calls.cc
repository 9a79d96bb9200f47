// One builder of arguments for every operation of the addon, and the table of them: a new operation is one function here, so the file grows with
// the addon. What the builders share is operation_calls.h.
#include "fuzz/operation_calls.h"

#include "encode/tensor_spec.h"
#include "kernels/optimizer_f32/optimizer_f32.h"

namespace gossamer {
namespace {

void Layout(CallBuilder& call, const TensorLayout& layout) {
  call.Number(static_cast<double>(layout.granularity));
  for (size_t size : {layout.outer, layout.axis, layout.inner, layout.block_size})
    call.Number(static_cast<double>(size));
}

struct Codes {
  bool is_signed, nibbles;
  size_t Bytes(size_t count) const { return nibbles ? (count + 1) / 2 : count; }
};

Codes Affine(CallBuilder& call, const TensorLayout& layout, Input& input) {
  const Codes codes{input.Bool(), input.Bool()};
  const int32_t levels = codes.nibbles ? 16 : 256, lowest = codes.is_signed ? -levels / 2 : 0;
  call.Scales(layout.ParameterCount());
  call.Integers(layout.ParameterCount(), lowest, lowest + levels - 1);
  call.Boolean(codes.is_signed);
  call.Boolean(codes.nibbles);
  return codes;
}

void QuantizeTensorCall(CallBuilder& call, Input& input) {
  const TensorLayout layout = LayoutOf(input, 300);
  call.Floats(layout.Count());
  Layout(call, layout);
  const Codes codes = Affine(call, layout, input);
  const int32_t lowest = codes.is_signed ? -128 : 0, min = input.Range(lowest, lowest + 255);
  call.Number(min);
  call.Number(input.Range(min, lowest + 255));
  call.Bytes(codes.Bytes(layout.Count()), codes.is_signed);
}

void DequantizeTensorCall(CallBuilder& call, Input& input) {
  const TensorLayout layout = LayoutOf(input, 300);
  const bool nibbles = input.Bool(), is_signed = input.Bool();
  const int32_t levels = nibbles ? 16 : 256, lowest = is_signed ? -levels / 2 : 0;
  call.Bytes(Codes{is_signed, nibbles}.Bytes(layout.Count()), is_signed);
  call.Number(static_cast<double>(layout.Count()));
  Layout(call, layout);
  call.Scales(layout.ParameterCount());
  call.Integers(layout.ParameterCount(), lowest, lowest + levels - 1);
  call.Boolean(is_signed);
  call.Boolean(nibbles);
  call.Floats(layout.Count());
}

void QuantizeChannelsCall(CallBuilder& call, Input& input) {
  const size_t outer = input.Size(6), axis = input.Size(20), inner = input.Size(20);
  call.Floats(outer * axis * inner);
  for (size_t size : {outer, axis, inner}) call.Number(static_cast<double>(size));
  call.Number(input.Range(1, 127));
  call.Bytes(outer * axis * inner, true);
  call.Floats(axis);
  call.Doubles(1);
}

void MinMaxTensorCall(CallBuilder& call, Input& input) {
  const TensorLayout layout = LayoutOf(input, 300);
  call.Floats(layout.Count());
  Layout(call, layout);
  call.Floats(layout.ParameterCount());
  call.Floats(layout.ParameterCount());
  call.Doubles(2);
}

void CountHistogramCall(CallBuilder& call, Input& input) {
  const size_t bins = size_t{1} << (7 + input.Byte() % 5);
  call.Floats(input.Size(300));
  call.Number(static_cast<double>(bins));
  call.Doubles(bins);
  call.Doubles(6);
}

void ErrorStatsCall(CallBuilder& call, Input& input) {
  const size_t count = input.Size(300);
  call.Floats(count);
  call.Floats(count);
  call.Doubles(6);
}

void NarrowFloatsCall(CallBuilder& call, Input& input) {
  const size_t count = input.Size(300);
  call.Floats(count);
  call.Number(input.Bool());
  call.Halves(count);
}

void WidenFloatsCall(CallBuilder& call, Input& input) {
  const size_t count = input.Size(300);
  call.Halves(count);
  call.Number(input.Bool());
  call.Floats(count);
}

void PackBitsCall(CallBuilder& call, Input& input) {
  const size_t count = input.Size(300), bits = input.Bool() ? 2 : 4;
  call.Bytes(count, input.Bool());
  call.Number(static_cast<double>(bits));
  call.Bytes((count * bits + 7) / 8);
}

void UnpackBitsCall(CallBuilder& call, Input& input) {
  const size_t count = input.Size(300), bits = input.Bool() ? 2 : 4;
  call.Bytes((count * bits + 7) / 8);
  call.Number(static_cast<double>(count));
  call.Number(static_cast<double>(bits));
  call.Boolean(input.Bool());
  call.Bytes(count, input.Bool());
}

void TransposeCall(CallBuilder& call, Input& input) {
  const auto type = static_cast<napi_typedarray_type>(input.Byte() % (napi_float32_array + 1));
  const size_t rows = input.Size(70), cols = input.Size(70);
  call.Array(type, rows * cols);
  call.Number(static_cast<double>(rows));
  call.Number(static_cast<double>(cols));
  call.Array(type, rows * cols);
}

void Scheme(CallBuilder& call, Input& input, int32_t lowest, int32_t highest) {
  const int32_t mapping = input.Range(0, 2), min = input.Range(lowest, highest - 1),
                max = input.Range(min + 1, highest);
  const int32_t zero = input.Range(mapping == 1 ? min + 1 : min, mapping == 0 ? max - 1 : max);
  for (int32_t value : {mapping, min, max, zero, input.Range(1, 6)}) call.Number(value);
  call.Number((1 + input.Byte()) / 256.0);
}

void QuantizeMatMulNBitsCall(CallBuilder& call, Input& input) {
  const size_t n = input.Size(70), k = input.Size(50), block_size = 16 * (1 + input.Size(4)),
               bits = size_t{2} << input.Byte() % 3;
  const size_t blocks = (k + block_size - 1) / block_size;
  call.Floats(n * k);
  call.Number(static_cast<double>(n));
  call.Number(static_cast<double>(k));
  call.Boolean(input.Bool());
  call.Number(static_cast<double>(block_size));
  Scheme(call, input, 0, (1 << bits) - 1);
  call.Number(static_cast<double>(bits));
  call.Bytes(n * blocks * block_size * bits / 8);
  call.Floats(n * blocks);
  if (input.Bool()) {
    call.Bytes(n * ((blocks * bits + 7) / 8));
  } else {
    call.Missing();
  }
  call.Doubles(1);
}

void QuantizeBlockedWeightCall(CallBuilder& call, Input& input) {
  const size_t n = input.Size(70), k = input.Size(50), block_size = 1 + input.Size(60);
  const size_t blocks = (k + block_size - 1) / block_size;
  const bool is_signed = input.Bool();
  call.Floats(n * k);
  call.Number(static_cast<double>(n));
  call.Number(static_cast<double>(k));
  call.Boolean(input.Bool());
  call.Number(static_cast<double>(block_size));
  Scheme(call, input, is_signed ? -128 : 0, is_signed ? 127 : 255);
  call.Bytes(n * k, is_signed);
  call.Floats(n * blocks);
  call.Bytes(n * blocks, is_signed);
  call.Doubles(1);
}

void PredictInt8Call(CallBuilder& call, Input& input) {
  const size_t outputs = input.Size(80), channels = input.Size(100), taps = input.Size(4);
  call.Bytes(outputs * channels * taps, true);
  for (size_t size : {outputs, channels, taps}) call.Number(static_cast<double>(size));
  call.Boolean(input.Bool());
  call.Integers(input.Bool() ? channels : 0, 0, static_cast<int32_t>(channels) - 1);
  call.Doubles(1);
}

void PeakLoopCall(CallBuilder& call, Input& input) {
  call.Number(input.Range(0, 2));
  call.Number(input.Range(0, static_cast<int32_t>(Isa::kAvx512Bf16)));
  call.Number(input.Range(0, 300));
  call.Number(input.Range(1, 5));
  call.Doubles(2);
}

void ReadLoopCall(CallBuilder& call, Input& input) {
  call.Bytes(input.Size(3000), input.Bool());
  call.Number(input.Range(0, static_cast<int32_t>(Isa::kAvx512Bf16)));
  call.Number(input.Range(0, 3));
  call.Number(input.Range(1, 5));
  call.Doubles(2);
}

void OptimizerStepCall(CallBuilder& call, Input& input) {
  const size_t rule = input.Byte() % kOptimizerRules;
  call.Number(static_cast<double>(rule));
  call.Floats(kOptimizerCoefficients);
  for (size_t tensors = input.Size(3); tensors > 0; --tensors) {
    const size_t count = input.Size(100), mask = input.Byte() % 3;
    call.Floats(count);
    call.Floats(count);
    if (mask == 0) call.Missing();
    if (mask == 1) call.Bytes(count);
    if (mask == 2) call.Floats(count);
    for (size_t slot = 0; slot < kOptimizerSlots[rule]; ++slot) call.Floats(count);
  }
}

void ScaleInPlaceCall(CallBuilder& call, Input& input) {
  call.Number(input.Range(-4, 4));
  for (size_t arrays = input.Size(4); arrays > 0; --arrays) call.Floats(input.Size(100));
}

void AddIntoCall(CallBuilder& call, Input& input) {
  for (size_t pairs = input.Size(3); pairs > 0; --pairs) {
    const size_t count = input.Size(100);
    call.Floats(count);
    call.Floats(count);
  }
}

void SumOfSquaresCall(CallBuilder& call, Input& input) {
  call.Doubles(1);
  for (size_t arrays = input.Size(4); arrays > 0; --arrays) call.Floats(input.Size(100));
}

void AddGramCall(CallBuilder& call, Input& input) {
  const size_t columns = input.Size(40), count = input.Size(20);
  call.Floats(count * columns);
  if (input.Bool()) {
    call.Floats(count * columns);
  } else {
    call.Missing();
  }
  call.Number(static_cast<double>(columns));
  call.Doubles(columns * columns);
}

// An upper triangle, often with a positive diagonal.
void TriangleArgument(CallBuilder& call, Input& input, size_t n) {
  std::vector<double> values(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) values[i * n + j] = input.Float();
    if (input.Byte() < 250) values[i * n + i] = 1 + input.Byte();
  }
  call.DoubleValues(values);
}

void FactorMatrixCall(CallBuilder& call, Input& input) {
  const size_t n = input.Size(40);
  call.Number(input.Range(0, 2));
  TriangleArgument(call, input, n);
  call.Number(static_cast<double>(n));
  call.Number(input.Range(0, 1000));
  call.Doubles(n * n);
  call.Doubles(1);
}

// Eight arguments; the number of codes, 0 without a grid. Without scales where the call finds them.
size_t GridArguments(CallBuilder& call, Input& input, size_t rows, size_t columns, size_t block_size, int kind,
                     bool has_scales) {
  const size_t blocks = rows * ((columns + block_size - 1) / block_size);
  const int32_t min = input.Range(-300, 200), max = min + input.Range(0, 600);
  const size_t tables = input.Bool() ? 1 : rows, levels = 1 + input.Size(20);
  call.Number(kind);
  call.Number(static_cast<double>(block_size));
  if (kind != 0 && has_scales) {
    call.Scales(blocks);
  } else {
    call.Missing();
  }
  if (kind == 1 && has_scales) {
    call.Floats(blocks);
  } else {
    call.Missing();
  }
  call.Number(min);
  call.Number(max);
  if (kind == 2) {
    call.Floats(tables * levels);
  } else {
    call.Missing();
  }
  call.Number(static_cast<double>(tables));
  if (kind == 1) return static_cast<size_t>(max - min) + 1;
  return kind == 2 ? levels : 0;
}

void CodesArgument(CallBuilder& call, size_t codes, size_t count) {
  if (codes == 0) {
    call.Missing();
  } else if (codes <= 256) {
    call.Bytes(count);
  } else {
    call.Halves(count);
  }
}

void SolveColumnsCall(CallBuilder& call, Input& input) {
  const size_t rows = 1 + input.Size(70), columns = input.Size(40), block_size = 1 + input.Size(40);
  const int32_t mask = input.Range(0, 3);
  const bool fits = input.Bool(), has_order = !fits && mask != 3 && input.Bool();
  const int kind = fits ? 1 : input.Range(0, 2);
  call.Floats(rows * columns);
  call.Number(static_cast<double>(rows));
  call.Number(static_cast<double>(columns));
  TriangleArgument(call, input, columns);
  if (has_order) {
    std::vector<int32_t> order(columns);
    const size_t first = columns == 0 ? 0 : input.Size(columns - 1);
    for (size_t j = 0; j < columns; ++j) order[j] = static_cast<int32_t>((first + j) % columns);
    call.IntegerValues(order);
  } else {
    call.Missing();
  }
  size_t codes = GridArguments(call, input, rows, columns, block_size, kind, !fits);
  call.Boolean(fits);
  const size_t parameters = rows * ((columns + block_size - 1) / block_size);
  if (fits) {
    Scheme(call, input, 0, 255);
    codes = 256;
    if (input.Bool()) {
      call.Doubles(columns);
    } else {
      call.Missing();
    }
    call.Floats(parameters);
    call.Floats(parameters);
  } else {
    for (int i = 0; i < 9; ++i) call.Missing();
  }
  call.Number(mask);
  if (mask == 0) {
    call.Missing();
  } else {
    call.Bytes(rows * columns);
  }
  call.Number(static_cast<double>(1 + input.Size(30)));
  call.Number(input.Byte() / 255.0);
  call.Number(static_cast<double>(input.Size(5)));
  CodesArgument(call, codes, rows * columns);
  if (input.Bool()) {
    call.Floats(rows * columns);
  } else {
    call.Missing();
  }
  call.Doubles(rows);
}

void SolveRowsCall(CallBuilder& call, Input& input) {
  const size_t rows = 1 + input.Size(8), columns = input.Size(30);
  const int kind = input.Range(0, 2);
  call.Floats(rows * columns);
  call.Number(static_cast<double>(rows));
  call.Number(static_cast<double>(columns));
  TriangleArgument(call, input, columns);
  const size_t codes = GridArguments(call, input, rows, columns, 1 + input.Size(30), kind, true);
  call.Boolean(input.Bool());
  if (input.Bool()) {
    call.Integers(rows, 0, static_cast<int32_t>(columns));
  } else {
    call.Missing();
  }
  CodesArgument(call, codes, rows * columns);
  call.Floats(rows * columns);
  call.Integers(rows * columns, 0, 0);
  call.Doubles(rows * columns);
  if (input.Bool()) {
    call.Bytes(rows * columns);
  } else {
    call.Missing();
  }
  const size_t block_size = input.Size(5);
  call.Number(static_cast<double>(block_size));
  call.Number(static_cast<double>(input.Size(block_size)));
}

void FollowInputsCall(CallBuilder& call, Input& input) {
  const size_t rows = input.Size(150), columns = input.Size(40);
  call.Floats(rows * columns);
  call.Number(static_cast<double>(rows));
  call.Number(static_cast<double>(columns));
  for (int matrices = 0; matrices < 3; ++matrices) TriangleArgument(call, input, columns);
  call.Floats(rows * columns);
}

void OutputErrorCall(CallBuilder& call, Input& input) {
  const size_t rows = input.Size(20), columns = input.Size(40);
  call.Floats(rows * columns);
  call.Floats(rows * columns);
  call.Number(static_cast<double>(columns));
  TriangleArgument(call, input, columns);
  call.Doubles(1);
}

void RefineRowsCall(CallBuilder& call, Input& input) {
  const size_t rows = 1 + input.Size(80), columns = input.Size(120);
  call.Floats(rows * columns);
  call.Number(static_cast<double>(rows));
  call.Number(static_cast<double>(columns));
  TriangleArgument(call, input, columns);
  call.Bytes(rows * columns);
  call.Number(static_cast<double>(input.Size(3)));
  call.Floats(rows * columns);
  call.Doubles(rows);
}

void DecodeTensorCall(CallBuilder& call, Input& input) {
  // dims are zeros: no elements, or without dims one.
  const bool is_scalar = input.Bool();
  const ElementType types[] = {ElementType::kFloat32, ElementType::kInt8, ElementType::kInt64, ElementType::kInt4};
  const int32_t type = static_cast<int32_t>(types[input.Range(0, 3)]);
  call.Bytes(input.Size(300));
  call.Number(type);
  call.Doubles(is_scalar ? 0 : 1);
  call.Bytes(is_scalar ? (ElementBits(type) + 7) / 8 : 0);
  call.Doubles(1);
}

}  // namespace

std::vector<OperationCall> OperationCalls() {
  return {
      {"QuantizeTensor", PrepareQuantizeTensor, QuantizeTensorCall},
      {"DequantizeTensor", PrepareDequantizeTensor, DequantizeTensorCall},
      {"QuantizeChannels", PrepareQuantizeChannels, QuantizeChannelsCall},
      {"MinMaxTensor", PrepareMinMaxTensor, MinMaxTensorCall},
      {"CountHistogram", PrepareCountHistogram, CountHistogramCall},
      {"ErrorStats", PrepareErrorStats, ErrorStatsCall},
      {"NarrowFloats", PrepareNarrowFloats, NarrowFloatsCall},
      {"WidenFloats", PrepareWidenFloats, WidenFloatsCall},
      {"PackBits", PreparePackBits, PackBitsCall},
      {"UnpackBits", PrepareUnpackBits, UnpackBitsCall},
      {"Transpose", PrepareTranspose, TransposeCall},
      {"QuantizeMatMulNBits", PrepareQuantizeMatMulNBits, QuantizeMatMulNBitsCall},
      {"QuantizeBlockedWeight", PrepareQuantizeBlockedWeight, QuantizeBlockedWeightCall},
      {"PredictInt8", PreparePredictInt8, PredictInt8Call},
      {"PeakLoop", PreparePeakLoop, PeakLoopCall},
      {"ReadLoop", PrepareReadLoop, ReadLoopCall},
      {"OptimizerStep", PrepareOptimizerStep, OptimizerStepCall},
      {"ScaleInPlace", PrepareScaleInPlace, ScaleInPlaceCall},
      {"AddInto", PrepareAddInto, AddIntoCall},
      {"SumOfSquares", PrepareSumOfSquares, SumOfSquaresCall},
      {"AddGram", PrepareAddGram, AddGramCall},
      {"FactorMatrix", PrepareFactorMatrix, FactorMatrixCall},
      {"SolveColumns", PrepareSolveColumns, SolveColumnsCall},
      {"SolveRows", PrepareSolveRows, SolveRowsCall},
      {"RefineRows", PrepareRefineRows, RefineRowsCall},
      {"FollowInputs", PrepareFollowInputs, FollowInputsCall},
      {"OutputError", PrepareOutputError, OutputErrorCall},
      {"DecodeTensor", PrepareDecodeTensor, DecodeTensorCall},
  };
}

}  // namespace gossamer
