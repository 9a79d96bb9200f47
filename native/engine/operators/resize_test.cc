// Resize: the examples of the standard, and NHWC against NCHW.
#include <cmath>
#include <limits>

#include "testing/cases.h"
#include "testing/operator_cases.h"

using namespace gossamer;

namespace {

const std::string kShape = "ERR_ENGINE_SHAPE", kValue = "ERR_ENGINE_VALUE";

Value Real(const std::vector<float>& values) { return Value(Dims{static_cast<int64_t>(values.size())}, values); }

Value FourByFour() {
  std::vector<float> x(16);
  for (size_t i = 0; i < 16; ++i) x[i] = static_cast<float>(i + 1);
  return Value(Dims{1, 1, 4, 4}, x);
}

void CheckClose(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(std::fabs(a[i] - b[i]) <= 2e-6f * std::fabs(b[i]));
}

}  // namespace

TEST_CASE("Resize: the examples of the standard") {
  const Argument none = Argument::None();
  const Value two(Dims{1, 1, 2, 2}, std::vector<float>{1, 2, 3, 4});
  CheckClose(Floats("Resize", MakeAttributes({{"mode", "linear"}}), {two, none, Real({1, 1, 2, 2})}),
             {1, 1.25f, 1.75f, 2, 1.5f, 1.75f, 2.25f, 2.5f, 2.5f, 2.75f, 3.25f, 3.5f, 3, 3.25f, 3.75f, 4});
  CHECK(Floats("Resize", {}, {two, none, Real({1, 1, 2, 3})}) ==
        std::vector<float>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4});
  std::vector<float> cubic = Floats("Resize", MakeAttributes({{"mode", "cubic"}}), {FourByFour(), none, Real({1, 1, 2, 2})});
  cubic.resize(8);
  CheckClose(cubic, {0.47265625f, 0.76953125f, 1.24609375f, 1.875f, 2.28125f, 2.91015625f, 3.38671875f, 3.68359375f});
  CheckClose(Floats("Resize", MakeAttributes({{"mode", "linear"}, {"antialias", 1}}),
                    {FourByFour(), none, none, Longs({1, 1, 3, 3})}),
             {2.3636363f, 3.590909f, 4.818182f, 7.2727275f, 8.5f, 9.727273f, 12.181818f, 13.409091f, 14.636364f});
  const auto crop = [&](const std::vector<float>& roi) {
    return Floats("Resize", MakeAttributes({{"mode", "linear"}, {"coordinate_transformation_mode", "tf_crop_and_resize"},
                                            {"extrapolation_value", 10}}),
                  {FourByFour(), Real(roi), none, Longs({1, 1, 3, 3})});
  };
  CheckClose(crop({0, 0, 0.4f, 0.6f, 1, 1, 0.6f, 0.8f}), {7.6f, 7.9f, 8.2f, 8.8f, 9.1f, 9.4f, 10, 10.3f, 10.6f});
  CheckClose(crop({0, 0, 0.4f, 0.6f, 1, 1, 1.2f, 1.7f}), {7.6f, 10, 10, 12.4f, 10, 10, 10, 10, 10});
  CHECK(crop({0, 0, NAN, 0.6f, 1, 1, 1.2f, INFINITY}) == std::vector<float>(9, 10));
  CHECK(Floats("Resize", MakeAttributes({{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"},
                                         {"axes", std::vector<double>{-1}}}),
               {two, none, none, Longs({4})}) == std::vector<float>{1, 1, 2, 2, 3, 3, 4, 4});
  // floor(size * scale) in float32, as inference and ONNX Runtime have it: the float nearest to 1.4 lies below it.
  CHECK(DimsOf("Resize", {}, {Real({1, 2, 3, 4, 5}), none, Real({1.4f})}) == Dims{7});
  CHECK(DimsOf("Resize", MakeAttributes({{"keep_aspect_ratio_policy", "not_larger"}, {"axes", std::vector<double>{2, 3}}}),
               {two, none, none, Longs({7, 8})}) == Dims{1, 1, 7, 7});
  CHECK(DimsOf("Resize", MakeAttributes({{"keep_aspect_ratio_policy", "not_smaller"}, {"axes", std::vector<double>{2, 3}}}),
               {two, none, none, Longs({7, 8})}) == Dims{1, 1, 8, 8});
}

