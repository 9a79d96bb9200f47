// Programs of a few operators of the engine, mostly with inputs and attributes that fit them (operator_hints.h), now
// and then with any types, dims, attributes and contents: each is built and run on several sizes, or refused by an
// error of the engine, without touching memory that is not its own.
#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "engine/execution.h"
#include "engine/program.h"
#include "engine/registry.h"
#include "engine/state.h"
#include "fuzz/operator_plan.h"
#include "kernels/linear.h"

using namespace gossamer;

namespace {

constexpr const char* kNumbers[] = {
    "axis",   "axes",  "perm",       "keepdims",   "strides",     "pads",      "dilations", "kernel_shape",
    "group",  "alpha", "beta",       "to",         "trans_b",     "ceil_mode", "scales",    "K",
    "N",      "bits",  "block_size", "batch_dims", "num_outputs", "blocksize", "start",     "end",
    "global", "heads", "layout",     "states",     "size",        "p",         "value",     "w_zero_points"};
constexpr const char* kTexts[] = {"mode", "result", "activation", "operation", "direction", "sparse", "auto_pad"};
constexpr const char* kWords[] = {"float", "none", "add", "linear", "wrap", "reverse", "sparse", "tanh", "SAME_LOWER"};

template <size_t kCount>
const char* Pick(const char* const (&words)[kCount], Input& input) {
  return words[input.Byte() % kCount];
}

// Small whole numbers in every type, so that they can be sizes, axes and indices; floats of every kind; any bits.
std::vector<uint8_t> AnyContents(const Tensor& tensor, Input& input, bool tame) {
  const uint8_t kind = tame ? 0 : input.Byte() % 8;
  if (kind == 7) return input.Bytes(tensor.Bytes());
  std::vector<uint8_t> bytes(tensor.Bytes());
  const size_t size = ElementSize(tensor.type);
  for (size_t i = 0; i < tensor.Count(); ++i) {
    const int64_t value = input.Range(tensor.type == DataType::kBool ? 0
                                      : tame                         ? 0
                                                                     : -1,
                                      tensor.type == DataType::kBool ? 1 : 4);
    const float real = kind > 4 ? input.Float() : static_cast<float>(value) * 0.75f;
    if (tensor.type == DataType::kFloat32) {
      std::memcpy(&bytes[i * size], &real, size);
    } else {
      std::memcpy(&bytes[i * size], &value, size);
    }
  }
  return bytes;
}

// A program, and what its inputs may be fed.
struct Case {
  Program program;
  std::vector<Tensor> feeds;
  std::vector<std::string> words;  // by feed
  std::vector<ptrdiff_t> values;

  void Add(const std::string& word, DataType type, const Dims& dims, bool constant, bool tame, Input& input) {
    Tensor tensor;
    tensor.type = type;
    tensor.dims = dims;
    if (constant) {
      std::vector<uint8_t> bytes = AnyContents(tensor, input, tame);
      values.push_back(static_cast<ptrdiff_t>(program.AddConstant(type, dims, bytes.data(), Rarely(input, 2) ? 1 : 0)));
      return;
    }
    values.push_back(static_cast<ptrdiff_t>(program.AddInput(type)));
    feeds.push_back(tensor);
    words.push_back(word);
  }
};

// One that takes `types` and gives those of `outputs`, where it can.
std::shared_ptr<const Program> BodyOf(const std::vector<DataType>& types, const std::vector<DataType>& outputs,
                                      Input& input) {
  auto body = std::make_shared<Program>();
  body->BorrowInputs();
  std::vector<size_t> values, results;
  for (DataType type : types) values.push_back(body->AddInput(type));
  if (!types.empty() && input.Bool()) {
    constexpr const char* kSteps[] = {"Identity", "Add", "Neg", "Concat", "Not"};
    const ptrdiff_t from = static_cast<ptrdiff_t>(values.back());
    try {
      values.push_back(body->AddOperator(Pick(kSteps, input), {from, from}, {types.back()}, Attributes()));
    } catch (const EngineError&) {
    }
  }
  for (DataType output : outputs) {
    size_t found = values.empty() ? 0 : input.Byte() % values.size();
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t at = values.size() - 1 - i;
      if (body->Values()[values[at]].type == output) found = at;
    }
    results.push_back(found);
  }
  body->Finish(results);
  return body;
}

