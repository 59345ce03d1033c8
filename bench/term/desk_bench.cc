// How long the desk's questions take with a term loaded (term_generator): each is asked a few times on one thread, as a
// page would, and the median and slowest are printed.
//
//   desk_bench STATE_FOLDER DECISIONS_FILE
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "casework/pink_slip.h"
#include "casework/reports.h"

namespace {

using namespace schoolgate;
using namespace schoolgate::casework;

constexpr int kRounds = 15;

void measure(const char* what, const std::function<bool()>& ask) {
  std::vector<double> took;
  for (int i = 0; i < kRounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (!ask()) {
      std::printf("%-44s failed\n", what);
      return;
    }
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  }
  std::ranges::sort(took);
  std::printf("%-44s median %8.2f ms   slowest %8.2f ms\n", what, took[took.size() / 2], took.back());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: desk_bench STATE_FOLDER DECISIONS_FILE\n");
    return 2;
  }
  const Viewer lead{.user = "s.marsh", .role = Role::dsl, .also = {}};
  auto desk = DeskStore::open(argv[1]);
  auto reader = EpisodeReader::open({.folder = argv[1], .decisions = argv[2]});
  auto reports = desk ? Reports::open(**desk, {}) : std::unexpected(desk.error());
  if (!desk || !reader || !reports) {
    std::fprintf(stderr, "cannot open %s\n", argv[1]);
    return 1;
  }
  const auto first = reader->list(lead, {.limit = 1});
  if (!first || first->rows.empty()) return 1;
  const auto worst = reader->list(lead, {.order = EpisodeOrder::most_urgent, .limit = 1})->rows[0];
  std::printf("%llu episodes\n", static_cast<unsigned long long>(first->total));
  const auto last_day = std::chrono::floor<std::chrono::days>(first->rows[0].last);
  const DayRange term{last_day - std::chrono::days(84), last_day};

  measure("episodes, newest 50", [&] { return reader->list(lead, {}).has_value(); });
  measure("episodes, most urgent 50",
          [&] { return reader->list(lead, {.order = EpisodeOrder::most_urgent}).has_value(); });
  measure("episodes, new, urgency 3 and above",
          [&] { return reader->list(lead, {.urgency_from = 3, .state = EpisodeState::fresh}).has_value(); });
  measure("episodes, theme and group, page 10",
          [&] { return reader->list(lead, {.theme = "games", .group = "ks2", .offset = 450}).has_value(); });
  measure("episodes of one person", [&] { return reader->list(lead, {.person = worst.person}).has_value(); });
  measure("one episode with its records", [&] { return reader->find(lead, worst.reference).has_value(); });
  measure("one episode's context, 10 min around", [&] { return reader->context(lead, worst).has_value(); });
  measure("pink slip", [&] {
    const auto detail = reader->find(lead, worst.id);
    return detail && *detail &&
           !to_text(pink_slip({}, **detail, built_in_checklist(worst.theme, worst.illegal))).empty();
  });
  measure("a view written to the journal",
          [&] { return (*desk)->record_view(lead, worst.id, "x", wall_now()).has_value(); });
  measure("incidents", [&] { return Incidents(**desk).list(lead, {}).has_value(); });
  measure("trends of the term", [&] { return reports->trends(term).has_value(); });
  measure("repeat subjects of the term", [&] { return reports->repeat_subjects(lead, term).has_value(); });
  measure("reaction of the term", [&] { return reports->reaction(term).has_value(); });
  measure("governors' report of the term", [&] { return reports->governors(term, wall_now()).has_value(); });
  measure("inspection pack of the term", [&] { return reports->inspection_pack({}, term, wall_now()).has_value(); });
  return 0;
}
