#include "engine/state.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "testing/run_operator.h"

using namespace gossamer;

namespace {

constexpr int64_t kHeads = 3, kDepth = 5;

// Two caches [batch, heads, positions, depth] that grow by what is fed; outputs: attention over them, q k^T by MatMul,
// the keys transposed, the length; then the caches.
std::unique_ptr<Program> CacheProgram() {
  auto program = std::make_unique<Program>();
  const auto input = [&] { return static_cast<ptrdiff_t>(program->AddInput(DataType::kFloat32)); };
  const auto add = [&](const char* type, const std::vector<ptrdiff_t>& inputs, Attributes attributes,
                       DataType result = DataType::kFloat32) {
    return program->AddOperator(type, inputs, {result}, std::move(attributes));
  };
  const ptrdiff_t q = input(), k = input(), v = input(), past_k = input(), past_v = input();
  const size_t keys = add("Concat", {past_k, k}, MakeAttributes({{"axis", 2}}));
  const size_t values = add("Concat", {past_v, v}, MakeAttributes({{"axis", -2}}));
  const auto all_k = static_cast<ptrdiff_t>(keys), all_v = static_cast<ptrdiff_t>(values);
  const size_t y = add("Attention4D", {q, all_k, all_v}, MakeAttributes({{"causal", 1}}));
  const size_t scores = add("MatMul", {q, all_k}, MakeAttributes({{"trans_b", 1}}));
  const size_t turned = add("Transpose", {all_k}, MakeAttributes({{"perm", std::vector<double>{3, 0, 2, 1}}}));
  const size_t length = add("Shape", {past_k}, Attributes(), DataType::kInt64);
  program->LinkState(3, 5);
  program->LinkState(4, 4);
  program->Finish({y, scores, turned, length, values, keys});
  return program;
}

struct Sequence {
  explicit Sequence(const Program& program) : state(program), execution(program) {}
  State state;
  Execution execution;
};

std::vector<float> Numbers(size_t count, int seed) {
  std::vector<float> numbers(count);
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = static_cast<float>((i * 37 + static_cast<size_t>(seed) * 101) % 64) / 16 - 2;
  }
  return numbers;
}

// q, k and v of `count` positions, then the first values of the caches.
struct Feeds {
  std::vector<float> q, k, v;
  std::vector<Tensor> tensors;

  Feeds(int64_t batch, int64_t count, int seed) {
    const Dims dims{batch, kHeads, count, kDepth};
    q = Numbers(dims.Count() + 1, seed);
    k = Numbers(dims.Count() + 1, seed + 1);
    v = Numbers(dims.Count() + 1, seed + 2);
    tensors = {{DataType::kFloat32, dims, q.data()}, {DataType::kFloat32, dims, k.data()},
               {DataType::kFloat32, dims, v.data()}, {}, {}};
  }
};

std::vector<Value> Dense(const std::vector<Tensor>& tensors) {
  std::vector<Value> values;
  for (const Tensor& tensor : tensors) {
    Value value;
    value.type = tensor.type;
    value.dims = tensor.dims;
    value.bytes.resize(tensor.Bytes());
    tensor.CopyTo(value.bytes.data());
    values.push_back(std::move(value));
  }
  return values;
}

// One step as the addon makes it; with an empty cache where there is none yet. Empty: stopped.
std::vector<Value> Step(Sequence& sequence, Feeds feeds, bool in_place = true, AbortFlag abort = nullptr) {
  float nothing = 0;
  const Tensor empty{DataType::kFloat32, {feeds.tensors[0].dims[0], kHeads, 0, kDepth}, &nothing};
  for (size_t link = 0; link < 2; ++link) {
    if (!sequence.state.IsSet(link)) sequence.state.Set(link, empty);
    feeds.tensors[3 + link] = sequence.state.Get(link);
  }
  std::vector<Tensor> outputs;
  const RunOptions options{abort, 1, nullptr, in_place ? &sequence.state.Values() : nullptr};
  if (!sequence.execution.Run(feeds.tensors, options, &outputs)) {
    sequence.state.Drop();
    return {};
  }
  std::vector<Value> values = Dense(outputs);
  sequence.state.Advance(sequence.execution, outputs);
  return values;
}

void CheckSame(const std::vector<Value>& a, const std::vector<Value>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].dims == b[i].dims);
    CHECK(a[i].bytes == b[i].bytes);
  }
}

}  // namespace

TEST_CASE("State: a cache that grows in place gives the bytes of one that is copied") {
  const auto program = CacheProgram();
  CHECK(program->StateLinks()[0].grows);
  CHECK(program->StateLinks()[1].grows);
  for (const int64_t batch : {1, 2}) {
    Sequence grows(*program), copied(*program);
    for (int step = 0; step < 60; ++step) {
      const Feeds feeds(batch, step == 0 ? 7 : step == 20 ? 0 : step == 30 ? 70 : 1, step);
      CheckSame(Step(grows, feeds), Step(copied, feeds, false));
    }
    // Rows that lie apart were what the operators read, and memory changed rarely.
    CHECK(grows.state.Get(0).pitch > copied.state.Get(0).dims.Count(2, 4));
    CHECK(copied.state.Get(0).pitch == 0);
  }
}

