// NonZero, Compress, OneHot, Trilu, TopK, ReverseSequence.
#include <cmath>
#include <limits>

#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

const std::string kShape = "ERR_ENGINE_SHAPE", kValue = "ERR_ENGINE_VALUE";

}  // namespace

TEST_CASE("NonZero and Compress") {
  const Value x(Dims{2, 2}, std::vector<float>{1, -0.0f, NAN, 3});
  const Value y = RunOperator("NonZero", {}, {x}, {DataType::kInt64})[0];
  CHECK(y.dims == Dims{2, 3});
  CHECK(y.To<int64_t>() == std::vector<int64_t>{0, 1, 1, 0, 0, 1});
  CHECK(RunOperator("NonZero", {}, {Value(Dims{}, std::vector<int32_t>{5})}, {DataType::kInt64})[0].dims == Dims{1, 1});
  const Value mask(DataType::kBool, Dims{2}, std::vector<uint8_t>{0, 1});
  CHECK(Floats("Compress", MakeAttributes({{"axis", 1}}), {Numbered({2, 3}), mask}) == std::vector<float>{1, 4});
  CHECK(Floats("Compress", {}, {Numbered({2, 3}), mask}) == std::vector<float>{1});
  CHECK(Refusal("Compress", MakeAttributes({{"axis", 0}}), {Numbered({1, 3}), mask}) == kShape);
}

TEST_CASE("OneHot: any axis, indices from the end and outside") {
  const Value values(Dims{2}, std::vector<float>{-1, 5});
  const Value depth(Dims{}, std::vector<float>{3});
  const auto one_hot = [&](int axis, const Value& indices) {
    return RunOperator("OneHot", MakeAttributes({{"axis", axis}}), {indices, depth, values}, {DataType::kFloat32})[0];
  };
  CHECK(one_hot(-1, Longs({1, -1, 3})).To<float>() == std::vector<float>{-1, 5, -1, -1, -1, 5, -1, -1, -1});
  CHECK(one_hot(0, Longs({1, -3})).To<float>() == std::vector<float>{-1, 5, 5, -1, -1, -1});
  CHECK(one_hot(0, Value(Dims{2}, std::vector<float>{NAN, 1e30f})).To<float>() == std::vector<float>(6, -1));
  const auto refusal = [&](const Value& deep) -> std::string {
    try {
      RunOperator("OneHot", {}, {Longs({0}), deep, values}, {DataType::kFloat32});
    } catch (const EngineError& error) {
      return error.code;
    }
    return "";
  };
  CHECK(refusal(Longs({-1})) == kValue);
  CHECK(refusal(Longs({std::numeric_limits<int64_t>::max()})) == kShape);
}

TEST_CASE("Trilu") {
  const Value x(Dims{3, 3}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(Floats("Trilu", {}, {x}) == std::vector<float>{1, 2, 3, 0, 5, 6, 0, 0, 9});
  CHECK(Floats("Trilu", MakeAttributes({{"upper", 0}}), {x, Longs({1})}) == std::vector<float>{1, 2, 0, 4, 5, 6, 7, 8, 9});
  CHECK(Floats("Trilu", {}, {x, Longs({std::numeric_limits<int64_t>::max()})}) == std::vector<float>(9, 0));
  CHECK(Floats("Trilu", MakeAttributes({{"upper", 0}}), {x, Longs({std::numeric_limits<int64_t>::min()})}) ==
        std::vector<float>(9, 0));
  CHECK(Refusal("Trilu", {}, {Numbered({3})}) == kShape);
}

TEST_CASE("TopK: order, ties, NaN, axes") {
  const auto top = [](const Value& x, int axis, int largest, int64_t k) {
    return RunOperator("TopK", MakeAttributes({{"axis", axis}, {"largest", largest}}), {x, Longs({k})},
                       {x.type, DataType::kInt64});
  };
  const Value x(Dims{1, 6}, std::vector<float>{2, 5, 5, -1, 2, 0});
  CHECK(top(x, -1, 1, 4)[0].To<float>() == std::vector<float>{5, 5, 2, 2});
  CHECK(top(x, -1, 1, 4)[1].To<int64_t>() == std::vector<int64_t>{1, 2, 0, 4});
  CHECK(top(x, -1, 0, 3)[1].To<int64_t>() == std::vector<int64_t>{3, 5, 0});
  const Value nan(Dims{3}, std::vector<float>{1, NAN, INFINITY});
  CHECK(top(nan, 0, 1, 2)[1].To<int64_t>() == std::vector<int64_t>{1, 2});
  CHECK(top(nan, 0, 0, 3)[1].To<int64_t>() == std::vector<int64_t>{0, 2, 1});
  const Value columns(Dims{3, 2}, std::vector<int64_t>{1, 6, 5, 2, 3, 4});
  CHECK(top(columns, 0, 1, 2)[0].To<int64_t>() == std::vector<int64_t>{5, 6, 3, 4});
  CHECK(top(x, -1, 1, 0)[0].dims == Dims{1, 0});
  CHECK_THROWS_AS(top(x, -1, 1, 7), EngineError);
  CHECK_THROWS_AS(top(x, 2, 1, 1), EngineError);
}

TEST_CASE("ReverseSequence") {
  const Value x = Numbered({4, 2});
  CHECK(Floats("ReverseSequence", {}, {x, Longs({3, 1})}) == std::vector<float>{4, 1, 2, 3, 0, 5, 6, 7});
  CHECK(Floats("ReverseSequence", MakeAttributes({{"batch_axis", 0}, {"time_axis", 1}}), {x, Longs({2, 2, 0, 1})}) ==
        std::vector<float>{1, 0, 3, 2, 4, 5, 6, 7});
  CHECK(Refusal("ReverseSequence", {}, {x, Longs({5, 1})}) == kValue);
  CHECK(Refusal("ReverseSequence", {}, {x, Longs({1})}) == kShape);
}
