// Numbers as tables of words: the same for a page, for a PDF and for a chart above its table. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/local_time.h"
#include "casework/reports.h"
#include "console/desk.h"

namespace schoolgate::console {

struct FigureTable {
  std::string title;
  std::string text;   ///< a sentence before the table; may be empty
  std::string chart;  ///< "bar", "stacked", "line", or empty: none
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

[[nodiscard]] std::vector<FigureTable> trend_tables(const casework::Trends& trends);
[[nodiscard]] FigureTable reaction_table(const casework::Reaction& reaction);
[[nodiscard]] FigureTable turnaround_table(const casework::ReportTurnaround& turnaround);
[[nodiscard]] std::vector<FigureTable> governor_tables(const casework::GovernorReport& report, const LocalClock& clock);
/// Fills the list "tables" for the partial figure_tables.
void set_tables(web::View& view, const std::vector<FigureTable>& tables);

}  // namespace schoolgate::console
