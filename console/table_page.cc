#include "console/table_page.h"

namespace schoolgate::console {

web::Response show_table(const Desk& desk, const Visit& visit, const TablePage& page) {
  web::View view;
  view.set("heading", page.heading).set_if("intro", page.intro).set_if("csv_path", page.csv_path);
  view.list("tabs").list("columns").list("rows");
  for (const TablePage::Tab& tab : page.tabs) {
    view.item("tabs").set("path", tab.path).set("words", tab.words).set("here", tab.here);
  }
  for (const std::string& column : page.columns) view.item("columns").set("cell", column);
  for (const std::vector<std::string>& row : page.rows) {
    web::View& line = view.item("rows");
    line.list("cells");
    for (const std::string& cell : row) line.item("cells").set("cell", cell);
  }
  view.set("tabs_any", !page.tabs.empty()).set("rows_any", !page.rows.empty());
  view.set_if("search_label", page.search_label).set("search_path", page.search_path);
  view.set("search_value", page.search_value).set_if("previous", page.previous).set_if("next", page.next);
  return desk.show(visit, "table_page", std::move(view));
}

}  // namespace schoolgate::console
