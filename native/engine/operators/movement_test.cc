// Reshape and its like, Shape, Transpose, Concat, Split, Slice, Gather.
#include <limits>

#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
const std::string kShape = "ERR_ENGINE_SHAPE", kValue = "ERR_ENGINE_VALUE";

}  // namespace

TEST_CASE("Reshape: copies, infers, refuses") {
  const Value x = Numbered({2, 3, 4});
  CHECK(DimsOf("Reshape", {}, {x, Longs({4, 6})}) == Dims{4, 6});
  CHECK(DimsOf("Reshape", {}, {x, Longs({0, -1})}) == Dims{2, 12});
  CHECK(DimsOf("Reshape", {}, {x, Longs({-1})}) == Dims{24});
  CHECK(DimsOf("Reshape", {}, {Numbered({1, 1}), Longs({})}) == Dims{});
  CHECK(DimsOf("Reshape", {}, {Numbered({0, 3}), Longs({-1, 3})}) == Dims{0, 3});
  CHECK(DimsOf("Reshape", MakeAttributes({{"allowzero", 1}}), {Numbered({0, 3}), Longs({3, 0})}) == Dims{3, 0});
  CHECK(Floats("Reshape", {}, {x, Longs({6, 4})}) == x.To<float>());
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {5, 5}, {-1, -1}, {-2, 12}, {7, -1}, {0, 0, 0, 0}, {kMax, kMax}, {kMax, -1}, {kMin}, {1, 1, 1, 1, 1, 1, 1, 1, 24}}) {
    CHECK(Refusal("Reshape", {}, {x, Longs(shape)}) == kShape);
  }
}

TEST_CASE("Flatten, Squeeze, Unsqueeze") {
  const Value x = Numbered({2, 1, 3, 1});
  CHECK(DimsOf("Flatten", MakeAttributes({{"axis", 2}}), {x}) == Dims{2, 3});
  CHECK(DimsOf("Flatten", MakeAttributes({{"axis", 0}}), {x}) == Dims{1, 6});
  CHECK(DimsOf("Flatten", MakeAttributes({{"axis", -1}}), {x}) == Dims{6, 1});
  CHECK(Refusal("Flatten", MakeAttributes({{"axis", 5}}), {x}) == kShape);
  CHECK(DimsOf("Squeeze", {}, {x}) == Dims{2, 3});
  CHECK(DimsOf("Squeeze", {}, {x, Longs({-1})}) == Dims{2, 1, 3});
  CHECK(Refusal("Squeeze", {}, {x, Longs({0})}) == kShape);
  CHECK(Refusal("Squeeze", {}, {x, Longs({1, 1})}) == kShape);
  CHECK(Refusal("Squeeze", {}, {x, Longs({kMin})}) == kShape);
  CHECK(DimsOf("Unsqueeze", {}, {x, Longs({0, -1})}) == Dims{1, 2, 1, 3, 1, 1});
  CHECK(Refusal("Unsqueeze", {}, {x, Longs({7})}) == kShape);
  CHECK(Refusal("Unsqueeze", {}, {x, Longs({0, 1, 2, 3, 4})}) == kShape);
}

TEST_CASE("Shape and Size") {
  const Value x = Numbered({2, 1, 3});
  const auto shape = [&](Attributes attributes) {
    return RunOperator("Shape", std::move(attributes), {x}, {DataType::kInt64})[0].To<int64_t>();
  };
  CHECK(shape({}) == std::vector<int64_t>{2, 1, 3});
  CHECK(shape(MakeAttributes({{"start", -2}})) == std::vector<int64_t>{1, 3});
  CHECK(shape(MakeAttributes({{"start", 1}, {"end", -1}})) == std::vector<int64_t>{1});
  CHECK(shape(MakeAttributes({{"start", 5}, {"end", -9}})).empty());
  const Value size = RunOperator("Size", {}, {x}, {DataType::kInt64})[0];
  CHECK(size.To<int64_t>() == std::vector<int64_t>{6});
  CHECK(size.dims == Dims{});
}