void AddHinted(Case& all, Plan& plan, const OperatorHint& hint, const std::string& type, Input& input) {
  std::vector<ptrdiff_t> arguments;
  std::vector<DataType> types;
  const bool tame = type == "Loop";  // its first input is how long it runs
  for (const std::string& word : Split(hint.inputs, ' ')) {
    if (word[0] == '_' || (word[1] == '?' && input.Bool()) || (!tame && plan.Wild(48))) {
      arguments.push_back(Program::kNone);
      continue;
    }
    if (!all.values.empty() && !tame && plan.Wild(16)) {
      arguments.push_back(all.values[input.Byte() % all.values.size()]);
      continue;
    }
    const bool mostly_constant = word[0] >= 'A' && word[0] <= 'Z';
    const DataType data_type = plan.TypeOf(word[0]);
    all.Add(word, data_type, plan.DimsOf(word, true),
            (plan.is_wild ? plan.Wild(8) : !mostly_constant && Rarely(input, 6)) != mostly_constant, tame, input);
    if (!tame && Rarely(input, 12)) {
      all.values.push_back(static_cast<ptrdiff_t>(
          all.program.AddOperator("Identity", {all.values.back()}, {data_type}, Attributes())));
    }
    arguments.push_back(all.values.back());
    types.push_back(data_type);
  }
  while (!tame && !arguments.empty() && arguments.back() == Program::kNone && input.Bool()) arguments.pop_back();
  std::vector<DataType> outputs;
  for (size_t i = 0; hint.outputs[i] != '\0' && (i == 0 || input.Bool()); ++i) {
    outputs.push_back(hint.outputs[i] == '=' ? (types.empty() ? DataType::kFloat32
                                                              : types[tame ? types.size() - 1
                                                                      : type == "If" && types.size() > 1 ? 1
                                                                                                         : 0])
                                             : plan.TypeOf(hint.outputs[i]));
  }
  if (plan.Wild(64)) outputs.push_back(AnyType(input));
  Attributes attributes;
  for (const std::string& word : Split(hint.attributes, ' ')) {
    if (word.find('=') != std::string::npos && !plan.Wild(4)) plan.SetAttribute(word, &attributes);
  }
  std::vector<std::shared_ptr<const Program>> bodies;
  if (type == "If") {
    for (size_t i = 0; i < 2; ++i)
      bodies.push_back(BodyOf(std::vector<DataType>(types.begin() + !types.empty(), types.end()), outputs, input));
  } else if (type == "Loop") {
    std::vector<DataType> inner = types, given{DataType::kBool};
    if (inner.size() < 3) inner = {DataType::kInt64, DataType::kBool, types.back()};
    given.insert(given.end(), outputs.begin(), outputs.end());
    bodies.push_back(BodyOf(inner, given, input));
  }
  const size_t first = all.program.AddOperator(type, arguments, outputs, std::move(attributes), std::move(bodies));
  for (size_t i = 0; i < outputs.size(); ++i) all.values.push_back(static_cast<ptrdiff_t>(first + i));
}

// Any operator but one that runs for as long as it is told.
void AddAny(Case& all, Input& input) {
  static const std::vector<const char*> types = OperatorTypeNames();
  const std::string type = types[input.Size(65535) % types.size()];
  if (type == "Loop") return;
  for (size_t count = 1 + input.Byte() % 3; count > 0; --count) {
    all.Add("", AnyType(input), AnyDims(input), input.Bool(), false, input);
  }
  std::vector<ptrdiff_t> arguments(input.Byte() % 6);
  for (ptrdiff_t& value : arguments) {
    value = Rarely(input, 8) ? Program::kNone : all.values[input.Byte() % all.values.size()];
  }
  std::vector<DataType> outputs(Rarely(input, 4) ? 1 + input.Byte() % 3 : 1);
  for (DataType& output : outputs) output = AnyType(input);
  Attributes attributes;
  for (size_t count = input.Byte() % 5; count > 0; --count) {
    std::vector<double> values(Rarely(input, 5) ? input.Size(300) : 1 + input.Byte() % 4);
    for (double& value : values) value = Rarely(input, 4) ? WildNumber(input) : input.Range(-2, 6);
    attributes.SetNumbers(Pick(kNumbers, input), values);
  }
  if (input.Bool()) attributes.SetText(Pick(kTexts, input), Pick(kWords, input));
  const size_t first = all.program.AddOperator(type, arguments, outputs, std::move(attributes));
  for (size_t i = 0; i < outputs.size(); ++i) all.values.push_back(static_cast<ptrdiff_t>(first + i));
}

// Memory as a caller's that the engine may use in place (Foreign): what lies behind it stays as it is.
class ForeignMemory {
 public:
  explicit ForeignMemory(const std::vector<uint8_t>& contents)
      : bytes_(contents.size()), buffer_(NewBuffer(bytes_ + kReadSlack)) {
    std::copy(contents.begin(), contents.end(), Data());
    std::fill_n(Data() + bytes_, kReadSlack, uint8_t{0xa5});
  }
  uint8_t* Data() { return static_cast<uint8_t*>(buffer_.get()); }
  Foreign Destination() { return {Data(), bytes_}; }
  bool Holds(const std::vector<uint8_t>& contents) {
    const uint8_t* slack = Data() + bytes_;
    return std::equal(contents.begin(), contents.end(), Data()) &&
           std::all_of(slack, slack + kReadSlack, [](uint8_t byte) { return byte == 0xa5; });
  }

 private:
  size_t bytes_;
  Buffer buffer_;
};