TEST_CASE("Resize: channels last is the same as channels first, in every mode") {
  const size_t batch = 2, channels = 37, height = 9, width = 11;
  const std::vector<float> x = NormalFloats(batch * channels * height * width, 3);
  std::vector<float> last(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t pixel = i % (height * width), c = i / (height * width) % channels, n = i / (height * width) / channels;
    last[(n * height * width + pixel) * channels + c] = x[i];
  }
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const char* coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"}) {
      for (const std::vector<float>& scales : std::vector<std::vector<float>>{{2, 3}, {0.6f, 1.3f}, {0.3f, 0.2f}}) {
        for (int antialias : {0, 1}) {
          if (antialias && mode[0] == 'n') continue;
          const Attributes attributes = MakeAttributes(
              {{"mode", mode}, {"coordinate_transformation_mode", coordinates}, {"antialias", antialias}});
          const Value first = RunOperator(
              "Resize", attributes,
              {Value(Dims{2, 37, 9, 11}, x), Argument::None(), Real({1, 1, scales[0], scales[1]})}, {DataType::kFloat32})[0];
          const Value second = RunOperator(
              "Resize", attributes,
              {Value(Dims{2, 9, 11, 37}, last), Argument::None(), Real({1, scales[0], scales[1], 1})}, {DataType::kFloat32})[0];
          const size_t pixels = second.dims.Count(1, 3);
          const std::vector<float> a = first.To<float>(), b = second.To<float>();
          bool same = a.size() == b.size() && !a.empty();
          for (size_t i = 0; same && i < a.size(); ++i) {
            const size_t pixel = i % pixels, c = i / pixels % channels, n = i / pixels / channels;
            same = a[i] == b[(n * pixels + pixel) * channels + c];
          }
          CHECK(same);
        }
      }
    }
  }
}

TEST_CASE("Resize: bytes are rounded, sizes of 0, refusals") {
  const Value bytes(Dims{2}, std::vector<uint8_t>{10, 13});
  CHECK(RunOperator("Resize", MakeAttributes({{"mode", "linear"}}), {bytes, Argument::None(), Real({2})}, {DataType::kUint8})[0]
            .To<uint8_t>() == std::vector<uint8_t>{10, 11, 12, 13});  // 10.75 and 12.25
  const Value x = Numbered({2, 3});
  const Argument none = Argument::None();
  CHECK(DimsOf("Resize", {}, {x, none, Real({0.3f, 1})}) == Dims{0, 3});
  CHECK(DimsOf("Resize", {}, {Numbered({0, 3}), none, Real({2, 1})}) == Dims{0, 3});
  CHECK(Floats("Resize", {}, {x, none, Real({1, 1})}) == x.To<float>());
  CHECK(Refusal("Resize", {}, {x, none, Real({1})}) == kShape);
  CHECK(Refusal("Resize", {}, {x}) == kShape);
  CHECK(Refusal("Resize", {}, {x, none, Real({1, 1}), Longs({2, 3})}) == kShape);
  CHECK(Refusal("Resize", {}, {x, none, Real({1, -1})}) == kValue);
  CHECK(Refusal("Resize", {}, {x, none, Real({1, NAN})}) == kValue);
  CHECK(Refusal("Resize", {}, {x, none, Real({1, INFINITY})}) == kValue);
  CHECK(Refusal("Resize", {}, {x, none, none, Longs({2, -3})}) == kShape);
  CHECK(Refusal("Resize", {}, {x, none, none, Longs({std::numeric_limits<int64_t>::max(), 3})}) == kShape);
  CHECK(Refusal("Resize", {}, {Numbered({0, 3}), none, none, Longs({2, 3})}) == kShape);
  CHECK(Refusal("Resize", MakeAttributes({{"mode", "lanczos"}}), {x, none, Real({1, 1})}) == "ERR_ENGINE_PROGRAM");
}
