// A state folder of a test's own, removed with it; and instants that tests can read.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/steady_clock.h"
#include "names/ip_address.h"

namespace schoolgate::identity::test {

class ScratchState {
 public:
  ScratchState() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-people-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~ScratchState() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  ScratchState(const ScratchState&) = delete;
  ScratchState& operator=(const ScratchState&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    EXPECT_TRUE(replace_file(folder_ / name, text));
    return folder_ / name;
  }

 private:
  std::filesystem::path folder_;
};

/// A school day in winter, when London's clock shows UTC.
inline TimePoint day_at(int hour, int minute = 0, int second = 0) {
  return TimePoint(*from_rfc3339("2026-11-23T00:00:00Z")) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

/// That instant by both clocks, while nobody corrects the wall's.
inline Moment moment_at(TimePoint wall) { return {wall, SteadyTime(wall.time_since_epoch())}; }
inline Moment moment_at(int hour, int minute = 0, int second = 0) { return moment_at(day_at(hour, minute, second)); }

inline names::IpAddress address(std::string_view text) { return names::IpAddress::parse(text).value(); }

}  // namespace schoolgate::identity::test
