// The one pool of threads of the process, shared by every session, worker thread and call.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gossamer {

// Set to a value other than 0 by anyone, at any time, to stop a loop between two tiles. May be null: never stops.
using AbortFlag = const std::atomic<int32_t>*;

class ThreadPool {
 public:
  static constexpr unsigned kMaxThreads = 1024;

  // The pool of this process. Never destroyed, so that no exit order can hurt it; its threads start when first needed.
  static ThreadPool& Process();

  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // How many threads work on one loop at a time, the caller included.
  unsigned Threads() const;
  // Takes effect for the next loop; a thread too many ends once it is idle. Clamped to 1..kMaxThreads.
  void SetThreads(unsigned threads);

  // Runs `task` on a thread of the pool, some time. The task must not throw. Not to be called from within a task.
  void Submit(std::function<void()> task);

  // Calls body(0) .. body(tiles - 1), each once, on the caller and on idle threads, and returns when all have ended.
  // False when `abort` was set before the last tile started; the remaining tiles are then left out. The first exception
  // that a tile throws ends the loop and reaches the caller. May be called from within a tile. At most `threads` threads
  // work on it, the caller included; 0: all there are.
  bool ParallelFor(size_t tiles, AbortFlag abort, const std::function<void(size_t)>& body, unsigned threads = 0);

  // Lets the calling thread, which is none of the pool's, work as one of its threads until Leave: one of those rests
  // meanwhile. False: all are at work.
  bool TryEnter();
  void Leave();

  // Ends the threads after the tasks they have. The pool starts again when it is next used.
  void Shutdown();

 private:
  struct Loop;

  bool MaySpin() const;
  unsigned AliveThreads() const;  // those that stay: the ones beyond the target are about to end
  enum class Need { kWelcome, kOne };
  void EnsureThreads(std::unique_lock<std::mutex>& lock, Need need);
  bool Share(Loop& loop, std::unique_lock<std::mutex>& lock);  // false: nobody will help
  void Work(unsigned id);
  Loop* LoopToHelp();
  void Wake(bool all);  // those that sleep; those that spin see it by themselves
  static void RunTiles(Loop& loop);

  mutable std::mutex mutex_;
  std::mutex lifecycle_;  // held by whoever starts or joins threads; waited for only without mutex_
  std::condition_variable wake_, loop_done_;
  std::vector<std::thread> threads_;
  std::vector<bool> alive_;  // by thread: between its start and its decision to end
  std::vector<Loop*> loops_;
  std::deque<std::function<void()>> tasks_;
  unsigned target_;
  std::atomic<uint32_t> news_{0};  // changes with every loop and task
  unsigned sleepers_ = 0;
  unsigned busy_ = 0;     // threads of the pool in a task or a loop
  unsigned entered_ = 0;  // callers between TryEnter and Leave
  bool stopping_ = false;
};

// GOSSAMER_THREADS, else the number of cores this process may run on.
unsigned DefaultThreads();
unsigned AvailableCores();  // that this process may use, when it asked first

// A message for the user when GOSSAMER_THREADS is not an integer in 1..kMaxThreads, else nullptr.
const char* ThreadsError();

}  // namespace gossamer
