#include "addon/program.h"

#include "addon/guard.h"
#include "addon/program_handle.h"
#include "engine/registry.h"

namespace gossamer {
namespace {

void Finalize(napi_env env, void* data, void*) {
  Handle* handle = static_cast<Handle*>(data);
  int64_t total;
  napi_adjust_external_memory(env, -handle->reported, &total);
  delete handle;
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
      notes.Set(count++, step.grows == Program::kNone ? step.op->Note() : "appends to the state where it lies");
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
}

}  // namespace gossamer
