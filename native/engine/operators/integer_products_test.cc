#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/random_bytes.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

Value ByteValue(bool is_signed, Dims dims, const std::vector<uint8_t>& bytes) {
  return Value(is_signed ? DataType::kInt8 : DataType::kUint8, dims, bytes);
}

int64_t Number(bool is_signed, uint8_t byte) { return is_signed ? static_cast<int8_t>(byte) : byte; }

std::string Refused(const char* type, Attributes attributes, const std::vector<Argument>& arguments) {
  try {
    RunOperator(type, std::move(attributes), arguments, {DataType::kInt32});
  } catch (const EngineError& error) {
    return error.code;
  }
  return "";
}

}  // namespace

TEST_CASE("MatMulInteger: the example of the standard") {
  const std::vector<Value> y = RunOperator("MatMulInteger", {},
                                           {Value({4, 3}, std::vector<uint8_t>{11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0}),
                                            Value({3, 2}, std::vector<uint8_t>{1, 4, 2, 5, 3, 6}),
                                            Value({1}, std::vector<uint8_t>{12}), Value({1}, std::vector<uint8_t>{0})},
                                           {DataType::kInt32});
  CHECK(y[0].dims == Dims{4, 2});
  CHECK(y[0].To<int32_t>() == std::vector<int32_t>{-38, -83, -44, -98, -50, -113, -56, -128});
}

TEST_CASE("MatMulInteger: both types on both sides, zero points of every kind, batches, B constant and not") {
  const Dims a_dims{2, 3, 5, 21}, b_dims[] = {{21, 34}, {3, 21, 34}, {2, 1, 21, 34}};
  for (bool a_signed : {false, true}) {
    for (bool b_signed : {false, true}) {
      for (unsigned zeros = 0; zeros < 4; ++zeros) {
        const size_t a_zeros = (zeros & 1) != 0 ? 5 : 1, b_zeros = (zeros & 2) != 0 ? 34 : 1;
        const std::vector<uint8_t> a = RandomBytes(a_dims.Count(), 1), za = RandomBytes(a_zeros, 2),
                                   zb = RandomBytes(b_zeros, 3);
        for (int which = 0; which < 4; ++which) {
          const Dims dims = b_dims[which % 3];
          const std::vector<uint8_t> b = RandomBytes(dims.Count(), 4);
          const Value matrix = ByteValue(b_signed, dims, b);
          const Argument packed = which == 3 ? Argument::Constant(matrix) : Argument(matrix);
          const Value y = RunOperator(
              "MatMulInteger", {},
              {ByteValue(a_signed, a_dims, a), packed, ByteValue(a_signed, {static_cast<int64_t>(a_zeros)}, za),
               ByteValue(b_signed, {static_cast<int64_t>(b_zeros)}, zb)},
              {DataType::kInt32})[0];
          REQUIRE(y.dims == Dims{2, 3, 5, 34});
          const std::vector<int32_t> got = y.To<int32_t>();
          for (size_t i = 0; i < got.size(); ++i) {
            const size_t n = i % 34, m = i / 34 % 5, inner = i / 170 % 3, outer = i / 510;
            const size_t matrix_b = which % 3 == 1 ? inner : which % 3 == 2 ? outer : 0;
            int64_t sum = 0;
            for (size_t k = 0; k < 21; ++k) {
              sum += (Number(a_signed, a[i / 34 * 21 + k]) - Number(a_signed, za[m % a_zeros])) *
                     (Number(b_signed, b[matrix_b * 714 + k * 34 + n]) - Number(b_signed, zb[n % b_zeros]));
            }
            REQUIRE(got[i] == sum);
          }
        }
      }
    }
  }
}

TEST_CASE("MatMulInteger: vectors, no zero points, nothing at all, what does not fit") {
  const Value row({3}, std::vector<uint8_t>{1, 2, 3}), column({3}, std::vector<int8_t>{-1, 0, 5});
  const Value y = RunOperator("MatMulInteger", {}, {row, column}, {DataType::kInt32})[0];
  CHECK(y.dims == Dims{});
  CHECK(y.To<int32_t>() == std::vector<int32_t>{14});
  CHECK(RunOperator("MatMulInteger", {}, {Value({2, 0}, std::vector<uint8_t>()), Value({0, 2}, std::vector<uint8_t>())},
                    {DataType::kInt32})[0]
            .To<int32_t>() == std::vector<int32_t>(4));
  CHECK(Refused("MatMulInteger", {}, {row, Value({2, 3}, std::vector<uint8_t>(6))}) == "ERR_ENGINE_SHAPE");
  CHECK(Refused("MatMulInteger", {}, {row, column, Value({2}, std::vector<uint8_t>(2))}) == "ERR_ENGINE_SHAPE");
  CHECK(Refused("MatMulInteger", {},
                {Value({2, 1, 3}, std::vector<uint8_t>(6)), Value({3, 3, 2}, std::vector<uint8_t>(18))}) ==
        "ERR_ENGINE_SHAPE");
  CHECK(Refused("MatMulInteger", {}, {Value({1}, std::vector<float>(1)), column}) == "ERR_ENGINE_TYPE");
}

