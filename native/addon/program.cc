#include "addon/program.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <mutex>
#include <utility>

#include "addon/guard.h"
#include "addon/operations.h"
#include "engine/execution.h"
#include "engine/program.h"
#include "engine/registry.h"
#include "engine/state.h"

namespace gossamer {
namespace {

// A run that takes less is made at once, on the thread that asks for it, where the pool has a thread to spare.
constexpr std::chrono::nanoseconds kShort = std::chrono::microseconds(200), kLong = std::chrono::hours(1);

// A program and the executions of it that nobody uses just now.
struct Compiled {
  Program program;
  std::mutex mutex;
  std::vector<std::unique_ptr<Execution>> idle;
  bool is_profiled = false;         // guarded by mutex, as what follows
  std::vector<double> nanoseconds;  // of each operator, over the runs since profiling began

  // Null where runs are not profiled.
  std::unique_ptr<std::vector<double>> NewProfile() {
    std::lock_guard<std::mutex> lock(mutex);
    return is_profiled ? std::make_unique<std::vector<double>>(program.Steps().size()) : nullptr;
  }
  void AddProfile(const std::vector<double>& profile) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!is_profiled) return;
    for (size_t i = 0; i < profile.size(); ++i) nanoseconds[i] += profile[i];
  }

  // Sizes of the inputs of the last run and how long it took.
  std::vector<double> last_header;
  std::chrono::nanoseconds last_time = kLong;

  // Whether a run of these inputs ended, the last time, sooner than another thread could be woken for it.
  bool IsShort(const Array<const double>& header) {
    std::lock_guard<std::mutex> lock(mutex);
    return last_time < kShort && last_header.size() == header.length &&
           std::equal(last_header.begin(), last_header.end(), header.data);
  }
  void SetTime(const std::vector<double>& header, std::chrono::nanoseconds time) {
    std::lock_guard<std::mutex> lock(mutex);
    if (last_header != header) last_header = header;
    last_time = time;
  }

  std::unique_ptr<Execution> Borrow() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        std::unique_ptr<Execution> execution = std::move(idle.back());
        idle.pop_back();
        return execution;
      }
    }
    return std::make_unique<Execution>(program);
  }
  void GiveBack(std::unique_ptr<Execution> execution) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(std::move(execution));
  }
};

// What a program's External points at. The tag tells it from the Externals of others.
struct Handle {
  static constexpr uint64_t kTag = 0x676f73736d657270;
  uint64_t tag = kTag;
  std::shared_ptr<Compiled> compiled = std::make_shared<Compiled>();
  int64_t reported = 0;  // bytes of which the garbage collector knows
};

// Values carried from run to run.
struct StateHandle {
  std::shared_ptr<Compiled> compiled;
  State state;
  bool is_busy = false;  // changed on the environment's own thread only

  explicit StateHandle(std::shared_ptr<Compiled> of) : compiled(std::move(of)), state(compiled->program) {}
};

// What a state's External points at. The tag comes first, as a program's does: either may be given for the other.
struct StateHolder {
  static constexpr uint64_t kTag = 0x676f73737461746b;
  uint64_t tag = kTag;
  std::shared_ptr<StateHandle> handle;
};

void FinalizeState(napi_env, void* data, void*) { delete static_cast<StateHolder*>(data); }

void Finalize(napi_env env, void* data, void*) {
  Handle* handle = static_cast<Handle*>(data);
  int64_t total;
  napi_adjust_external_memory(env, -handle->reported, &total);
  delete handle;
}

Handle& HandleOf(const Napi::CallbackInfo& info, size_t index) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (info.Length() > index) napi_typeof(info.Env(), info[index], &type);
  if (type == napi_external) napi_get_value_external(info.Env(), info[index], &data);
  Handle* handle = static_cast<Handle*>(data);
  if (handle == nullptr || handle->tag != Handle::kTag) {
    throw ArgumentError{"ERR_WRONG_TYPE", "program: expected one made by createProgram, received another value"};
  }
  if (!handle->compiled) throw ArgumentError{"ERR_ENGINE_PROGRAM", "program: expected an open one, received a closed one"};
  return *handle;
}

void RequireFinished(const Handle& handle) {
  if (handle.compiled->program.IsFinished()) return;
  throw ArgumentError{"ERR_ENGINE_PROGRAM", "program: expected a finished one, received one that is being built"};
}

