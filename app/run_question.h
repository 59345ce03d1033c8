// A question of a member of the group, answered in a process of its own: bounded in time and in size.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "app/group_question.h"
#include "base/error.h"

namespace schoolgate::app {

struct QuestionRun {
  std::filesystem::path program;  ///< this one
  std::filesystem::path config, state;
  std::string in_force;  ///< version of the configuration
  std::chrono::seconds longest{30};
  std::size_t largest = std::size_t{8} << 20;  ///< of both outputs together
};

/// Waits for the end of the process, on a thread that may wait; ends it early where `stop` is set. Fault host: it
/// cannot be started, took too long, or said too much: then nothing of what it said is an answer.
[[nodiscard]] Result<Printed> run_question(const QuestionRun& run, const std::vector<std::string>& words,
                                           const std::atomic<bool>& stop);

}  // namespace schoolgate::app
