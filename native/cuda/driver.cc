#include "cuda/driver.h"

#include <cstdlib>

#include "engine/tensor.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#if GOSSAMER_HAS_CUDA_KERNELS
extern const unsigned char kGossamerCudaKernels[];
#endif

namespace gossamer {
namespace {

// The driver's types, as cuda.h has them.
using Result = int;
using Device = int;
using Address = unsigned long long;
struct Context;
struct Module;
struct Function;
struct Stream;

constexpr int kComputeCapabilityMajor = 75, kComputeCapabilityMinor = 76;  // CUdevice_attribute
constexpr Result kOutOfMemory = 2;                                         // CUDA_ERROR_OUT_OF_MEMORY
constexpr size_t kMaxGridX = 0x7fffffff, kMaxGridYz = 65535;               // of every GPU there is

constexpr bool kHasKernels = GOSSAMER_HAS_CUDA_KERNELS != 0;

const void* Image() {
#if GOSSAMER_HAS_CUDA_KERNELS
  return kGossamerCudaKernels;
#else
  return nullptr;  // the stand-in for the driver needs none
#endif
}

// X(member, symbol, parameters)
#define GOSSAMER_CUDA_FUNCTIONS(X)                                                                                  \
  X(init, "cuInit", (unsigned))                                                                                     \
  X(driver_get_version, "cuDriverGetVersion", (int*))                                                               \
  X(device_get_count, "cuDeviceGetCount", (int*))                                                                   \
  X(device_get, "cuDeviceGet", (Device*, int))                                                                      \
  X(device_get_name, "cuDeviceGetName", (char*, int, Device))                                                       \
  X(device_get_attribute, "cuDeviceGetAttribute", (int*, int, Device))                                              \
  X(primary_context_retain, "cuDevicePrimaryCtxRetain", (Context**, Device))                                        \
  X(context_set_current, "cuCtxSetCurrent", (Context*))                                                             \
  X(context_synchronize, "cuCtxSynchronize", (void))                                                                \
  X(module_load_data, "cuModuleLoadData", (Module**, const void*))                                                  \
  X(module_get_function, "cuModuleGetFunction", (Function**, Module*, const char*))                                 \
  X(memory_allocate, "cuMemAlloc_v2", (Address*, size_t))                                                           \
  X(memory_free, "cuMemFree_v2", (Address))                                                                         \
  X(memory_set, "cuMemsetD8_v2", (Address, unsigned char, size_t))                                                  \
  X(memory_get_info, "cuMemGetInfo_v2", (size_t*, size_t*))                                                         \
  X(copy_to_device, "cuMemcpyHtoD_v2", (Address, const void*, size_t))                                              \
  X(copy_to_host, "cuMemcpyDtoH_v2", (void*, Address, size_t))                                                      \
  X(launch, "cuLaunchKernel",                                                                                       \
    (Function*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream*, void**, void**))     \
  X(get_error_name, "cuGetErrorName", (Result, const char**))                                                       \
  X(get_error_string, "cuGetErrorString", (Result, const char**))

struct Driver {
#define GOSSAMER_MEMBER(member, symbol, parameters) Result(*member) parameters = nullptr;
  GOSSAMER_CUDA_FUNCTIONS(GOSSAMER_MEMBER)
#undef GOSSAMER_MEMBER
  Context* context = nullptr;
  Module* module = nullptr;
  CudaStatus status{false, 0, ""};

  void Check(Result result, const char* what) const {
    if (result == 0) return;
    const char *name = nullptr, *text = nullptr;
    get_error_name(result, &name);
    get_error_string(result, &text);
    if (name == nullptr) name = "an error without a name";
    if (text == nullptr) text = "of which the driver says no more";
    throw EngineError{result == kOutOfMemory ? "ERR_CUDA_OUT_OF_MEMORY" : "ERR_CUDA",
                      std::string(what) + ": " + name + ", " + text + " (" + std::to_string(result) + ")"};
  }

  Driver() {
    try {
      Open();
    } catch (const EngineError& error) {
      status.text = error.message;
    }
  }

  void* Library(std::string* name) const {
    const char* wanted = std::getenv("GOSSAMER_LIBCUDA");
#if defined(_WIN32)
    *name = wanted != nullptr ? wanted : "nvcuda.dll";
    return reinterpret_cast<void*>(LoadLibraryA(name->c_str()));
#else
    *name = wanted != nullptr ? wanted : "libcuda.so.1";
    return dlopen(name->c_str(), RTLD_NOW | RTLD_LOCAL);
#endif
  }

  static void* Symbol(void* library, const char* name) {
#if defined(_WIN32)
    return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
#else
    return dlsym(library, name);
#endif
  }

