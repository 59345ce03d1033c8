// decisions.jsonl: every decision, one JSON object a line, best effort: a slow or full disk never slows a request, what
// could not be written is counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/believable_clock.h"
#include "base/error.h"
#include "breaches/append_text.h"

namespace schoolgate::breaches {

/// Views are read during append() only. Contract section 6.
struct Decision {
  TimePoint time;
  std::string_view group, device, method, host, url, action, category, stage, rule;
  std::string_view search;  ///< what was searched for; empty for none
  /// Who is asking, how sure we are of it and who says so; each is left out of the line when it is empty.
  std::string_view person = {}, confidence = {}, source = {};
  /// Host of the page that asked, where a walled garden refused it: what `schoolgate needs` learns from.
  std::string_view page = {};
  std::string_view reference = {};  ///< the number on the page that was shown; empty for none
  /// What else `schoolgate replay` needs to put the person and the device into a group again: the person's groups, and
  /// the kind of device; "" where nothing is known but the address.
  std::span<const std::string> groups = {};
  std::string_view kind = {};
  bool by_name_only = false;  ///< the device takes no certificate of ours
  bool query = false;         ///< the address had a query, which is not kept
  bool inspected = false;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  double ms = 0;
  bool sealed = false;  ///< illegal or on a sealed list: host and url are withheld, and `rule` must not be its entry
};

/// One background thread writes; each worker fills a buffer of its own (DecisionBuffer) and hands it over when full or
/// once a tick. Begins a new file each UTC day (decisions.jsonl becomes decisions-2026-11-22.jsonl) and removes those
/// older than `retention`, packed ones and those of another rotation too. It needs no logrotate; where one renames the
/// file all the same, the next block goes to a new file of the name. The file has mode 0640. While the clock is not
/// believed, files are named by the day that is likely and none is removed.
class DecisionLog {
 public:
  /// Why lines cannot be written, once; empty text once they can be again. On the opener's or the writer's thread.
  using OnTrouble = std::function<void(const std::string& why)>;

  /// A file that cannot be opened now is tried again with every block; until then lines are dropped and counted.
  [[nodiscard]] static std::unique_ptr<DecisionLog> open(const std::filesystem::path& file,
                                                         std::chrono::seconds retention,
                                                         AskClock clock = believed_clock, OnTrouble on_trouble = {});
  ~DecisionLog();  ///< writes what waits, then stops
  /// Takes a block of whole lines. Thread-safe; drops and counts when more than 64 MiB wait.
  void submit(std::string block, std::size_t lines);
  /// Returns when everything submitted before was written or dropped.
  void drain();
  /// Lines that could not be written, ever.
  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  DecisionLog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A worker's own buffer; one thread only. Appending costs well under a microsecond. With a null log it does nothing.
class DecisionBuffer {
 public:
  explicit DecisionBuffer(DecisionLog* log) noexcept : log_(log) {}
  void append(const Decision& decision);
  void flush();  ///< called by the worker's tick and at its end

 private:
  DecisionLog* log_;
  std::string lines_;
  std::size_t count_ = 0;
  TimeText time_text_;
};

}  // namespace schoolgate::breaches