TEST_CASE("Transpose") {
  const Value x = Numbered({2, 3, 4});
  const std::vector<float> y = Floats("Transpose", MakeAttributes({{"perm", std::vector<double>{1, 2, 0}}}), {x});
  for (size_t i = 0; i < 24; ++i) CHECK(y[i] == static_cast<float>(i % 2 * 12 + i / 8 * 4 + i / 2 % 4));
  CHECK(DimsOf("Transpose", {}, {x}) == Dims{4, 3, 2});
  CHECK(Refusal("Transpose", MakeAttributes({{"perm", std::vector<double>{1, 0}}}), {x}) == kShape);
  CHECK(Refusal("Transpose", MakeAttributes({{"perm", std::vector<double>{1, 1, 0}}}), {x}) == kShape);
  CHECK(Refusal("Transpose", MakeAttributes({{"perm", std::vector<double>{1, 3, 0}}}), {x}) == kShape);
  // Large enough for tiles on several threads.
  const Value wide = Numbered({2, 3, 200, 201});
  const std::vector<float> last = Floats("Transpose", MakeAttributes({{"perm", std::vector<double>{0, 2, 3, 1}}}), {wide});
  bool same = true;
  for (size_t i = 0; i < last.size(); ++i) {
    same = same && last[i] == static_cast<float>(i / 120600 * 120600 + i % 3 * 40200 + i % 120600 / 3);
  }
  CHECK(same);
}

TEST_CASE("Concat and Split undo each other") {
  for (int axis : {0, 1, -1}) {
    const size_t at = axis < 0 ? 2 : static_cast<size_t>(axis);
    std::vector<Argument> parts;
    std::vector<int64_t> sizes;
    for (int64_t size : {2, 0, 3, 70}) {
      Dims dims;
      for (size_t a = 0; a < 3; ++a) dims.Append(a == at ? size : 20);
      parts.push_back(Numbered(dims));
      sizes.push_back(size);
    }
    const Value whole = RunOperator("Concat", MakeAttributes({{"axis", axis}}), parts, {DataType::kFloat32})[0];
    CHECK(whole.dims[at] == 75);
    const std::vector<Value> again = RunOperator("Split", MakeAttributes({{"axis", axis}}), {whole, Longs(sizes)},
                                                 std::vector<DataType>(4, DataType::kFloat32));
    for (size_t i = 0; i < 4; ++i) {
      CHECK(again[i].dims == parts[i].value.dims);
      CHECK(again[i].bytes == parts[i].value.bytes);
    }
  }
  CHECK(Floats("Concat", MakeAttributes({{"axis", 1}}), {Numbered({2, 1}), Numbered({2, 2})}) ==
        std::vector<float>{0, 0, 1, 1, 2, 3});
  CHECK(Refusal("Concat", MakeAttributes({{"axis", 1}}), {Numbered({2, 1}), Numbered({3, 1})}) == kShape);
  CHECK(Refusal("Concat", MakeAttributes({{"axis", 2}}), {Numbered({2, 1})}) == kShape);
  const std::vector<Value> parts = RunOperator("Split", MakeAttributes({{"num_outputs", 3}}), {Numbered({7})},
                                               std::vector<DataType>(3, DataType::kFloat32));
  CHECK(parts[1].dims == Dims{3});
  CHECK(parts[2].To<float>() == std::vector<float>{6});
  CHECK(Refusal("Split", {}, {Numbered({7}), Longs({8})}) == kShape);
  CHECK(Refusal("Split", {}, {Numbered({7}), Longs({-1})}) == kShape);
  CHECK(Refusal("Split", {}, {Numbered({7}), Longs({3, 4})}) == kShape);
}

