#include "engine/thread_pool.h"

#include <algorithm>
#include <chrono>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#endif

namespace gossamer {
namespace {

// How long a thread that had work looks for more before it sleeps: a model's operators follow one another within
// microseconds, runs within tenths of milliseconds, and to wake a sleeping thread takes longer than many of them (in a
// virtual machine its core sleeps, too).
constexpr std::chrono::microseconds kSpin{2000};

inline void Pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Whether `done` became true in time.
template <class Done>
bool Spin(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

// Lives on the stack of the caller of ParallelFor, who leaves only when no thread is in it.
struct ThreadPool::Loop {
  const std::function<void(size_t)>& body;
  const size_t tiles;
  const AbortFlag abort;
  std::atomic<size_t> next{0};
  std::atomic<bool> ended_early{false};
  bool aborted = false;      // guarded by error_mutex
  std::exception_ptr error;  // guarded by error_mutex
  std::mutex error_mutex;
  std::atomic<unsigned> helpers{0};  // changed under the pool's mutex
  const unsigned max_helpers;

  Loop(const std::function<void(size_t)>& b, size_t n, AbortFlag a, unsigned most)
      : body(b), tiles(n), abort(a), max_helpers(most) {}
  bool HasTiles() const { return !ended_early.load() && next.load() < tiles; }
};

ThreadPool& ThreadPool::Process() {
  static ThreadPool& pool = *new ThreadPool(DefaultThreads());
  return pool;
}

ThreadPool::ThreadPool(unsigned threads) : target_(std::clamp(threads, 1u, kMaxThreads)) {}

ThreadPool::~ThreadPool() { Shutdown(); }

unsigned ThreadPool::Threads() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return target_;
}

void ThreadPool::SetThreads(unsigned threads) {
  std::lock_guard<std::mutex> lock(mutex_);
  target_ = std::clamp(threads, 1u, kMaxThreads);
  wake_.notify_all();
}

// A single thread has no loops to help; where there are more threads than cores, one that spins is in another's way.
bool ThreadPool::MaySpin() const { return target_ > 1 && target_ <= AvailableCores(); }

unsigned ThreadPool::AliveThreads() const {
  const size_t count = std::min<size_t>(target_, alive_.size());
  return static_cast<unsigned>(std::count(alive_.begin(), alive_.begin() + static_cast<std::ptrdiff_t>(count), true));
}

void ThreadPool::EnsureThreads(std::unique_lock<std::mutex>& lock, Need need) {
  if (AliveThreads() >= target_) return;
  std::unique_lock<std::mutex> lifecycle(lifecycle_, std::try_to_lock);
  if (!lifecycle.owns_lock()) {
    // Someone starts threads, or waits for them to end: perhaps for the very thread that calls this, so it must not
    // wait.
    if (need == Need::kWelcome || AliveThreads() > 0) return;
    lock.unlock();
    lifecycle.lock();
    lock.lock();
  }
  for (unsigned id = 0; id < target_; ++id) {
    if (id < alive_.size() && alive_[id]) continue;
    if (id >= alive_.size()) {
      threads_.reserve(id + 1);  // nothing may fail between the two: they are of one length
      alive_.push_back(false);
      threads_.emplace_back();
    }
    if (threads_[id].joinable()) threads_[id].join();  // it has left the mutex for good: returns at once
    threads_[id] = std::thread([this, id] { Work(id); });
    alive_[id] = true;
  }
}

void ThreadPool::Submit(std::function<void()> task) {
  std::unique_lock<std::mutex> lock(mutex_);
  try {
    EnsureThreads(lock, Need::kOne);
  } catch (const std::exception&) {
    // No thread or no memory for one: fewer than wished for are enough, none are not.
    if (AliveThreads() == 0) throw;
  }
  tasks_.push_back(std::move(task));
  Wake(false);
}

void ThreadPool::Wake(bool all) {
  news_.fetch_add(1, std::memory_order_release);
  if (sleepers_ == 0) return;
  if (all) {
    wake_.notify_all();
  } else {
    wake_.notify_one();
  }
}

bool ThreadPool::TryEnter() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (busy_ + entered_ >= target_ || !tasks_.empty()) return false;
  ++entered_;
  return true;
}

void ThreadPool::Leave() {
  std::lock_guard<std::mutex> lock(mutex_);
  --entered_;
  if (!tasks_.empty() || !loops_.empty()) Wake(true);
}

bool ThreadPool::ParallelFor(size_t tiles, AbortFlag abort, const std::function<void(size_t)>& body,
                             unsigned threads) {
  if (tiles == 0) return abort == nullptr || abort->load(std::memory_order_relaxed) == 0;
  std::unique_lock<std::mutex> lock(mutex_);
  const size_t allowed = threads == 0 ? target_ : std::min(threads, target_);
  const size_t most = std::min<size_t>(allowed - 1, tiles - 1);
  Loop loop(body, tiles, abort, static_cast<unsigned>(most));
  const bool is_shared = most > 0 && Share(loop, lock), may_spin = MaySpin();
  lock.unlock();
  RunTiles(loop);
  if (is_shared) {
    lock.lock();
    loops_.erase(std::find(loops_.begin(), loops_.end(), &loop));
    if (loop.helpers != 0) {
      lock.unlock();
      if (may_spin) Spin([&] { return loop.helpers.load(std::memory_order_acquire) == 0; });
      lock.lock();
      loop_done_.wait(lock, [&] { return loop.helpers == 0; });
    }
    lock.unlock();
  }
  if (loop.error) std::rethrow_exception(loop.error);
  return !loop.aborted;
}

bool ThreadPool::Share(Loop& loop, std::unique_lock<std::mutex>& lock) {
  try {
    loops_.reserve(loops_.size() + 1);
    EnsureThreads(lock, Need::kWelcome);
  } catch (const std::exception&) {
    // No thread or no memory: those that there are, or the caller alone, can do it.
  }
  if (loops_.size() == loops_.capacity()) return false;
  loops_.push_back(&loop);
  Wake(true);
  return true;
}

void ThreadPool::RunTiles(Loop& loop) {
  while (!loop.ended_early.load(std::memory_order_relaxed)) {
    const size_t tile = loop.next.fetch_add(1, std::memory_order_relaxed);
    if (tile >= loop.tiles) return;
    if (loop.abort != nullptr && loop.abort->load(std::memory_order_relaxed) != 0) {
      std::lock_guard<std::mutex> lock(loop.error_mutex);
      loop.aborted = true;
      loop.ended_early = true;
      return;
    }
    try {
      loop.body(tile);
    } catch (...) {
      std::lock_guard<std::mutex> lock(loop.error_mutex);
      if (!loop.error) loop.error = std::current_exception();
      loop.ended_early = true;
      return;
    }
  }
}

ThreadPool::Loop* ThreadPool::LoopToHelp() {
  for (Loop* loop : loops_) {
    if (loop->helpers < loop->max_helpers && loop->HasTiles()) return loop;
  }
  return nullptr;
}

void ThreadPool::Work(unsigned id) {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), "gossamer");  // in top and in debuggers
#endif
  std::unique_lock<std::mutex> lock(mutex_);
  bool may_spin = false;  // after work: more may follow at once
  for (;;) {
    const bool may_work = busy_ + entered_ < target_;
    if (Loop* loop = may_work ? LoopToHelp() : nullptr) {
      may_spin = true;
      ++loop->helpers;
      ++busy_;
      lock.unlock();
      RunTiles(*loop);
      lock.lock();
      --busy_;
      if (--loop->helpers == 0) loop_done_.notify_all();
      continue;
    }
    if (id >= target_) break;
    if (may_work && !tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      ++busy_;
      lock.unlock();
      task();
      task = nullptr;  // what it holds dies outside the lock
      lock.lock();
      --busy_;
      may_spin = true;
      continue;
    }
    if (stopping_) break;
    if (may_spin && MaySpin()) {
      may_spin = false;
      const uint32_t seen = news_.load(std::memory_order_relaxed);
      lock.unlock();
      Spin([&] { return news_.load(std::memory_order_acquire) != seen; });
      lock.lock();
      continue;
    }
    ++sleepers_;
    wake_.wait(lock);
    --sleepers_;
  }
  alive_[id] = false;
  if (!tasks_.empty()) Wake(false);  // the wake-up this thread consumed belongs to another
}

void ThreadPool::Shutdown() {
  std::lock_guard<std::mutex> lifecycle(lifecycle_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = false;
}

}  // namespace gossamer
