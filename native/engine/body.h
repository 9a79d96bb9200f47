// The body of a control-flow operator: a program that runs inside the run of another.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "engine/execution.h"
#include "engine/operator.h"
#include "engine/program.h"

namespace gossamer {

class Body {
 public:
  explicit Body(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

  const Program& Of() const { return *program_; }

  // An execution for one run of the operator; its outputs stay valid until it runs again or goes back.
  class Lease {
   public:
    explicit Lease(const Body& body) : body_(body), execution_(body.Borrow()) {}
    ~Lease() { body_.GiveBack(std::move(execution_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Throws Aborted when the run is to stop, EngineError for inputs that do not fit.
    const std::vector<Tensor>& Run(const std::vector<Tensor>& inputs, RunContext& context) {
      if (!execution_->Run(inputs, {context.Abort(), context.Threads(), nullptr, nullptr}, &outputs_)) throw Aborted{};
      return outputs_;
    }

   private:
    const Body& body_;
    std::unique_ptr<Execution> execution_;
    std::vector<Tensor> outputs_;
  };

 private:
  std::unique_ptr<Execution> Borrow() const {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Execution> execution = std::move(idle_.back());
        idle_.pop_back();
        return execution;
      }
    }
    return std::make_unique<Execution>(*program_);
  }
  void GiveBack(std::unique_ptr<Execution> execution) const noexcept {
    try {
      std::lock_guard<std::mutex> lock(mutex_);
      idle_.push_back(std::move(execution));
    } catch (...) {
      // No room to keep it: it ends here.
    }
  }

  std::shared_ptr<const Program> program_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Execution>> idle_;
};

}  // namespace gossamer
