#include "casework/length_of_time.h"

#include <algorithm>
#include <vector>

#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

using std::chrono::milliseconds;

// Time covered by at least one of the open tunnels.
milliseconds covered(std::vector<Visit> visits) {
  std::ranges::sort(visits, {}, &Visit::begin);
  milliseconds total{};
  TimePoint until = TimePoint::min();
  for (const Visit& visit : visits) {
    const TimePoint begin = std::max(visit.begin, until), end = visit.begin + std::max(visit.open, milliseconds(0));
    if (end > begin) total += end - begin;
    until = std::max(until, end);
  }
  return total;
}

milliseconds active(std::vector<Visit> visits) {
  std::ranges::sort(visits, {}, &Visit::begin);
  milliseconds total = kLastRequest;
  for (std::size_t i = 1; i < visits.size(); ++i)
    total += std::min<milliseconds>(visits[i].begin - visits[i - 1].begin, kLongestGap);
  return total;
}

}  // namespace

LengthOfTime length_of_attempts(std::uint64_t attempts, TimePoint first, TimePoint last) {
  if (attempts <= 1) return {LengthOfTime::Method::single, {}, "single attempt, refused: no time on the site"};
  const milliseconds span = last - first;
  return {LengthOfTime::Method::span, span,
          "span of attempts " + duration_text(span) + ", all refused: no time on the site"};
}

LengthOfTime length_of_visits(std::span<const Visit> visits) {
  if (visits.empty())
    return {LengthOfTime::Method::unknown, {}, "not known: it was not refused, and no decision log tells how long"};
  std::vector<Visit> tunnels, requests;
  for (const Visit& visit : visits) (visit.tunnel ? tunnels : requests).push_back(visit);
  if (requests.empty()) {
    const milliseconds length = covered(std::move(tunnels));
    return {LengthOfTime::Method::tunnels, length,
            "at most " + duration_text(length) + ", estimate: connections were open that long, seen by name only"};
  }
  const milliseconds length = active(std::move(requests));
  std::string text = "active " + duration_text(length) +
                     ", estimate: gaps between requests, each at most 3 min, and 10 s for the last";
  if (!tunnels.empty())
    text += "; connections seen by name only were open " + duration_text(covered(std::move(tunnels)));
  return {LengthOfTime::Method::requests, length, std::move(text)};
}

}  // namespace schoolgate::casework