TEST_CASE("Slice: every start, end and step as the definition says") {
  const Value x = Numbered({6});
  for (int64_t start : {kMin, int64_t{-7}, int64_t{-6}, int64_t{-2}, int64_t{0}, int64_t{3}, int64_t{5}, int64_t{6}, kMax}) {
    for (int64_t end : {kMin, int64_t{-7}, int64_t{-6}, int64_t{-2}, int64_t{0}, int64_t{3}, int64_t{6}, kMax}) {
      for (int64_t step : {int64_t{1}, int64_t{2}, int64_t{4}, kMax, int64_t{-1}, int64_t{-2}, int64_t{-3}, kMin}) {
        // In numbers that do not overflow: as Python's range over clamped ends.
        const auto clamp = [](double v, double low, double high) { return v < low ? low : v > high ? high : v; };
        const double low = step > 0 ? 0 : -1, high = step > 0 ? 6 : 5;
        const double first = clamp(static_cast<double>(start) + (start < 0 ? 6 : 0), low, high);
        const double last = clamp(static_cast<double>(end) + (end < 0 ? 6 : 0), low, high);
        std::vector<float> expected;
        for (double v = first; step > 0 ? v < last : v > last; v += static_cast<double>(step)) {
          expected.push_back(static_cast<float>(v));
        }
        CHECK(Floats("Slice", {}, {x, Longs({start}), Longs({end}), Longs({0}), Longs({step})}) == expected);
      }
    }
  }
  const Value m = Numbered({3, 4});
  CHECK(Floats("Slice", {}, {m, Longs({1, -1}), Longs({3, -9}), Longs({0, 1}), Longs({1, -2})}) ==
        std::vector<float>{7, 5, 11, 9});
  CHECK(Floats("Slice", {}, {m, Longs({2}), Longs({3})}) == std::vector<float>{8, 9, 10, 11});
  CHECK(Floats("Slice", {}, {Numbered({0, 4}), Longs({-1}), Longs({kMin}), Longs({0}), Longs({-1})}).empty());
  CHECK(Refusal("Slice", {}, {m, Longs({0}), Longs({1}), Longs({0}), Longs({0})}) == kValue);
  CHECK(Refusal("Slice", {}, {m, Longs({0}), Longs({1}), Longs({2})}) == kShape);
  CHECK(Refusal("Slice", {}, {m, Longs({0, 0}), Longs({1, 1}), Longs({1, -1})}) == kShape);
  CHECK(Refusal("Slice", {}, {m, Longs({0, 0}), Longs({1})}) == kShape);
  CHECK(Refusal("Slice", {}, {m, Longs({0, 0, 0}), Longs({1, 1, 1})}) == kShape);
}

TEST_CASE("Gather: rows and elements of every size, indices from the end") {
  const Value x = Numbered({3, 5, 4});
  const Value y = RunOperator("Gather", MakeAttributes({{"axis", 1}}), {x, Value(Dims{2, 2}, std::vector<int64_t>{4, -5, 2, -1})},
                              {DataType::kFloat32})[0];
  CHECK(y.dims == Dims{3, 2, 2, 4});
  const size_t picked[] = {4, 0, 2, 4};
  for (size_t i = 0; i < 48; ++i) {
    CHECK(y.To<float>()[i] == static_cast<float>(i / 16 * 20 + picked[i / 4 % 4] * 4 + i % 4));
  }
  CHECK(Floats("Gather", MakeAttributes({{"axis", 2}}), {Numbered({1, 2, 3}), Value(Dims{}, std::vector<int32_t>{-1})}) ==
        std::vector<float>{2, 5});
  const Value bytes(Dims{4}, std::vector<uint8_t>{1, 2, 3, 4});
  CHECK(RunOperator("Gather", {}, {bytes, Longs({3, 3, 0})}, {DataType::kUint8})[0].To<uint8_t>() ==
        std::vector<uint8_t>{4, 4, 1});
  CHECK(Refusal("Gather", {}, {x, Longs({3})}) == kValue);
  CHECK(Refusal("Gather", {}, {x, Longs({-4})}) == kValue);
  CHECK(Refusal("Gather", {}, {Numbered({0, 3}), Longs({0})}) == kValue);
  CHECK(Refusal("Gather", MakeAttributes({{"axis", 3}}), {x, Longs({0})}) == kShape);
  // Rows large enough to be shared out.
  std::vector<int64_t> indices(500);
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(i * 7 % 100);
  const std::vector<float> rows = Floats("Gather", {}, {Numbered({100, 333}), Longs(indices)});
  bool same = rows.size() == 500 * 333;
  for (size_t i = 0; same && i < rows.size(); ++i) same = rows[i] == static_cast<float>(i / 333 * 7 % 100 * 333 + i % 333);
  CHECK(same);
}