TEST_CASE("ConvInteger: the examples of the standard") {
  const Value x({1, 1, 3, 3}, std::vector<uint8_t>{2, 3, 4, 5, 6, 7, 8, 9, 10}), zero({}, std::vector<uint8_t>{1});
  const Value w({1, 1, 2, 2}, std::vector<uint8_t>{1, 1, 1, 1});
  for (bool constant : {false, true}) {
    const Argument weights = constant ? Argument::Constant(w) : Argument(w);
    Value y = RunOperator("ConvInteger", {}, {x, weights, zero}, {DataType::kInt32})[0];
    CHECK(y.dims == Dims{1, 1, 2, 2});
    CHECK(y.To<int32_t>() == std::vector<int32_t>{12, 16, 24, 28});
    y = RunOperator("ConvInteger", MakeAttributes({{"pads", std::vector<double>{1, 1, 1, 1}}}), {x, weights, zero},
                    {DataType::kInt32})[0];
    CHECK(y.To<int32_t>() == std::vector<int32_t>{1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9});
  }
}

TEST_CASE("ConvInteger: types, zero points, groups and auto_pad equal a sum by coordinates") {
  for (bool x_signed : {false, true}) {
    for (bool w_signed : {false, true}) {
      for (int group : {1, 2, 6}) {
        for (const char* pad : {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"}) {
          const int64_t in = 6 / group, out_h = pad[0] == 'S' ? 4 : 3,
                        out_w = pad[0] == 'S'   ? 3
                                : pad[0] == 'V' ? 2
                                                : 3;
          const int64_t top = pad == std::string("SAME_LOWER") ? 1 : 0;
          // Heights: 7 in steps of 2, kernel 2. Widths: 5 in steps of 2, kernel 3; NOTSET pads 1 on either side.
          const int64_t left = pad[0] == 'V' ? 0 : 1;
          CAPTURE(x_signed);
          CAPTURE(w_signed);
          CAPTURE(group);
          CAPTURE(std::string(pad));
          const std::vector<uint8_t> x = RandomBytes(2 * 6 * 35, 1), zw = RandomBytes(12, 3),
                                     w = RandomBytes(static_cast<size_t>(12 * in * 6), 2);
          Attributes attributes = MakeAttributes({{"auto_pad", pad},
                                                  {"group", group},
                                                  {"strides", std::vector<double>{2, 2}},
                                                  {"kernel_shape", std::vector<double>{2, 3}}});
          if (pad[0] == 'N') attributes.SetNumbers("pads", {0, 1, 0, 1});
          for (bool constant : {false, true}) {
            CAPTURE(constant);
            const Value weights = ByteValue(w_signed, {12, in, 2, 3}, w), zeros = ByteValue(w_signed, {12}, zw);
            const Value y = RunOperator(
                "ConvInteger", attributes,
                {ByteValue(x_signed, {2, 6, 7, 5}, x), constant ? Argument::Constant(weights) : Argument(weights),
                 ByteValue(x_signed, {}, {200}), constant ? Argument::Constant(zeros) : Argument(zeros)},
                {DataType::kInt32})[0];
            REQUIRE(y.dims == Dims{2, 12, out_h, out_w});
            const std::vector<int32_t> got = y.To<int32_t>();
            for (size_t i = 0; i < got.size(); ++i) {
              CAPTURE(i);
              const int64_t at = static_cast<int64_t>(i), ow = at % out_w, oh = at / out_w % out_h;
              const int64_t m = at / (out_w * out_h) % 12, b = at / (out_w * out_h * 12);
              int64_t sum = 0;
              for (int64_t c = 0; c < in; ++c) {
                for (int64_t k = 0; k < 6; ++k) {
                  const int64_t h = oh * 2 + k / 3 - top, v = ow * 2 + k % 3 - left;
                  if (h < 0 || h >= 7 || v < 0 || v >= 5) continue;
                  const int64_t channel = m / (12 / group) * in + c;
                  const int64_t xv = Number(x_signed, x[static_cast<size_t>(((b * 6 + channel) * 7 + h) * 5 + v)]);
                  const int64_t wv = Number(w_signed, w[static_cast<size_t>((m * in + c) * 6 + k)]);
                  sum += (xv - Number(x_signed, 200)) * (wv - Number(w_signed, zw[static_cast<size_t>(m)]));
                }
              }
              REQUIRE(got[i] == sum);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("ConvInteger: what does not fit is refused") {
  const Value x({1, 2, 5, 5}, std::vector<uint8_t>(50));
  const auto with = [&](Dims w, Attributes attributes = {}) {
    return Refused("ConvInteger", std::move(attributes), {x, Value(w, std::vector<uint8_t>(w.Count()))});
  };
  CHECK(with({3, 2, 2, 2}) == "");
  CHECK(with({3, 1, 2, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(with({3, 2, 6, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(with({3, 2, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(with({3, 2}) == "ERR_ENGINE_SHAPE");
  CHECK(with({3, 2, 2, 2}, MakeAttributes({{"kernel_shape", std::vector<double>{3, 2}}})) == "ERR_ENGINE_SHAPE");
  CHECK(with({3, 2, 2, 2}, MakeAttributes({{"auto_pad", "SAME"}})) == "ERR_ENGINE_PROGRAM");
}
