#include "app/told_times.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"

namespace schoolgate::app {
namespace {

constexpr const char* kToldFile = "clock.told";
constexpr std::size_t kLargest = 16 * 1024;

/// The machine's start, as the kernel names it; empty where it does not.
std::string start_of_machine() {
  const auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

}  // namespace

std::vector<ToldTime> read_told_times(const std::filesystem::path& state) {
  std::vector<ToldTime> times;
  const auto text = read_file(state / kToldFile, kLargest);
  const std::string start = start_of_machine();
  if (!text || start.empty()) return times;
  for (std::string_view rest = *text; !rest.empty() && times.size() < kMostToldTimes;) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string_view source = cut_at(line, '\t');
    const auto date = from_rfc3339(cut_at(line, '\t'));
    const std::string_view steady = cut_at(line, '\t');
    std::int64_t since_start = 0;
    const auto [last, error] = std::from_chars(steady.data(), steady.data() + steady.size(), since_start);
    if (source.empty() || !date || error != std::errc() || line != start) continue;
    times.push_back({std::string(source), {*date, SteadyTime(std::chrono::milliseconds(since_start))}});
  }
  return times;
}

void keep_told_times(const std::filesystem::path& state, std::span<const blocklists::ServersTime> times) {
  const std::string start = start_of_machine();
  if (times.empty() || start.empty()) return;
  std::vector<ToldTime> kept = read_told_times(state);
  for (const blocklists::ServersTime& time : times) {
    const std::string source = to_hex(sha256(time.domain)).substr(0, 16);
    std::erase_if(kept, [&](const ToldTime& known) { return known.source == source; });
    kept.push_back({source, time.at});
  }
  std::ranges::sort(kept, std::ranges::greater(), [](const ToldTime& one) { return one.at.steady; });
  if (kept.size() > kMostToldTimes) kept.resize(kMostToldTimes);
  std::string text;
  for (const ToldTime& one : kept)
    text += one.source + '\t' + to_rfc3339(one.at.wall) + '\t' +
            std::to_string(one.at.steady.time_since_epoch().count()) + '\t' + start + '\n';
  if (auto written = replace_file(state / kToldFile, text); !written)
    log::warning("what servers say of the time is not kept", {{"why", written.error().text()}});
}

}  // namespace schoolgate::app
