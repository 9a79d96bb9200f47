#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "engine/state.h"
#include "testing/cases.h"
#include "testing/run_operator.h"

using namespace gossamer;

namespace {

constexpr int64_t kChannels = 48, kSide = 20;
constexpr size_t kSums = static_cast<size_t>(kSide * kSide * kChannels);

// Inputs: an image of bytes of any size, numbers, and sums so far. Outputs: a convolution of the image, and the sums with
// one of the numbers added, which are the sums of the next run.
void Build(Program* program, unsigned seed) {
  const std::vector<double> pads{1, 1, 1, 1};
  const Dims kernel{kChannels, kChannels, 3, 3};
  std::vector<int8_t> bytes(kernel.Count());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<int8_t>(i * seed % 251);
  const std::vector<float> numbers = NormalFloats(kernel.Count(), seed, 0.01f);
  const auto image = static_cast<ptrdiff_t>(program->AddInput(DataType::kUint8));
  const auto x = static_cast<ptrdiff_t>(program->AddInput(DataType::kFloat32));
  const auto before = static_cast<ptrdiff_t>(program->AddInput(DataType::kFloat32));
  const auto int8_w = static_cast<ptrdiff_t>(program->AddConstant(DataType::kInt8, kernel, bytes.data(), 1));
  const auto w = static_cast<ptrdiff_t>(program->AddConstant(DataType::kFloat32, kernel, numbers.data(), 1));
  const size_t y = program->AddOperator("Int8Conv", {image, int8_w}, {DataType::kInt32},
                                        MakeAttributes({{"result", "int32"}, {"pads", pads}, {"x_zero_point", 7}}));
  const size_t step = program->AddOperator("ConvNhwc", {x, w}, {DataType::kFloat32}, MakeAttributes({{"pads", pads}}));
  const size_t sums = program->AddOperator("Add", {static_cast<ptrdiff_t>(step), before}, {DataType::kFloat32}, {});
  program->LinkState(2, 1);
  program->Finish({y, sums});
}

// What a sequence of runs gives, each with another size of image.
std::vector<uint8_t> RunSequence(const Program& program, unsigned seed, int runs) {
  Execution execution(program);
  State state(program);
  std::vector<float> x = NormalFloats(kSums, seed), zeros(kSums);
  std::vector<uint8_t> image(static_cast<size_t>(12 * kSide * kChannels), static_cast<uint8_t>(seed)), all;
  const Dims dims{1, kSide, kSide, kChannels};
  for (int run = 0; run < runs; ++run) {
    const Tensor before = state.IsSet(0) ? state.Get(0) : Tensor{DataType::kFloat32, dims, zeros.data()};
    const Tensor bytes{DataType::kUint8, {1, 1 + (run + seed) % 12, kSide, kChannels}, image.data()};
    std::vector<Tensor> outputs;
    REQUIRE(execution.Run({bytes, {DataType::kFloat32, dims, x.data()}, before}, RunOptions{}, &outputs));
    const uint8_t* convolved = outputs[0].As<uint8_t>();
    all.insert(all.end(), convolved, convolved + outputs[0].Bytes());
    state.Advance(execution, outputs);
  }
  const uint8_t* sums = state.Get(0).As<uint8_t>();
  all.insert(all.end(), sums, sums + kSums * sizeof(float));
  return all;
}

}  // namespace

TEST_CASE("two programs, each run by several callers with states of their own, give what each gives alone") {
  constexpr unsigned kCallers = 4;
  constexpr int kRuns = 12;
  Program programs[2];
  for (unsigned i = 0; i < 2; ++i) Build(&programs[i], i + 3);
  std::vector<std::vector<uint8_t>> alone(kCallers), together(kCallers);
  ThreadPool& pool = ThreadPool::Process();
  const unsigned threads = pool.Threads();
  pool.SetThreads(1);
  for (unsigned i = 0; i < kCallers; ++i) alone[i] = RunSequence(programs[i % 2], i, kRuns);
  pool.SetThreads(4);
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] { together[i] = RunSequence(programs[i % 2], i, kRuns); });
  }
  for (std::thread& caller : callers) caller.join();
  pool.SetThreads(threads);
  for (unsigned i = 0; i < kCallers; ++i) CHECK(together[i] == alone[i]);
}