// [batch, positions, heads, depth], also as three axes; [batch, heads, depth, positions].
TEST_CASE("State: caches whose first or last axis grows give the bytes of copies") {
  struct Layout {
    Dims past, fresh, q;
    const char* reader;
    Attributes attributes;
  };
  const auto first = [](int heads) {
    return MakeAttributes({{"q_layout", "bshd"}, {"k_layout", "bshd"}, {"v_layout", "bshd"}, {"y_layout", "bshd"},
                           {"heads", heads}});
  };
  const Layout layouts[] = {
      {{2, 3, kHeads, kDepth}, {2, 1, kHeads, kDepth}, {2, 1, kHeads, kDepth}, "Attention4D", first(0)},
      {{2, 3, kHeads * kDepth}, {2, 1, kHeads * kDepth}, {2, 1, kHeads * kDepth}, "Attention4D", first(kHeads)},
      {{2, kHeads, kDepth, 3}, {2, kHeads, kDepth, 1}, {2, kHeads, 2, kDepth}, "MatMul", {}}};
  for (const Layout& layout : layouts) {
    const bool is_last = std::strcmp(layout.reader, "MatMul") == 0;
    Program program;
    const auto q = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const auto fresh = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const auto past = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const size_t all = program.AddOperator("Concat", {past, fresh}, {DataType::kFloat32},
                                           MakeAttributes({{"axis", is_last ? 3 : 1}}));
    const auto cache = static_cast<ptrdiff_t>(all);
    std::vector<ptrdiff_t> inputs{q, cache};
    if (!is_last) inputs.push_back(cache);
    const size_t y = program.AddOperator(layout.reader, inputs, {DataType::kFloat32}, layout.attributes);
    program.LinkState(2, 1);
    program.Finish({y, all});
    REQUIRE(program.StateLinks()[0].grows);
    Sequence grows(program), copied(program);
    const std::vector<float> start = Numbers(layout.past.Count(), 5);
    for (int step = 0; step < 20; ++step) {
      std::vector<float> queries = Numbers(layout.q.Count(), step), added = Numbers(layout.fresh.Count(), 50 + step);
      std::vector<Value> results[2];
      for (Sequence* sequence : {&grows, &copied}) {
        if (step == 0) sequence->state.Set(0, {DataType::kFloat32, layout.past, const_cast<float*>(start.data())});
        const std::vector<Tensor> feeds{{DataType::kFloat32, layout.q, queries.data()},
                                        {DataType::kFloat32, layout.fresh, added.data()},
                                        sequence->state.Get(0)};
        const bool in_place = sequence == &grows;
        std::vector<Tensor> outputs;
        REQUIRE(sequence->execution.Run(
            feeds, {nullptr, 1, nullptr, in_place ? &sequence->state.Values() : nullptr}, &outputs));
        results[in_place] = Dense(outputs);
        sequence->state.Advance(sequence->execution, outputs);
      }
      CheckSame(results[0], results[1]);
    }
    CHECK(grows.state.Get(0).pitch != 0);
  }
}

TEST_CASE("State: appending stays in one buffer until it is full") {
  const auto program = CacheProgram();
  Sequence sequence(*program);
  const void* buffer = nullptr;
  int moves = 0;
  for (int step = 0; step < 1000; ++step) {
    Step(sequence, Feeds(1, 1, step));
    moves += sequence.state.Get(0).data != buffer;
    buffer = sequence.state.Get(0).data;
  }
  CHECK(moves < 20);  // each for half as many positions again
  CHECK(sequence.state.Get(0).dims == Dims{1, kHeads, 1000, kDepth});
}

TEST_CASE("State: a run that is stopped or fails leaves what is carried as it was") {
  const auto program = CacheProgram();
  Sequence sequence(*program), expected(*program);
  std::atomic<int32_t> stop{1};
  for (int step = 0; step < 30; ++step) {
    // The first of these find no value yet.
    CHECK(Step(sequence, Feeds(1, 9, 100 + step), true, &stop).empty());
    CHECK(sequence.state.IsSet(0) == (step > 0));
    if (step > 0) {
      // The keys are appended, then the values do not fit them.
      Feeds wrong(1, 4, 300 + step);
      wrong.tensors[2].dims = Dims{1, kHeads + 1, 1, kDepth};
      CHECK_THROWS_AS(Step(sequence, wrong), EngineError);
      sequence.state.Drop();
    }
    const Feeds feeds(1, 1 + step % 3, step);
    CheckSame(Step(sequence, feeds), Step(expected, feeds, false));
  }
}

