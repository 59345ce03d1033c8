// Numbers as tables of words: the same for a page, for a PDF and for a chart above its table. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "breaches/reports.h"
#include "console/desk.h"

namespace schoolgate::console {

struct FigureTable {
  std::string title;
  std::string text;   ///< a sentence before the table; may be empty
  std::string chart;  ///< "bar", "stacked", "line", or empty: none
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

[[nodiscard]] std::vector<FigureTable> trend_tables(const breaches::Trends& trends);
[[nodiscard]] FigureTable reaction_table(const breaches::Reaction& reaction);
[[nodiscard]] FigureTable turnaround_table(const breaches::ReportTurnaround& turnaround);
[[nodiscard]] std::vector<FigureTable> governor_tables(const breaches::GovernorReport& report,
                                                       const breaches::LocalClock& clock);
/// Fills the list "tables" for the partial figure_tables.
void set_tables(web::View& view, const std::vector<FigureTable>& tables);

}  // namespace schoolgate::console