// Null where the argument is undefined.
std::shared_ptr<StateHandle> StateOf(const Napi::CallbackInfo& info, size_t index) {
  napi_valuetype type = napi_undefined;
  if (info.Length() > index) napi_typeof(info.Env(), info[index], &type);
  if (type == napi_undefined) return nullptr;
  void* data = nullptr;
  if (type == napi_external) napi_get_value_external(info.Env(), info[index], &data);
  const auto* holder = static_cast<const StateHolder*>(data);
  if (holder == nullptr || holder->tag != StateHolder::kTag) {
    throw ArgumentError{"ERR_WRONG_TYPE", "state: expected one made by createState, received another value"};
  }
  return holder->handle;
}

DataType TypeOfCode(double code, const char* name) {
  if (!(code >= 0 && code < static_cast<double>(kDataTypes)) || code != static_cast<int>(code)) {
    throw ArgumentError{"ERR_ENGINE_TYPE", std::string(name) + ": expected a code of a data type, received another number"};
  }
  return static_cast<DataType>(static_cast<int>(code));
}

Dims ReadDims(const double* sizes, size_t rank) {
  Dims dims;
  for (size_t i = 0; i < rank; ++i) {
    if (!(sizes[i] >= 0 && sizes[i] <= 9007199254740991.0) || sizes[i] != static_cast<double>(static_cast<int64_t>(sizes[i]))) {
      throw ArgumentError{"ERR_ENGINE_SHAPE", "dims: expected whole numbers of 0 or more"};
    }
    dims.Append(static_cast<int64_t>(sizes[i]));
  }
  return dims;
}

// Runs body, with what the engine throws as errors of an argument.
template <class Body>
auto Engine(const Body& body) {
  try {
    return body();
  } catch (const EngineError& error) {
    throw ArgumentError{error.code, error.message};
  }
}

napi_value Number(napi_env env, double value) { return Napi::Number::New(env, value); }

// createProgram(isBody): External
napi_value CreateProgram(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    auto handle = std::make_unique<Handle>();
    if (Arguments(info, 0).Boolean(0, "isBody")) handle->compiled->program.BorrowInputs();
    napi_value external;
    if (napi_create_external(env, handle.get(), Finalize, nullptr, &external) != napi_ok) throw Napi::Error::New(env);
    handle.release();
    return external;
  });
}

// programInput(program, type): value
napi_value ProgramInput(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    Arguments args(info, 1);
    const DataType type = TypeOfCode(args.Integer(0, "type", 0, static_cast<int32_t>(kDataTypes) - 1), "type");
    return Number(env, static_cast<double>(Engine([&] { return handle.compiled->program.AddInput(type); })));
  });
}

// programConstant(program, type, dims: Float64Array, bytes: Uint8Array, readers): value
napi_value ProgramConstant(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    Arguments args(info, 1);
    const DataType type = TypeOfCode(args.Integer(0, "type", 0, static_cast<int32_t>(kDataTypes) - 1), "type");
    const Array<const double> sizes = args.In<double>(1, "dims");
    const Array<const uint8_t> bytes = args.InBytes(2, "bytes");
    const size_t readers = args.Size(3, "readers");
    return Engine([&] {
      const Dims dims = ReadDims(sizes.data, sizes.length);
      RequireLength("bytes", bytes.length, dims.Count() * ElementSize(type));
      return Number(env, static_cast<double>(handle.compiled->program.AddConstant(type, dims, bytes.data, readers)));
    });
  });
}

std::string TextOf(napi_env env, napi_value value, const char* name) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    throw ArgumentError{"ERR_WRONG_TYPE", std::string(name) + ": expected a string"};
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, &text[0], length + 1, &length);
  return text;
}

std::vector<std::string> TextsOf(napi_env env, napi_value value, const char* name) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array || napi_get_array_length(env, value, &length) != napi_ok) {
    throw ArgumentError{"ERR_WRONG_TYPE", std::string(name) + ": expected an array of strings"};
  }
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok) throw Napi::Error::New(env);
    texts.push_back(TextOf(env, element, name));
  }
  return texts;
}

// Numbers of name k are numbers[ends[k - 1] .. ends[k]); texts are name, value, name, value.
Attributes ReadAttributes(const std::vector<std::string>& names, const std::vector<std::string>& texts, Arguments& args) {
  const Array<const int32_t> ends = args.In<int32_t>(4, "ends");
  const Array<const double> numbers = args.In<double>(5, "numbers");
  RequireLength("ends", ends.length, names.size());
  if (texts.size() % 2 != 0) throw ArgumentError{"ERR_WRONG_LENGTH", "texts: expected a value for each name"};
  Attributes attributes;
  size_t begin = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (ends.data[i] < 0 || static_cast<size_t>(ends.data[i]) < begin || static_cast<size_t>(ends.data[i]) > numbers.length) {
      throw ArgumentError{"ERR_WRONG_LENGTH", "ends: expected ascending positions in numbers"};
    }
    const size_t end = static_cast<size_t>(ends.data[i]);
    attributes.SetNumbers(names[i], std::vector<double>(numbers.data + begin, numbers.data + end));
    begin = end;
  }
  for (size_t i = 0; i + 1 < texts.size(); i += 2) attributes.SetText(texts[i], texts[i + 1]);
  return attributes;
}

