// A page that is one table: registers, journals, logs. Pure but for the desk's frame.
#pragma once

#include <string>
#include <vector>

#include "console/desk.h"

namespace schoolgate::console {

struct TablePage {
  struct Tab {
    std::string path, words;
    bool here = false;
  };
  std::string heading, intro;
  std::string csv_path;  ///< empty: it is not exported
  std::vector<Tab> tabs;
  std::string search_label, search_path, search_value;  ///< a field "person"; no label: none
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::string previous, next;  ///< newer and older rows; empty: there are none
};

[[nodiscard]] web::Response show_table(const Desk& desk, const Visit& visit, const TablePage& page);

}  // namespace schoolgate::console
