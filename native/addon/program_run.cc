// Runs of programs, and the states that sequences of runs carry along.
#include "addon/environment.h"
#include "addon/guard.h"
#include "addon/program.h"
#include "addon/program_handle.h"
#include "kernels/linear.h"

namespace gossamer {
namespace {

// Whether the array's elements lie as foreign memory must (engine/execution.h): aligned, and with room behind them in
// the same ArrayBuffer.
bool IsForeign(napi_env env, napi_value array, const void* elements, size_t bytes) {
  if (bytes == 0 || reinterpret_cast<uintptr_t>(elements) % kBufferAlignment != 0) return false;
  napi_value buffer;
  void* begin = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env, array, nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok) return false;
  if (napi_get_arraybuffer_info(env, buffer, &begin, &length) != napi_ok) return false;  // it is shared
  const size_t before = static_cast<size_t>(static_cast<const uint8_t*>(elements) - static_cast<uint8_t*>(begin));
  return length - before - bytes >= kReadSlack;
}

void FinalizeState(napi_env, void* data, void*) { delete static_cast<StateHolder*>(data); }

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

// What becomes of an output; the numbers are those of runProgram's `wanted`.
enum class Fate : uint8_t { kDropped, kNew, kGiven };
struct Given {
  uint8_t* data = nullptr;
  size_t bytes = 0;
};

// One run: outputs lie in the execution until they are copied out on the environment's own thread, or where the caller
// wants them to be.
struct Run {
  std::shared_ptr<Compiled> compiled;
  std::shared_ptr<StateHandle> state;
  std::unique_ptr<State> own_state;  // of a program with state that is run without one
  std::unique_ptr<Execution> execution;
  std::vector<Tensor> inputs, outputs;
  std::vector<Fate> fates;            // by output
  std::vector<Given> given;           // by output: where it goes (kGiven)
  std::vector<bool> foreign_inputs;   // by input
  std::vector<Foreign> destinations;  // by output, where what is given may hold it from the start; empty: nowhere
  std::vector<double> header;
  unsigned threads = 0;

  ~Run() {
    if (state) state->is_busy = false;
  }

  bool Compute(AbortFlag abort) {
    bool done = false;
    try {
      done = Execute(abort);
    } catch (...) {
      if (state) state->state.Drop();
      throw;
    }
    if (!done && state) state->state.Drop();
    return done;
  }

  bool Execute(AbortFlag abort) {
    TakeState();
    execution = compiled->Borrow();
    bool done = false;
    try {
      const std::unique_ptr<std::vector<double>> profile = compiled->NewProfile();
      const auto begin = std::chrono::steady_clock::now();
      // One run alone need not leave room behind what it carries nowhere.
      const std::vector<Carried*>* carried = state ? &state->state.Values() : nullptr;
      const std::vector<Foreign>* foreign_outputs = destinations.empty() ? nullptr : &destinations;
      const RunOptions options{abort, threads, profile.get(), carried, &foreign_inputs, foreign_outputs};
      done = execution->Run(inputs, options, &outputs);
      if (done) FillGiven();
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

  // On the thread that ran: what does not lie there already is copied.
  void FillGiven() {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (fates[i] != Fate::kGiven) continue;
      if (given[i].bytes != outputs[i].Bytes()) {
        throw EngineError{"ERR_ENGINE_FEEDS", "into: expected " + std::to_string(outputs[i].Bytes()) +
                                                  " bytes for output " + std::to_string(i) + ", received " +
                                                  std::to_string(given[i].bytes)};
      }
      if (outputs[i].data != given[i].data) outputs[i].CopyTo(given[i].data);
    }
  }

  // [header: Float64Array of type, rank, dims for each wanted output, ...ArrayBuffer of each that is new]
  napi_value Result(napi_env env) {
    std::vector<double> header;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (fates[i] == Fate::kDropped) continue;
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
      if (fates[i] != Fate::kNew) continue;
      const size_t bytes = outputs[i].Bytes();
      Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes);
      outputs[i].CopyTo(buffer.Data());
      result.Set(count++, buffer);
    }
    if (state) state->state.Advance(*execution, outputs);
    compiled->GiveBack(std::move(execution));
    return result;
  }
};

// type, rank and dims of each input; type -1, rank 0: taken from the state, no array.
void ReadInputs(napi_env env, const Napi::CallbackInfo& info, Arguments& args, size_t first,
                const Array<const double>& header, Run& run) {
  size_t at = 0, array = first;
  while (at < header.length) {
    if (header.length - at < 2 || !(header.data[at + 1] >= 0 && header.data[at + 1] <= static_cast<double>(kMaxRank)) ||
        header.length - at - 2 < static_cast<size_t>(header.data[at + 1])) {
      throw ArgumentError{"ERR_WRONG_LENGTH", "header: expected type, rank and dims of each input"};
    }
    Tensor input;
    bool is_foreign = false;
    const size_t rank = static_cast<size_t>(header.data[at + 1]);
    const bool is_carried = header.data[at] == -1 && run.state != nullptr;
    if (!is_carried) {
      input.type = TypeOfCode(header.data[at], "header");
      input.dims = Engine([&] { return ReadDims(header.data + at + 2, rank); });
      const Array<const uint8_t> bytes = args.InBytes(array, "input");
      RequireLength("input", bytes.length, input.Bytes());
      is_foreign = IsForeign(env, info[array++], bytes.data, bytes.length);
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
    run.foreign_inputs.push_back(is_foreign);
  }
}

// The arrays that outputs go into, which come before those of the inputs. Gives the argument behind them.
size_t ReadGiven(napi_env env, const Napi::CallbackInfo& info, Arguments& args, size_t first,
                 const Array<const uint8_t>& fates, Run& run) {
  run.given.resize(fates.length);
  for (size_t i = 0; i < fates.length; ++i) {
    if (fates.data[i] > static_cast<uint8_t>(Fate::kGiven)) {
      throw ArgumentError{"ERR_BAD_RANGE", "wanted: expected 0, 1 or 2, received " + std::to_string(fates.data[i])};
    }
    run.fates.push_back(static_cast<Fate>(fates.data[i]));
    if (run.fates[i] != Fate::kGiven) continue;
    const Array<uint8_t> bytes = args.OutBytes(first, "into");
    run.given[i] = {bytes.data, bytes.length};
    if (IsForeign(env, info[first++], bytes.data, bytes.length)) {
      run.destinations.resize(fates.length);
      run.destinations[i] = {bytes.data, bytes.length};
    }
  }
  return first;
}

// On this thread, which the caller has entered into the pool.
napi_value RunNow(napi_env env, Run& run) {
  struct Leaves {
    ~Leaves() { ThreadPool::Process().Leave(); }
  } leaves;
  Engine([&] { run.Compute(nullptr); });
  return run.Result(env);
}

// runProgram(abort, program, threads, state, wanted: Uint8Array, header: Float64Array, ...into: Uint8Array,
// ...inputs: Uint8Array): [header, ...ArrayBuffer], or a promise of it
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
    const Array<const double> header = args.In<double>(5, "header");
    run->state = state;
    if (state) state->is_busy = true;
    const size_t first_input = ReadGiven(env, info, args, 6, wanted, *run);
    ReadInputs(env, info, args, first_input, header, *run);
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

void RegisterProgramRuns(Napi::Object exports) {
  Define(exports, "createState", CreateState);
  Define(exports, "resetState", ResetState);
  Define(exports, "runProgram", RunProgram);
}

}  // namespace gossamer