// The same run with every feed and every output in memory of a caller's: nothing comes out otherwise, and feeds stay.
void RunForeign(Execution& execution, const std::vector<Tensor>& fed, const std::vector<std::vector<uint8_t>>& contents,
                const std::vector<std::vector<uint8_t>>& expected) {
  std::vector<Tensor> feeds = fed, outputs;
  std::vector<ForeignMemory> inputs, results;
  std::vector<Foreign> destinations;
  for (size_t i = 0; i < feeds.size(); ++i) {
    inputs.emplace_back(contents[i]);
    feeds[i].data = inputs.back().Data();
  }
  for (const std::vector<uint8_t>& bytes : expected) {
    results.emplace_back(std::vector<uint8_t>(bytes.size()));
    destinations.push_back(results.back().Destination());
  }
  const std::vector<bool> foreign(feeds.size(), true);
  RunOptions options;
  options.threads = 1;
  options.foreign_inputs = &foreign;
  options.destinations = &destinations;
  Require(execution.Run(feeds, options, &outputs), "foreign", "ended");
  for (size_t i = 0; i < feeds.size(); ++i) Require(inputs[i].Holds(contents[i]), "foreign", "input");
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::vector<uint8_t> bytes(outputs[i].Bytes());
    outputs[i].CopyTo(bytes.data());
    Require(bytes == expected[i], "foreign", "output");
    if (outputs[i].data == results[i].Data()) Require(results[i].Holds(bytes), "foreign", "memory behind an output");
  }
}

// As the addon runs it: what is carried lies in the state, everything else is fed.
void RunOnce(const Case& all, Plan& plan, Execution& execution, Execution& foreign, State& state, bool tame,
             Input& input) {
  std::vector<std::vector<uint8_t>> contents;
  std::vector<Tensor> feeds = all.feeds;
  const bool fresh = input.Bool();
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (!all.words[i].empty() && fresh) feeds[i].dims = plan.DimsOf(all.words[i], false);
    contents.push_back(AnyContents(feeds[i], input, tame));
    contents.back().reserve(1);  // an address, also of no elements
    feeds[i].data = contents.back().data();
    const size_t link = state.LinkOf(i);
    if (link == all.program.StateLinks().size()) continue;
    if (!state.IsSet(link) || Rarely(input, 4)) state.Set(link, feeds[i]);
    feeds[i] = state.Get(link);
  }
  std::vector<Tensor> outputs;
  const unsigned threads = Rarely(input, 3) ? 3 : 1;
  const std::vector<Carried*>* carried = all.program.StateLinks().empty() ? nullptr : &state.Values();
  RunOptions options;
  options.threads = threads;
  options.carried = carried;
  execution.Run(feeds, options, &outputs);
  // Every byte of the outputs is there to read.
  volatile uint8_t sum = 0;
  std::vector<std::vector<uint8_t>> given;
  for (const Tensor& output : outputs) {
    std::vector<uint8_t> bytes(output.Bytes());
    output.CopyTo(bytes.data());
    for (uint8_t byte : bytes) sum = static_cast<uint8_t>(sum + byte);
    given.push_back(std::move(bytes));
  }
  if (all.program.StateLinks().empty()) RunForeign(foreign, feeds, contents, given);
  if (!all.program.StateLinks().empty()) state.Advance(execution, outputs);
}

// Runs `body`; errors of the engine are what it may say.
template <class Body>
void Try(const Body& body) {
  try {
    body();
  } catch (const EngineError& error) {
    Require(error.code.rfind("ERR_ENGINE_", 0) == 0, "EngineError", error.code.c_str());
  } catch (const std::bad_alloc&) {
  }
}

void BuildAndRun(Input& input) {
  constexpr size_t kHintCount = sizeof kHints / sizeof *kHints;
  const OperatorHint& hint = kHints[input.Byte() % kHintCount];
  const std::vector<std::string> types = Split(hint.types, ' ');
  const std::string type = types[input.Byte() % types.size()];
  Case all;
  Plan plan(hint, type, input);
  if (Rarely(input, 8)) Try([&] { AddAny(all, input); });
  AddHinted(all, plan, hint, type, input);
  if (Rarely(input, 4)) Try([&] { AddAny(all, input); });
  std::vector<size_t> outputs{static_cast<size_t>(all.values.back())};
  for (size_t i = 1; i < all.values.size(); ++i) {
    if (Rarely(input, 4)) outputs.push_back(static_cast<size_t>(all.values[i]));
  }
  if (!all.feeds.empty() && Rarely(input, 6)) {
    all.program.LinkState(input.Byte() % all.feeds.size(), input.Byte() % outputs.size());
  }
  all.program.Finish(outputs);
  Execution execution(all.program), foreign(all.program);
  State state(all.program);
  const bool tame = type == "Loop";
  for (int run = 0; run < 4; ++run) {
    Try([&] { RunOnce(all, plan, execution, foreign, state, tame, input); });
    if (run != 1) plan.Resize();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  SetBufferLimit(1 << 20);
  ThreadPool::Process().SetThreads(3);
  Input input(data, size);
  Try([&] { BuildAndRun(input); });
  return 0;
}