// Programs that are bodies of the operator; they live on in it.
std::vector<std::shared_ptr<const Program>> ReadBodies(const Napi::CallbackInfo& info, size_t first) {
  std::vector<std::shared_ptr<const Program>> bodies;
  for (size_t i = first; i < info.Length(); ++i) {
    const std::shared_ptr<Compiled>& compiled = HandleOf(info, i).compiled;
    bodies.emplace_back(compiled, &compiled->program);
  }
  return bodies;
}

// programOperator(program, type, inputs, outputs, names, ends, numbers, texts, ...bodies): first output value
napi_value ProgramOperator(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    if (info.Length() < 8) throw ArgumentError{"ERR_WRONG_TYPE", "programOperator: expected 8 arguments"};
    const std::string type = TextOf(env, info[1], "type");
    // Elements may be getters, which may close the program or let go of arrays: all are read before those are looked at.
    const std::vector<std::string> names = TextsOf(env, info[4], "names"), texts = TextsOf(env, info[7], "texts");
    Handle& handle = HandleOf(info, 0);
    Arguments args(info, 1);
    const Array<const int32_t> inputs = args.In<int32_t>(1, "inputs");
    const Array<const int32_t> outputs = args.In<int32_t>(2, "outputs");
    Attributes attributes = ReadAttributes(names, texts, args);
    std::vector<DataType> types;
    for (size_t i = 0; i < outputs.length; ++i) types.push_back(TypeOfCode(outputs.data[i], "outputs"));
    return Engine([&] {
      const std::vector<ptrdiff_t> values(inputs.data, inputs.data + inputs.length);
      return Number(env, static_cast<double>(
                             handle.compiled->program.AddOperator(type, values, types, std::move(attributes),
                                                                  ReadBodies(info, 8))));
    });
  });
}

// programState(program, input, output): undefined
napi_value ProgramState(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    Arguments args(info, 1);
    const size_t input = args.Size(0, "input"), output = args.Size(1, "output");
    Engine([&] { handle.compiled->program.LinkState(input, output); });
    return Napi::Env(env).Undefined();
  });
}

// createState(program): External
napi_value CreateState(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    RequireFinished(handle);
    auto holder = std::make_unique<StateHolder>();
    holder->handle = std::make_shared<StateHandle>(handle.compiled);
    napi_value external;
    if (napi_create_external(env, holder.get(), FinalizeState, nullptr, &external) != napi_ok) throw Napi::Error::New(env);
    holder.release();
    return external;
  });
}

// resetState(state): undefined
napi_value ResetState(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    const std::shared_ptr<StateHandle> state = StateOf(info, 0);
    if (!state || state->is_busy) throw ArgumentError{"ERR_ENGINE_PROGRAM", "state: expected one that no run uses"};
    state->state.Clear();
    return Napi::Env(env).Undefined();
  });
}

// programFinish(program, outputs: Int32Array): bytes of its constants
napi_value ProgramFinish(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    Arguments args(info, 1);
    const Array<const int32_t> outputs = args.In<int32_t>(0, "outputs");
    return Engine([&] {
      std::vector<Program::ValueId> ids;
      for (size_t i = 0; i < outputs.length; ++i) ids.push_back(static_cast<size_t>(static_cast<int64_t>(outputs.data[i])));
      handle.compiled->program.Finish(std::move(ids));
      handle.reported = static_cast<int64_t>(handle.compiled->program.ConstantBytes());
      int64_t total;
      napi_adjust_external_memory(env, handle.reported, &total);
      return Number(env, static_cast<double>(handle.reported));
    });
  });
}

// programNotes(program): string[], type and note of each operator in turn
napi_value ProgramNotes(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    Napi::Array notes = Napi::Array::New(env);
    uint32_t count = 0;
    for (const Program::Step& step : handle.compiled->program.Steps()) {
      notes.Set(count++, step.type);
      notes.Set(count++, step.op->Note());
    }
    return notes;
  });
}

