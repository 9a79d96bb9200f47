#include <doctest/doctest.h>

#include <cmath>

#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

const std::vector<DataType> kFloat = {DataType::kFloat32};

Value Floats(Dims dims, unsigned seed) { return Value(dims, NormalFloats(dims.Count(), seed)); }

// [m, k] times [k, n] in float64 from elements by coordinate; `close` compares with the error of k roundings.
template <class A, class B>
void CheckProduct(const std::vector<float>& y, size_t first, size_t m, size_t n, size_t k, double alpha, const A& a,
                  const B& b) {
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) {
      double sum = 0, magnitude = 0;
      for (size_t t = 0; t < k; ++t) {
        const double product = alpha * a(i, t) * b(t, j);
        sum += product;
        magnitude += std::fabs(product);
      }
      REQUIRE(std::fabs(y[first + i * n + j] - sum) <= static_cast<double>(k + 1) * 6e-8 * magnitude);
    }
  }
}

}  // namespace

TEST_CASE("MatMul: batches, transposes, sizes that are copied and that are not") {
  struct Sizes {
    int64_t batches, m, n, k;
  };
  for (const Sizes& s : {Sizes{3, 5, 7, 9}, Sizes{2, 40, 50, 33}, Sizes{1, 130, 300, 500}, Sizes{12, 64, 64, 32},
                         Sizes{40, 1, 100, 16}, Sizes{2, 33, 1, 20}, Sizes{1, 700, 80, 70}, Sizes{1, 30, 300, 270},
                         Sizes{1, 30, 70, 1200}, Sizes{1, 400, 20, 1030}, Sizes{2, 0, 3, 4}, Sizes{2, 3, 4, 0}}) {
    for (int kind = 0; kind < 8; ++kind) {
      const bool trans_a = (kind & 1) != 0, trans_b = (kind & 2) != 0;
      const double alpha = (kind & 4) != 0 ? 0.25 : 1;
      CAPTURE(s.m);
      CAPTURE(s.n);
      CAPTURE(kind);
      const Value a = Floats(trans_a ? Dims{s.batches, s.k, s.m} : Dims{s.batches, s.m, s.k}, 1);
      const Value b = Floats(trans_b ? Dims{s.batches, s.n, s.k} : Dims{s.batches, s.k, s.n}, 2);
      const Attributes attributes =
          MakeAttributes({{"trans_a", trans_a ? 1 : 0}, {"trans_b", trans_b ? 1 : 0}, {"alpha", alpha}});
      const Value y = RunOperator("MatMul", attributes, {a, b}, kFloat)[0];
      REQUIRE(y.dims == Dims{s.batches, s.m, s.n});
      const std::vector<float> values = y.To<float>(), x = a.To<float>(), w = b.To<float>();
      const auto m = static_cast<size_t>(s.m), n = static_cast<size_t>(s.n), k = static_cast<size_t>(s.k);
      for (size_t batch = 0; batch < static_cast<size_t>(s.batches); ++batch) {
        CheckProduct(
            values, batch * m * n, m, n, k, alpha,
            [&](size_t i, size_t t) { return x[batch * m * k + (trans_a ? t * m + i : i * k + t)]; },
            [&](size_t t, size_t j) { return w[batch * k * n + (trans_b ? j * k + t : t * n + j)]; });
      }
    }
  }
}

TEST_CASE("MatMul broadcasts batches") {
  const Value a = Floats({2, 1, 3, 4}, 1), b = Floats({5, 4, 6}, 2);
  const Value y = RunOperator("MatMul", {}, {a, b}, kFloat)[0];
  REQUIRE(y.dims == Dims{2, 5, 3, 6});
  const std::vector<float> values = y.To<float>(), x = a.To<float>(), w = b.To<float>();
  for (size_t i = 0; i < 10; ++i) {
    CheckProduct(values, i * 18, 3, 6, 4, 1, [&](size_t r, size_t t) { return x[i / 5 * 12 + r * 4 + t]; },
                 [&](size_t t, size_t j) { return w[i % 5 * 24 + t * 6 + j]; });
  }
  // One matrix for all batches: rows of one product.
  const Value shared = Floats({1, 4, 6}, 3);
  const Value z = RunOperator("MatMul", {}, {a, shared}, kFloat)[0];
  REQUIRE(z.dims == Dims{2, 1, 3, 6});
  const std::vector<float> v = shared.To<float>();
  CheckProduct(z.To<float>(), 0, 6, 6, 4, 1, [&](size_t r, size_t t) { return x[r * 4 + t]; },
               [&](size_t t, size_t j) { return v[t * 6 + j]; });
}

