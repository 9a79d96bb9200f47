#include "engine/execution.h"

#include <doctest/doctest.h>

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

TEST_CASE("Program: constants without elements have no axes that cost anything") {
  Program program;
  CHECK_THROWS_AS(program.AddConstant(DataType::kInt8, {0, int64_t{1} << 40}, nullptr, 0), EngineError);
  CHECK(program.AddConstant(DataType::kInt8, {0, 4}, nullptr, 0) == 0);
}