  void Open() {
    if (!kHasKernels && std::getenv("GOSSAMER_LIBCUDA") == nullptr) {
      status.text = "this build has no CUDA kernels (no nvcc was found)";
      return;
    }
    std::string name;
    void* library = Library(&name);
    if (library == nullptr) {
      status.text = "no NVIDIA driver (" + name + " not found)";
      return;
    }
#define GOSSAMER_LOAD(member, symbol, parameters)                                        \
  member = reinterpret_cast<Result(*) parameters>(Symbol(library, symbol));              \
  if (member == nullptr) throw EngineError{"ERR_CUDA", name + ": expected " symbol ", found none"};
    GOSSAMER_CUDA_FUNCTIONS(GOSSAMER_LOAD)
#undef GOSSAMER_LOAD
    Check(init(0), "cuInit");
    int count = 0, version = 0, major = 0, minor = 0;
    Check(device_get_count(&count), "cuDeviceGetCount");
    Check(driver_get_version(&version), "cuDriverGetVersion");
    if (count == 0) throw EngineError{"ERR_CUDA", "no CUDA device"};
    Device device = 0;
    char device_name[128] = "";
    Check(device_get(&device, 0), "cuDeviceGet");
    Check(device_get_name(device_name, sizeof device_name, device), "cuDeviceGetName");
    Check(device_get_attribute(&major, kComputeCapabilityMajor, device), "cuDeviceGetAttribute");
    Check(device_get_attribute(&minor, kComputeCapabilityMinor, device), "cuDeviceGetAttribute");
    Check(primary_context_retain(&context, device), "cuDevicePrimaryCtxRetain");
    Check(context_set_current(context), "cuCtxSetCurrent");
    Check(module_load_data(&module, Image()), "cuModuleLoadData");
    status.compute_capability = 10 * major + minor;
    status.text = std::string(device_name) + ", compute capability " + std::to_string(major) + "." +
                  std::to_string(minor) + ", driver API " + std::to_string(version / 1000) + "." +
                  std::to_string(version % 1000 / 10);
    status.is_available = true;
  }
};

// Never destroyed: what it holds must outlive every static of others.
const Driver& TheDriver() {
  static const Driver& driver = *new Driver();
  return driver;
}

// With the context current on this thread.
const Driver& Ready() {
  const Driver& driver = TheDriver();
  if (!driver.status.is_available) throw EngineError{"ERR_CUDA_UNAVAILABLE", "CUDA: " + driver.status.text};
  driver.Check(driver.context_set_current(driver.context), "cuCtxSetCurrent");
  return driver;
}

}  // namespace

const CudaStatus& Cuda() { return TheDriver().status; }

void RequireCuda() { Ready(); }

CudaMemory AskCudaMemory() {
  const Driver& driver = Ready();
  CudaMemory memory{0, 0};
  driver.Check(driver.memory_get_info(&memory.free, &memory.total), "cuMemGetInfo");
  return memory;
}

DeviceBuffer::DeviceBuffer(size_t bytes) : bytes_(bytes) {
  const Driver& driver = Ready();
  driver.Check(driver.memory_allocate(&address_, bytes == 0 ? 1 : bytes), "cuMemAlloc");
}

DeviceBuffer::DeviceBuffer(const void* data, size_t bytes) : DeviceBuffer(bytes) {
  const Driver& driver = Ready();
  if (bytes != 0) driver.Check(driver.copy_to_device(address_, data, bytes), "cuMemcpyHtoD");
}

DeviceBuffer::~DeviceBuffer() {
  if (address_ == 0) return;
  const Driver& driver = TheDriver();
  driver.context_set_current(driver.context);  // this thread may be another than the one that asked for it
  driver.memory_free(address_);
}

void DeviceBuffer::Clear() {
  const Driver& driver = Ready();
  if (bytes_ != 0) driver.Check(driver.memory_set(address_, 0, bytes_), "cuMemsetD8");
}

void DeviceBuffer::CopyTo(void* data) const {
  const Driver& driver = Ready();
  if (bytes_ != 0) driver.Check(driver.copy_to_host(data, address_, bytes_), "cuMemcpyDtoH");
}

void LaunchCuda(const char* kernel, LaunchSize grid, LaunchSize block, void** arguments) {
  const Driver& driver = Ready();
  if (grid.x > kMaxGridX || grid.y > kMaxGridYz || grid.z > kMaxGridYz) {
    throw EngineError{"ERR_WRONG_LENGTH", std::string(kernel) + ": expected fewer rows, received more than a grid has"};
  }
  Function* function = nullptr;
  driver.Check(driver.module_get_function(&function, driver.module, kernel), kernel);
  const auto size = [](size_t value) { return static_cast<unsigned>(value); };
  driver.Check(driver.launch(function, size(grid.x), size(grid.y), size(grid.z), size(block.x), size(block.y),
                             size(block.z), 0, nullptr, arguments, nullptr),
               kernel);
  driver.Check(driver.context_synchronize(), kernel);
}

}  // namespace gossamer
