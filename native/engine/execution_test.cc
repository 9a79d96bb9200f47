#include "engine/execution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "testing/run_operator.h"

using namespace gossamer;

// Under AddressSanitizer: the row of zeros behind the image is larger than what lies behind every tensor.
TEST_CASE("Execution: an operator writes behind a copy of a constant, also where it has another name") {
  constexpr int64_t kChannels = 512;
  const std::vector<float> x(9 * kChannels, 1.0f), w(9 * kChannels, 1.0f);
  Program program;
  const auto image = static_cast<ptrdiff_t>(program.AddConstant(DataType::kFloat32, {1, 3, 3, kChannels}, x.data(), 0));
  const auto kernel =
      static_cast<ptrdiff_t>(program.AddConstant(DataType::kFloat32, {1, kChannels, 3, 3}, w.data(), 1));
  const auto named =
      static_cast<ptrdiff_t>(program.AddOperator("Identity", {image}, {DataType::kFloat32}, Attributes()));
  const size_t y = program.AddOperator("ConvNhwc", {named, kernel}, {DataType::kFloat32},
                                       MakeAttributes({{"pads", std::vector<double>{1, 1, 1, 1}}}));
  program.Finish({y});
  Execution execution(program);
  std::vector<Tensor> outputs;
  REQUIRE(execution.Run({}, RunOptions{}, &outputs));
  CHECK(outputs[0].As<float>()[0] == 4 * kChannels);
  CHECK(outputs[0].As<float>()[4] == 9 * kChannels);
}

TEST_CASE("Execution: what operators only read by element is not copied where it is aligned; what else reads it, is") {
  constexpr int64_t kCount = 100000;
  const std::vector<DataType> types{DataType::kUint8, DataType::kFloat32, DataType::kUint8};
  for (const bool is_output : {false, true}) {
    Program program;
    const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const auto named = static_cast<ptrdiff_t>(program.AddOperator("Identity", {x}, {DataType::kFloat32}, Attributes()));
    const size_t codes = program.AddOperator("DynamicQuantizeLinear", {named}, types, Attributes());
    program.Finish({codes, codes + 1, is_output ? static_cast<size_t>(named) : codes + 2});
    const auto input = static_cast<size_t>(x);
    CHECK(program.Values()[input].is_borrowed == !is_output);
    for (const size_t offset : {0, 1}) {
      const std::vector<float> elements(kCount, 51.0f);
      std::vector<uint8_t> bytes(offset + kCount * sizeof(float));
      uint8_t* const at = bytes.data() + offset;
      std::memcpy(at, elements.data(), kCount * sizeof(float));
      Execution execution(program);
      std::vector<Tensor> outputs;
      REQUIRE(execution.Run({Tensor{DataType::kFloat32, {kCount}, at}}, RunOptions{}, &outputs));
      CHECK(outputs[0].As<uint8_t>()[kCount - 1] == 255);
      CHECK(outputs[1].As<float>()[0] == 51.0f / 255);
      const bool is_copied = is_output || offset != 0;
      CHECK((execution.BufferBytes() > kCount * sizeof(float)) == is_copied);
      if (is_output) CHECK(outputs[2].data != at);
    }
  }
}

TEST_CASE("Program: a constant that is packed and read, too, stays") {
  Program program;
  const uint8_t one = 1;
  const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kUint8));
  const auto w = static_cast<ptrdiff_t>(program.AddConstant(DataType::kUint8, {1, 1}, &one, 1));
  const std::vector<ptrdiff_t> inputs{x, w, Program::kNone, Program::kNone, Program::kNone, w};
  const size_t y = program.AddOperator("Int8Linear", inputs, {DataType::kInt32}, MakeAttributes({{"result", "int32"}}));
  program.Finish({y});
  Execution execution(program);
  uint8_t image = 9;
  Tensor feed{DataType::kUint8, {1, 1}, &image};
  std::vector<Tensor> outputs;
  REQUIRE(execution.Run({feed}, RunOptions{}, &outputs));
  CHECK(*outputs[0].As<int32_t>() == 8);
}

