#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

std::vector<Value> Quantize(Dims dims, const std::vector<float>& x) {
  return RunOperator("DynamicQuantizeLinear", {}, {Value(dims, x)},
                     {DataType::kUint8, DataType::kFloat32, DataType::kUint8});
}

}  // namespace

TEST_CASE("DynamicQuantizeLinear: the examples of the standard") {
  std::vector<Value> y = Quantize({6}, {0, 2, -3, -2.5f, 1.34f, 0.5f});
  CHECK(y[0].To<uint8_t>() == std::vector<uint8_t>{153, 255, 0, 26, 221, 179});
  CHECK(y[1].To<float>() == std::vector<float>{0.0196078438f});
  CHECK(y[2].To<uint8_t>() == std::vector<uint8_t>{153});
  y = Quantize({6}, {-1, -2.1f, -1.3f, -2.5f, -3.34f, -4});
  CHECK(y[0].To<uint8_t>() == std::vector<uint8_t>{191, 121, 172, 96, 42, 0});
  CHECK(y[1].To<float>() == std::vector<float>{0.0156862754f});
  CHECK(y[2].To<uint8_t>() == std::vector<uint8_t>{255});
  y = Quantize({3, 4}, {1, 2.1f, 1.3f, 2.5f, 3.34f, 4, 1.5f, 2.6f, 3.9f, 4, 3, 2.345f});
  CHECK(y[0].To<uint8_t>() == std::vector<uint8_t>{64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149});
  CHECK(y[2].To<uint8_t>() == std::vector<uint8_t>{0});
}

TEST_CASE("DynamicQuantizeLinear: several tiles have one range; nothing, and zeros") {
  std::vector<float> x = NormalFloats(600000, 1);
  x[599999] = 51;
  x[0] = -204;
  const std::vector<Value> y = Quantize({600, 1000}, x);
  CHECK(y[1].To<float>() == std::vector<float>{1});
  CHECK(y[2].To<uint8_t>() == std::vector<uint8_t>{204});
  CHECK(y[0].To<uint8_t>()[599999] == 255);
  CHECK(y[0].To<uint8_t>()[0] == 0);
  CHECK(Quantize({0, 3}, {})[1].To<float>() == std::vector<float>{1});
  CHECK(Quantize({}, {0})[0].To<uint8_t>() == std::vector<uint8_t>{0});
}