// profileProgram(program, on): Float64Array of nanoseconds of each operator in the runs since it was turned on
napi_value ProfileProgram(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    RequireFinished(handle);  // as many operators as there will be
    const bool on = Arguments(info, 1).Boolean(0, "on");
    Compiled& compiled = *handle.compiled;
    std::lock_guard<std::mutex> lock(compiled.mutex);
    Napi::Float64Array result = Napi::Float64Array::New(env, compiled.nanoseconds.size());
    std::copy(compiled.nanoseconds.begin(), compiled.nanoseconds.end(), result.Data());
    compiled.is_profiled = on;
    compiled.nanoseconds.assign(on ? compiled.program.Steps().size() : 0, 0);
    return result;
  });
}

// closeProgram(program): its memory goes when the last run has ended
napi_value CloseProgram(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Handle& handle = HandleOf(info, 0);
    handle.compiled.reset();
    int64_t total;
    napi_adjust_external_memory(env, -handle.reported, &total);
    handle.reported = 0;
    return Napi::Env(env).Undefined();
  });
}

napi_value OperatorTypes(napi_env env, napi_callback_info) {
  return Guard(env, [&]() -> napi_value {
    Napi::Array types = Napi::Array::New(env);
    uint32_t count = 0;
    for (const char* type : OperatorTypeNames()) types.Set(count++, type);
    return types;
  });
}

// One run: the outputs lie in the execution until they are copied out on the environment's own thread.
struct Run {
  std::shared_ptr<Compiled> compiled;
  std::shared_ptr<StateHandle> state;
  std::unique_ptr<State> own_state;  // of a program with state that is run without one
  std::unique_ptr<Execution> execution;
  std::vector<Tensor> inputs, outputs;
  std::vector<bool> wanted;
  std::vector<double> header;
  unsigned threads = 0;

  ~Run() {
    if (state) state->is_busy = false;
  }

  bool Compute(AbortFlag abort) {
    TakeState();
    execution = compiled->Borrow();
    bool done = false;
    try {
      const std::unique_ptr<std::vector<double>> profile = compiled->NewProfile();
      const auto begin = std::chrono::steady_clock::now();
      done = execution->Run(inputs, {abort, threads, profile.get()}, &outputs);
      compiled->SetTime(header, done ? std::chrono::steady_clock::now() - begin : kLong);
      if (profile) compiled->AddProfile(*profile);
    } catch (...) {
      compiled->GiveBack(std::move(execution));
      throw;
    }
    if (!done) compiled->GiveBack(std::move(execution));
    return done;
  }

  // What is fed for a carried input moves into memory of the engine; where nothing is fed it is there already.
  void TakeState() {
    if (compiled->program.StateLinks().empty()) return;
    if (!state) own_state = std::make_unique<State>(compiled->program);
    State& values = state ? state->state : *own_state;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const size_t link = values.LinkOf(i);
      if (link == compiled->program.StateLinks().size()) continue;
      if (inputs[i].data != nullptr) values.Set(link, inputs[i]);
      if (!values.IsSet(link)) {
        throw EngineError{"ERR_ENGINE_FEEDS", "input " + std::to_string(i) + ": expected a first value of the state, received none"};
      }
      inputs[i] = values.Get(link);
    }
  }

  // [header: Float64Array of type, rank, dims for each wanted output, ...ArrayBuffer]
  napi_value Result(napi_env env) {
    std::vector<double> header;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!wanted[i]) continue;
      header.push_back(static_cast<double>(outputs[i].type));
      header.push_back(static_cast<double>(outputs[i].dims.Rank()));
      for (size_t axis = 0; axis < outputs[i].dims.Rank(); ++axis) {
        header.push_back(static_cast<double>(outputs[i].dims[axis]));
      }
    }
    Napi::Array result = Napi::Array::New(env);
    Napi::Float64Array numbers = Napi::Float64Array::New(env, header.size());
    for (size_t i = 0; i < header.size(); ++i) numbers[i] = header[i];
    uint32_t count = 0;
    result.Set(count++, numbers);
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!wanted[i]) continue;
      const size_t bytes = outputs[i].Bytes();
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
      if (bytes != 0) std::memcpy(buffer.Data(), outputs[i].data, bytes);
      result.Set(count++, buffer);
    }
    if (state) state->state.Advance(*execution, outputs);
    compiled->GiveBack(std::move(execution));
    return result;
  }
};

