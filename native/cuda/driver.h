// The CUDA driver, found at run time: no header and no library of CUDA is needed to build or to start. GOSSAMER_LIBCUDA
// names another library than the system's (tests).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace gossamer {

struct CudaStatus {
  bool is_available;
  int compute_capability;  // 10 * major + minor, of the first device; 0 without one
  std::string text;        // "NVIDIA A100, compute capability 8.0, driver API 13.0", or why there is none
};

// Of this process; looks for the driver on the first call.
const CudaStatus& Cuda();

// Memory of the device. All throw EngineError (ERR_CUDA) with what the driver says.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t bytes);
  DeviceBuffer(const void* data, size_t bytes);  // a copy of it
  ~DeviceBuffer();
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  void Clear();
  void CopyTo(void* data) const;
  // For the list of a kernel's arguments.
  void* Argument() { return &address_; }

 private:
  unsigned long long address_ = 0;
  size_t bytes_;
};

struct LaunchSize {
  unsigned x, y, z;
};

// Runs the kernel of that name to its end. `arguments`: the address of each.
void LaunchCuda(const char* kernel, LaunchSize grid, LaunchSize block, void** arguments);

}  // namespace gossamer