TEST_CASE("MatMul of vectors") {
  const Value u({3}, std::vector<float>{1, 2, 3}), v({3}, std::vector<float>{4, 5, 6});
  const Value w({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6}), x({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  const Value dot = RunOperator("MatMul", {}, {u, v}, kFloat)[0], row = RunOperator("MatMul", {}, {u, w}, kFloat)[0];
  const Value column = RunOperator("MatMul", {}, {x, u}, kFloat)[0];
  CHECK(dot.dims == Dims{});
  CHECK(dot.To<float>() == std::vector<float>{32});
  CHECK(row.dims == Dims{2});
  CHECK(row.To<float>() == std::vector<float>{22, 28});
  CHECK(column.dims == Dims{2});
  CHECK(column.To<float>() == std::vector<float>{14, 32});
}

TEST_CASE("MatMul refuses what does not fit") {
  const Value a = Floats({2, 3}, 1), b = Floats({4, 5}, 2), v = Floats({3}, 3);
  CHECK_THROWS_AS(RunOperator("MatMul", {}, {a, b}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("MatMul", {}, {Floats({2, 2, 3}, 1), Floats({3, 3, 2}, 2)}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("MatMul", {}, {Floats({}, 1), a}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("MatMul", MakeAttributes({{"trans_b", 1}}), {a, v}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("MatMul", {}, {a, Value({3, 1}, std::vector<int32_t>{1, 2, 3})}, kFloat), EngineError);
}

TEST_CASE("Gemm: transposes, factors, every way to broadcast C, constant and runtime B") {
  const size_t m = 30, n = 70, k = 40;
  for (int kind = 0; kind < 16; ++kind) {
    const bool trans_a = (kind & 1) != 0, trans_b = (kind & 2) != 0;
    const bool constant = (kind & 4) != 0, scaled = (kind & 8) != 0;
    CAPTURE(kind);
    const double alpha = scaled ? 0.5 : 1, beta = scaled ? 2 : 1;
    const Value a = Floats(trans_a ? Dims{40, 30} : Dims{30, 40}, 1);
    const Value b = Floats(trans_b ? Dims{70, 40} : Dims{40, 70}, 2);
    const std::vector<float> x = a.To<float>(), w = b.To<float>();
    const Attributes attributes = MakeAttributes(
        {{"transA", trans_a ? 1 : 0}, {"transB", trans_b ? 1 : 0}, {"alpha", alpha}, {"beta", beta}});
    const Argument matrix = constant ? Argument::Constant(b) : Argument(b);
    for (const Dims& dims : {Dims{}, Dims{70}, Dims{1}, Dims{1, 70}, Dims{30, 1}, Dims{1, 1}, Dims{30, 70}}) {
      const Value c = Floats(dims, 3);
      const std::vector<float> terms = c.To<float>();
      const Value y = RunOperator("Gemm", attributes, {a, matrix, c}, kFloat)[0];
      REQUIRE(y.dims == Dims{30, 70});
      const std::vector<float> values = y.To<float>();
      const size_t rank = dims.Rank();
      for (size_t i = 0; i < m; ++i) {
        for (size_t j = 0; j < n; ++j) {
          const size_t row = rank == 2 && dims[0] != 1 ? i : 0, column = rank > 0 && dims[rank - 1] != 1 ? j : 0;
          double sum = beta * terms[row * (rank == 2 ? static_cast<size_t>(dims[1]) : 1) + column];
          double magnitude = std::fabs(sum);
          for (size_t t = 0; t < k; ++t) {
            const double product = alpha * x[trans_a ? t * m + i : i * k + t] * w[trans_b ? j * k + t : t * n + j];
            sum += product;
            magnitude += std::fabs(product);
          }
          REQUIRE(std::fabs(values[i * n + j] - sum) <= (static_cast<double>(k) + 3) * 6e-8 * magnitude);
        }
      }
    }
  }
  CHECK_THROWS_AS(RunOperator("Gemm", {}, {Floats({2, 3}, 1), Floats({3, 4}, 2), Floats({2}, 3)}, kFloat), EngineError);
  CHECK_THROWS_AS(RunOperator("Gemm", {}, {Floats({2, 3}, 1), Floats({4, 3}, 2)}, kFloat), EngineError);
}