TEST_CASE("Program: dense products do not copy what they are fed where rows are whole groups of four") {
  for (const int64_t depth : {4, 5, 8}) {
    Program program;
    const std::vector<int8_t> ones(static_cast<size_t>(depth), 1);
    const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kUint8));
    const auto w = static_cast<ptrdiff_t>(program.AddConstant(DataType::kInt8, {depth, 1}, ones.data(), 1));
    const size_t y =
        program.AddOperator("Int8Linear", {x, w}, {DataType::kInt32}, MakeAttributes({{"result", "int32"}}));
    program.Finish({y});
    CHECK(program.Values()[static_cast<size_t>(x)].is_borrowed == (depth % 4 == 0));
    Execution execution(program);
    std::vector<uint8_t> elements(static_cast<size_t>(3 * depth), 2);
    std::vector<Tensor> outputs;
    REQUIRE(execution.Run({Tensor{DataType::kUint8, {3, depth}, elements.data()}}, RunOptions{}, &outputs));
    CHECK(outputs[0].As<int32_t>()[2] == 2 * depth);
  }
}

TEST_CASE("Program: constants without elements have no axes that cost anything") {
  Program program;
  CHECK_THROWS_AS(program.AddConstant(DataType::kInt8, {0, int64_t{1} << 40}, nullptr, 0), EngineError);
  CHECK(program.AddConstant(DataType::kInt8, {0, 4}, nullptr, 0) == 0);
}

namespace {

constexpr size_t kForeignCount = 50000;

// Memory as a caller's that may be read and written in place: aligned, kReadSlack bytes behind it, then a page that may
// not be touched.
struct ForeignFloats {
  EngineMemory memory{kForeignCount * sizeof(float)};

  explicit ForeignFloats(float value) { std::fill_n(As(), kForeignCount, value); }
  float* As() { return reinterpret_cast<float*>(memory.data()); }
  Tensor Feed() { return Tensor{DataType::kFloat32, {kForeignCount}, As()}; }
  Foreign Destination() { return {As(), kForeignCount * sizeof(float)}; }
};

}  // namespace

TEST_CASE("Execution: what lies in foreign memory is read there and stays as it is, also before operators in place") {
  Program program;
  const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
  const auto w = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
  const auto negative = static_cast<ptrdiff_t>(program.AddOperator("Neg", {x}, {DataType::kFloat32}, Attributes()));
  const size_t y = program.AddOperator("Add", {negative, w}, {DataType::kFloat32}, Attributes());
  program.Finish({y});
  CHECK(program.Values()[static_cast<size_t>(x)].may_be_foreign);
  Execution execution(program);
  std::vector<Tensor> outputs;
  // The layout of memory comes with the second run of a kind: each kind has its own.
  for (const bool is_foreign : {true, true, true, false, false, false, true}) {
    ForeignFloats image(3), weight(5);
    const std::vector<bool> foreign{is_foreign, is_foreign};
    RunOptions options;
    options.foreign_inputs = &foreign;
    REQUIRE(execution.Run({image.Feed(), weight.Feed()}, options, &outputs));
    CHECK(outputs[0].As<float>()[kForeignCount - 1] == 2);
    CHECK(image.As()[kForeignCount - 1] == 3);
    CHECK(weight.As()[0] == 5);
    CHECK((image.memory.SlackUntouched(0) && weight.memory.SlackUntouched(0)));
  }
  Execution fresh(program);
  ForeignFloats image(3), weight(5);
  const std::vector<bool> foreign{true, true};
  RunOptions options;
  options.foreign_inputs = &foreign;
  for (int i = 0; i < 3; ++i) REQUIRE(fresh.Run({image.Feed(), weight.Feed()}, options, &outputs));
  CHECK(fresh.BufferBytes() < 2 * kForeignCount * sizeof(float));  // the result, and no copy of an input
}

