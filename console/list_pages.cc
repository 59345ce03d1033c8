// Lists of sites: which there are, how old they are, and switching one on or off.
#include <algorithm>

#include "changes/drafts.h"
#include "console/filter_pages.h"

namespace schoolgate::console {

namespace {

web::Response lists_page(const Desk& desk, const Visit& visit) {
  const changes::ChangeControl* const control = desk.parts().changes;
  if (control == nullptr) return no_changes(desk, visit);
  const auto files = control->files();
  if (!files) return desk.failed(visit, files.error());
  const std::vector<ListAge> ages = desk.hooks().list_ages ? desk.hooks().list_ages() : std::vector<ListAge>();
  web::View view;
  set_filter_frame(desk, view, "/filter/lists");
  view.list("lists");
  bool any = false;
  for (const changes::ListedList& list : changes::listed_lists(*files)) {
    any = true;
    const auto age = std::ranges::find(ages, list.name, &ListAge::name);
    const bool known = age != ages.end();
    view.item("lists")
        .set("name", list.name)
        .set("category", list.category)
        .set("on", list.on)
        .set("entries", known ? std::to_string(age->entries) : std::string("–"))
        .set("updated", known && age->updated ? desk.when_brief(*age->updated) : std::string("–"))
        .set("state", !list.on ? std::string("off")
                      : known  ? age->state
                               : std::string("not there yet"))
        .set_if("path", visit.may_change
                            ? propose_path({{"edit", "list"}, {"list", list.name}, {"on", list.on ? "no" : "yes"}})
                            : "");
  }
  view.set("lists_any", any);
  return desk.show(visit, "lists", std::move(view));
}

}  // namespace

void add_list_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/lists", [&desk](const Visit& visit) { return lists_page(desk, visit); });
}

}  // namespace schoolgate::console
