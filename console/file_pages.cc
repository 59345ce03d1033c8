// The configuration's files as they are, and an editor that looks before it proposes.
#include "console/filter_pages.h"

namespace schoolgate::console {

namespace {

/// More than this is edited on the machine: a form has a bound.
constexpr std::size_t kLongestFile = 200 * 1024;

web::Response files_page(const Desk& desk, const Visit& visit) {
  const changes::ChangeControl* const control = desk.parts().changes;
  if (control == nullptr) return no_changes(desk, visit);
  const auto files = control->files();
  if (!files) return desk.failed(visit, files.error());
  web::View view;
  set_filter_frame(desk, view, "/filter/files");
  view.list("files");
  const std::string_view name = visit.request.query.get("file");
  for (const auto& [file, text] : *files)
    view.item("files")
        .set("name", file)
        .set("here", file == name)
        .set("size", text.size())
        .set("path", "/filter/files?" + web::encode_query({{"file", file}}));
  const auto shown = files->find(std::string(name));
  if (!name.empty() && shown == files->end()) return desk.not_found(visit);
  const bool is_short = shown != files->end() && shown->second.size() <= kLongestFile;
  view.set("shown", shown != files->end()).set("name", name);
  view.set("text", shown == files->end() ? std::string() : shown->second);
  view.set("may_edit", is_short && visit.may_change).set("too_long", shown != files->end() && !is_short);
  return desk.show(visit, "files", std::move(view));
}

}  // namespace

void add_file_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/files", [&desk](const Visit& visit) { return files_page(desk, visit); });
}

}  // namespace schoolgate::console