// type, rank and dims of each input; type -1, rank 0: taken from the state, no array.
void ReadInputs(Arguments& args, size_t first, const Array<const double>& header, Run& run) {
  size_t at = 0, array = first;
  while (at < header.length) {
    if (header.length - at < 2 || !(header.data[at + 1] >= 0 && header.data[at + 1] <= static_cast<double>(kMaxRank)) ||
        header.length - at - 2 < static_cast<size_t>(header.data[at + 1])) {
      throw ArgumentError{"ERR_WRONG_LENGTH", "header: expected type, rank and dims of each input"};
    }
    Tensor input;
    const size_t rank = static_cast<size_t>(header.data[at + 1]);
    const bool is_carried = header.data[at] == -1 && run.state != nullptr;
    if (!is_carried) {
      input.type = TypeOfCode(header.data[at], "header");
      input.dims = Engine([&] { return ReadDims(header.data + at + 2, rank); });
      const Array<const uint8_t> bytes = args.InBytes(array++, "input");
      RequireLength("input", bytes.length, input.Bytes());
      static uint8_t nothing;  // an empty array may have no address, which would look like a carried input
      input.data = bytes.length == 0 ? &nothing : const_cast<uint8_t*>(bytes.data);
    } else if (run.inputs.size() < run.compiled->program.Inputs().size()) {
      const Program& program = run.compiled->program;
      if (run.state->state.LinkOf(run.inputs.size()) == program.StateLinks().size()) {
        throw ArgumentError{"ERR_ENGINE_FEEDS", "header: expected a carried input where none is fed, received another"};
      }
      input.type = program.Values()[program.Inputs()[run.inputs.size()]].type;
    }
    at += 2 + rank;
    run.inputs.push_back(input);
  }
}

// On this thread, which the caller has entered into the pool.
napi_value RunNow(napi_env env, Run& run) {
  struct Leaves {
    ~Leaves() { ThreadPool::Process().Leave(); }
  } leaves;
  Engine([&] { run.Compute(nullptr); });
  return run.Result(env);
}

// runProgram(abort, program, threads, state, wanted: Uint8Array, header: Float64Array, ...Uint8Array): [header, ...ArrayBuffer], or a
// promise of it
napi_value RunProgram(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments args(info, 0);
    std::atomic<int32_t>* abort = args.Abort(0);
    Handle& handle = HandleOf(info, 1);
    RequireFinished(handle);
    if (handle.compiled->program.IsBody()) {
      throw ArgumentError{"ERR_ENGINE_PROGRAM", "program: expected one that is no body, received a body"};
    }
    auto run = std::make_shared<Run>();
    run->compiled = handle.compiled;
    run->threads = static_cast<unsigned>(args.Integer(2, "threads", 0, static_cast<int32_t>(ThreadPool::kMaxThreads)));
    const std::shared_ptr<StateHandle> state = StateOf(info, 3);
    if (state && (state->is_busy || state->compiled != handle.compiled)) {
      throw ArgumentError{"ERR_ENGINE_PROGRAM", "state: expected one of this program that no run uses"};
    }
    const Array<const uint8_t> wanted = args.InBytes(4, "wanted");
    RequireLength("wanted", wanted.length, handle.compiled->program.Outputs().size());
    run->wanted.assign(wanted.data, wanted.data + wanted.length);
    const Array<const double> header = args.In<double>(5, "header");
    run->state = state;
    if (state) state->is_busy = true;
    ReadInputs(args, 6, header, *run);
    run->header.assign(header.data, header.data + header.length);
    if ((abort == nullptr || abort->load() == 0) && !handle.compiled->program.HasBodies()) {
      if (handle.compiled->IsShort(header) && ThreadPool::Process().TryEnter()) return RunNow(env, *run);
    }
    return Environment::Of(env).Run(
        env, [run](AbortFlag flag) { return run->Compute(flag); }, args.Arrays(), abort,
        [run](napi_env result_env) { return run->Result(result_env); });
  });
}

}  // namespace

void RegisterPrograms(Napi::Object exports) {
  Define(exports, "createProgram", CreateProgram);
  Define(exports, "programInput", ProgramInput);
  Define(exports, "programConstant", ProgramConstant);
  Define(exports, "programOperator", ProgramOperator);
  Define(exports, "programState", ProgramState);
  Define(exports, "programFinish", ProgramFinish);
  Define(exports, "programNotes", ProgramNotes);
  Define(exports, "profileProgram", ProfileProgram);
  Define(exports, "closeProgram", CloseProgram);
  Define(exports, "operatorTypes", OperatorTypes);
  Define(exports, "createState", CreateState);
  Define(exports, "resetState", ResetState);
  Define(exports, "runProgram", RunProgram);
}

}  // namespace gossamer
