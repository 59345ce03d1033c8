// The replay of a proposed change for the desk: one at a time, in a process of its own at a low priority.
//
// Thread-safe; no call waits for it. Keeps the outcome of the last few.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "changes/change_control.h"
#include "console/console.h"

namespace schoolgate::app {

class ReplayJob {
 public:
  /// `config`: the folder of the configuration in force. `state`: where the proposed copy may be written.
  ReplayJob(std::filesystem::path config, std::filesystem::path state)
      : config_(std::move(config)), state_(std::move(state)) {}
  ~ReplayJob();

  /// Returns at once. Fault client: another one is under way, or the change does not fit the files as they are.
  [[nodiscard]] Result<void> start(const changes::ChangeControl& control, const changes::Proposal& proposal);
  [[nodiscard]] console::ReplayOfChange state(std::uint64_t number) const;

 private:
  void run(std::uint64_t number, const changes::FileTexts& files, const std::stop_token& stop);
  [[nodiscard]] Result<std::string> outcome(const changes::FileTexts& files, const std::stop_token& stop);

  const std::filesystem::path config_, state_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, console::ReplayOfChange> known_;
  bool running_ = false;
  std::jthread thread_;
};

}  // namespace schoolgate::app
