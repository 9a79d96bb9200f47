#include <cstring>
#include <utility>
#include <vector>

#include "cuda/launch_size.h"
#include "cuda/two_four.h"
#include "cuda/weights.h"

namespace gossamer {
namespace {

constexpr int kFirstWithMma = 80;  // compute capability of Ampere

bool HasMma() { return Cuda().compute_capability >= kFirstWithMma; }

// Rows of `k` bytes on the device, each filled up with zeros to `padded`.
DeviceBuffer Rows(const void* data, size_t rows, size_t k, size_t padded) {
  if (k == padded) return DeviceBuffer(data, rows * k);
  std::vector<uint8_t> copy(rows * padded);
  for (size_t r = 0; r < rows; ++r) {
    if (k != 0) std::memcpy(&copy[r * padded], static_cast<const uint8_t*>(data) + r * k, k);
  }
  return DeviceBuffer(copy.data(), copy.size());
}

template <class T>
DeviceBuffer Upload(const std::vector<T>& values) {
  return DeviceBuffer(values.data(), values.size() * sizeof(T));
}

class Dense : public CudaI8Weights {
 public:
  Dense(const int8_t* w, size_t n, size_t k)
      : CudaI8Weights(n, k), padded_((k + 3) / 4 * 4), w_(Rows(w, n, k, padded_)) {}
  size_t Bytes() const override { return w_.Bytes(); }

 private:
  void Run(const uint8_t* x, size_t m, const DeviceBuffer& y) const override {
    int m_count = CudaInt("m", m), n_count = CudaInt("n", N()), k_count = CudaInt("k", padded_);
    const DeviceBuffer x_device = Rows(x, m, K(), padded_);
    void* arguments[] = {x_device.Argument(), w_.Argument(), y.Argument(), &m_count, &n_count, &k_count};
    if (HasMma()) {
      LaunchCuda("GemmI8MmaCuda", {CudaBlocks(N(), 32), CudaBlocks(m, 64), 1}, {128, 1, 1}, arguments);
    } else {
      LaunchCuda("GemmI8Dp4aCuda", {CudaBlocks(N(), 16), CudaBlocks(m, 16), 1}, {16, 16, 1}, arguments);
    }
  }

  size_t padded_;
  DeviceBuffer w_;
};

// The non-zeros of each row, one after another.
struct NonZeros {
  std::vector<int32_t> starts{0}, columns;
  std::vector<int8_t> values;

  NonZeros(const int8_t* w, size_t n, size_t k) {
    for (size_t row = 0; row < n; ++row) {
      for (size_t i = 0; i < k; ++i) {
        if (w[row * k + i] == 0) continue;
        columns.push_back(CudaInt("k", i));
        values.push_back(w[row * k + i]);
      }
      starts.push_back(CudaInt("non-zeros", values.size()));
    }
  }
};

class Sparse : public CudaI8Weights {
 public:
  Sparse(const NonZeros& found, size_t n, size_t k)
      : CudaI8Weights(n, k),
        starts_(Upload(found.starts)),
        columns_(Upload(found.columns)),
        values_(Upload(found.values)) {}
  size_t Bytes() const override { return starts_.Bytes() + columns_.Bytes() + values_.Bytes(); }

 private:
  void Run(const uint8_t* x, size_t m, const DeviceBuffer& y) const override {
    int m_count = CudaInt("m", m), n_count = CudaInt("n", N());
    std::vector<uint8_t> transposed(m * K());
    for (size_t row = 0; row < m; ++row) {
      for (size_t i = 0; i < K(); ++i) transposed[i * m + row] = x[row * K() + i];
    }
    const DeviceBuffer x_device = Upload(transposed);
    void* arguments[] = {x_device.Argument(), starts_.Argument(), columns_.Argument(), values_.Argument(),
                         y.Argument(),        &m_count,           &n_count};
    LaunchCuda("SparseI8CsrCuda", {N(), CudaBlocks(m, 128), 1}, {128, 1, 1}, arguments);
  }

  DeviceBuffer starts_, columns_, values_;
};

class TwoFourDp4a : public CudaI8Weights {
 public:
  TwoFourDp4a(const TwoFourSlots& slots, const TwoFourBytes& packed, size_t n, size_t k)
      : CudaI8Weights(n, k),
        padded_(slots.groups * 4),
        values_(Upload(packed.values)),
        selectors_(Upload(packed.selectors)) {}
  size_t Bytes() const override { return values_.Bytes() + selectors_.Bytes(); }

 private:
  void Run(const uint8_t* x, size_t m, const DeviceBuffer& y) const override {
    int m_count = CudaInt("m", m), n_count = CudaInt("n", N()), k_count = CudaInt("k", padded_);
    const DeviceBuffer x_device = Rows(x, m, K(), padded_);
    void* arguments[] = {x_device.Argument(), selectors_.Argument(), values_.Argument(), y.Argument(),
                         &m_count,            &n_count,              &k_count};
    LaunchCuda("SparseI8TwoFourCuda", {N(), CudaBlocks(m, 128), 1}, {128, 1, 1}, arguments);
  }

  size_t padded_;
  DeviceBuffer values_, selectors_;
};

class TwoFourMma : public CudaI8Weights {
 public:
  TwoFourMma(const TwoFourSlots& slots, const TwoFourFragments& packed, size_t n, size_t k)
      : CudaI8Weights(n, k),
        padded_(slots.groups * 4),
        values_(Upload(packed.values)),
        places_(Upload(packed.places)) {}
  size_t Bytes() const override { return values_.Bytes() + places_.Bytes(); }

 private:
  void Run(const uint8_t* x, size_t m, const DeviceBuffer& y) const override {
    int m_count = CudaInt("m", m), n_count = CudaInt("n", N()), k_count = CudaInt("k", padded_);
    const DeviceBuffer x_device = Rows(x, m, K(), padded_);
    void* arguments[] = {x_device.Argument(), values_.Argument(), places_.Argument(), y.Argument(),
                         &m_count,            &n_count,           &k_count};
    LaunchCuda("SparseI8TwoFourMmaCuda", {CudaBlocks(N(), 64), CudaBlocks(m, 32), 1}, {128, 1, 1}, arguments);
  }

  size_t padded_;
  DeviceBuffer values_, places_;
};

}  // namespace

void CudaI8Weights::Multiply(const uint8_t* x, size_t m, int32_t* y) const {
  if (m == 0 || n_ == 0) return;
  const DeviceBuffer y_device(m * n_ * sizeof(int32_t));
  Run(x, m, y_device);
  y_device.CopyTo(y);
}

std::unique_ptr<CudaI8Weights> UploadI8(const int8_t* w, size_t n, size_t k, CudaFormat format) {
  RequireCuda();
  if (format == CudaFormat::kDense) return std::make_unique<Dense>(w, n, k);
  if (format == CudaFormat::kSparse) return std::make_unique<Sparse>(NonZeros(w, n, k), n, k);
  const bool has_mma = HasMma();
  const TwoFourSlots slots = FindTwoFour(w, n, k, has_mma ? 16 : 2);
  if (has_mma) return std::make_unique<TwoFourMma>(slots, PackTwoFourFragments(slots, n), n, k);
  return std::make_unique<TwoFourDp4a>(slots, PackTwoFourBytes(slots, n), n, k);
}

}  // namespace gossamer
