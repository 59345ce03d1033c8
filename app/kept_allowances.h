// The minutes of daily allowances that are used up, kept over a restart in `allowances` in the state folder.
//
// Owned by the running gateway, used by the control plane's thread alone; no worker waits for the disk. Written anew
// at most every half minute and at the stop, mode 0600; it names people, and holds nothing of another day.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "proxy/flow/allowances.h"

namespace schoolgate::app {

class KeptAllowances {
 public:
  static constexpr std::chrono::seconds kEvery{30};

  KeptAllowances(const std::filesystem::path& state, flow::Allowances& allowances)
      : file_(state / "allowances"), allowances_(allowances) {}

  /// Gives back what was used today. Before the workers start. Lines that cannot be read are left out and told in the
  /// log; so is a file that cannot.
  void restore(TimePoint now);
  /// Writes what was used today where that has changed and the last time is half a minute ago. Once a second or so.
  void keep_if_due(TimePoint now);
  /// Writes it now. A failure is told in the log and tried again when next due.
  void keep(TimePoint now);

 private:
  std::filesystem::path file_;
  flow::Allowances& allowances_;
  std::string written_;
  std::optional<TimePoint> last_;
};

/// A line for each: day, minutes, category, whose; between tabs.
[[nodiscard]] std::string text_of(std::vector<flow::AllowanceUse> uses);
/// `unread` counts the lines that are none.
[[nodiscard]] std::vector<flow::AllowanceUse> allowance_uses(std::string_view text, std::size_t& unread);

}  // namespace schoolgate::app