TEST_CASE("Program: what operators write behind, trust, or hand to bodies does not stay in foreign memory") {
  const auto may_be_foreign = [](const char* type, DataType input, DataType output) {
    Program program;
    const auto x = static_cast<ptrdiff_t>(program.AddInput(input));
    program.Finish({program.AddOperator(type, {x}, {output}, Attributes())});
    return program.Values()[static_cast<size_t>(x)].may_be_foreign;
  };
  CHECK(may_be_foreign("Neg", DataType::kFloat32, DataType::kFloat32));
  CHECK(!may_be_foreign("Neg", DataType::kInt64, DataType::kInt64));
  CHECK(!may_be_foreign("NonZero", DataType::kFloat32, DataType::kInt64));
  for (const int64_t channels : {8, 512}) {
    Program program;
    const std::vector<float> w(static_cast<size_t>(9 * channels), 1.0f);
    const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const auto kernel =
        static_cast<ptrdiff_t>(program.AddConstant(DataType::kFloat32, {1, channels, 3, 3}, w.data(), 1));
    program.Finish({program.AddOperator("ConvNhwc", {x, kernel}, {DataType::kFloat32},
                                        MakeAttributes({{"pads", std::vector<double>{1, 1, 1, 1}}}))});
    const bool writes_behind = program.Steps()[0].op->WritesSlack(0) != 0;
    CHECK(program.Values()[static_cast<size_t>(x)].may_be_foreign == !writes_behind);
    CHECK((writes_behind || channels == 8));
  }
}

TEST_CASE("Execution: outputs lie where they are to, if they take as many bytes; nothing is written behind them") {
  Program program;
  const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
  const auto a = static_cast<ptrdiff_t>(program.AddOperator("Neg", {x}, {DataType::kFloat32}, Attributes()));
  const auto b = static_cast<ptrdiff_t>(program.AddOperator("Abs", {a}, {DataType::kFloat32}, Attributes()));
  const auto c = static_cast<ptrdiff_t>(program.AddOperator("Identity", {b}, {DataType::kFloat32}, Attributes()));
  const auto d = static_cast<ptrdiff_t>(program.AddOperator("Identity", {x}, {DataType::kFloat32}, Attributes()));
  program.Finish({static_cast<size_t>(a), static_cast<size_t>(b), static_cast<size_t>(c), static_cast<size_t>(d)});
  Execution execution(program);
  ForeignFloats image(3), to_a(0), to_b(0), to_c(0), to_d(0);
  const std::vector<bool> foreign{true};
  std::vector<Foreign> destinations{to_a.Destination(), to_b.Destination(), to_c.Destination(), to_d.Destination()};
  std::vector<Tensor> outputs;
  for (int run = 0; run < 4; ++run) {
    RunOptions options;
    options.foreign_inputs = &foreign;
    options.destinations = run == 2 ? nullptr : &destinations;
    REQUIRE(execution.Run({image.Feed()}, options, &outputs));
    CHECK((outputs[0].data == to_a.As()) == (run != 2));
    CHECK((outputs[1].data == to_b.As()) == (run != 2));
    CHECK(outputs[2].data == outputs[1].data);  // one value, which lies where the first is to
    CHECK(outputs[3].data == image.As());       // an input under another name
    CHECK(outputs[0].As<float>()[kForeignCount - 1] == -3);
    CHECK(outputs[1].As<float>()[0] == 3);
    CHECK((to_a.memory.SlackUntouched(0) && to_b.memory.SlackUntouched(0)));
  }
  for (Foreign& destination : destinations) destination.bytes -= sizeof(float);
  RunOptions options;
  options.destinations = &destinations;
  REQUIRE(execution.Run({image.Feed()}, options, &outputs));
  CHECK(outputs[0].data != to_a.As());
  const std::atomic<int32_t> stop{1};
  options.abort = &stop;
  CHECK(!execution.Run({image.Feed()}, options, &outputs));
}