TEST_CASE("State: a value that is fed takes the place of the carried one only with its run") {
  const auto program = CacheProgram();
  Sequence sequence(*program), expected(*program);
  for (int step = 0; step < 5; ++step) {
    Step(sequence, Feeds(1, 3, step));
    Step(expected, Feeds(1, 3, step), false);
  }
  const std::vector<float> other = Numbers(2 * kHeads * kDepth, 77);
  const Tensor shorter{DataType::kFloat32, {1, kHeads, 2, kDepth}, const_cast<float*>(other.data())};
  std::atomic<int32_t> stop{1};
  for (size_t link = 0; link < 2; ++link) sequence.state.Set(link, shorter);
  CHECK(sequence.state.Get(0).dims[2] == 2);
  CHECK(Step(sequence, Feeds(1, 1, 50), true, &stop).empty());
  CHECK(sequence.state.Get(0).dims[2] == 15);
  for (int step = 0; step < 5; ++step) {
    if (step == 2) {
      for (size_t link = 0; link < 2; ++link) {
        sequence.state.Set(link, shorter);
        expected.state.Set(link, shorter);
      }
    }
    CheckSame(Step(sequence, Feeds(1, 2, step)), Step(expected, Feeds(1, 2, step), false));
  }
  sequence.state.Clear();
  expected.state.Clear();
  CheckSame(Step(sequence, Feeds(2, 2, 9)), Step(expected, Feeds(2, 2, 9), false));
}

TEST_CASE("State: sequences of one program do not mix, and a copy of a cache is its own") {
  const auto program = CacheProgram();
  Sequence a(*program), b(*program), expected_a(*program), expected_b(*program);
  for (int step = 0; step < 4; ++step) {
    Step(a, Feeds(1, 2, step));
    Step(expected_a, Feeds(1, 2, step), false);
  }
  for (size_t link = 0; link < 2; ++link) {
    b.state.Set(link, a.state.Get(link));
    expected_b.state.Set(link, expected_a.state.Get(link));
  }
  for (int step = 0; step < 20; ++step) {
    CheckSame(Step(a, Feeds(1, 1, 2 * step)), Step(expected_a, Feeds(1, 1, 2 * step), false));
    CheckSame(Step(b, Feeds(1, 1, 2 * step + 1)), Step(expected_b, Feeds(1, 1, 2 * step + 1), false));
  }
}

TEST_CASE("Append: without memory for room to spare there is for what is needed, and without that nothing changes") {
  const std::vector<float> old = Numbers(kHeads * 100 * kDepth, 1), more = Numbers(kHeads * 60 * kDepth, 2);
  const Tensor part{DataType::kFloat32, {1, kHeads, 60, kDepth}, const_cast<float*>(more.data())};
  const Tensor* parts[] = {&part};
  Carried value;
  value.Set({DataType::kFloat32, {1, kHeads, 100, kDepth}, const_cast<float*>(old.data())}, kReadSlack);
  const size_t position = kHeads * kDepth * sizeof(float), limit = BufferLimit();
  TestContext context(1);
  SetBufferLimit(100 * position);
  CHECK_THROWS_AS(Append(value, 2, parts, 1, context), std::bad_alloc);
  CHECK(Dense({value.tensor})[0].To<float>() == old);
  SetBufferLimit(200 * position);
  const Tensor result = Append(value, 2, parts, 1, context);
  SetBufferLimit(limit);
  CHECK(result.pitch == 160 * kDepth);
  CHECK(result.dims == Dims{1, kHeads, 160, kDepth});
  CHECK(Dense({value.tensor})[0].To<float>() == old);
  const Value whole = Dense({result})[0];
  const Value expected = RunOperator("Concat", MakeAttributes({{"axis", 2}}),
                                     {Value({1, kHeads, 100, kDepth}, old), Value({1, kHeads, 60, kDepth}, more)},
                                     {DataType::kFloat32})[0];
  CHECK(whole.bytes == expected.bytes);
}

TEST_CASE("State: a cache is copied where somebody reads it who minds gaps, or sees it twice") {
  const auto grows = [](bool is_read, bool is_past_given, bool is_linked_twice) {
    Program program;
    const auto x = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    const auto past = static_cast<ptrdiff_t>(program.AddInput(DataType::kFloat32));
    program.AddInput(DataType::kFloat32);
    const size_t all = program.AddOperator("Concat", {past, x}, {DataType::kFloat32}, MakeAttributes({{"axis", 0}}));
    std::vector<size_t> outputs{all};
    if (is_read) {
      outputs.push_back(
          program.AddOperator("Identity", {static_cast<ptrdiff_t>(all)}, {DataType::kFloat32}, Attributes()));
    }
    if (is_past_given) outputs.push_back(static_cast<size_t>(past));
    program.LinkState(1, 0);
    if (is_linked_twice) program.LinkState(2, 0);
    program.Finish(outputs);
    return program.StateLinks()[0].grows;
  };
  CHECK(grows(false, false, false));
  CHECK(!grows(true, false, false));
  CHECK(!grows(false, true, false));
  CHECK(!grows(false, false, true));
}
