// The pages' templates: Mustache, which escapes by default, compiled once.
//
// A room embeds its files with schoolgate_templates() (cmake/Templates.cmake) and makes one Templates of them:
//
//   #include "embedded/portal_templates.h"
//   const web::Templates templates(embedded::portal_templates);
//   return web::html(templates.render("sign_in", view));
//
// Besides {{name}}, {{{name}}}, {{#list}}, {{^list}} and {{! comment}}: partials {{> name}}, and layouts by the
// inheritance of the Mustache specification: {{<page}}{{$title}}Sign in{{/title}}{{$main}}…{{/main}}{{/page}}, where
// the layout has
// {{$title}}default{{/title}}. Both are put in place as text when the set is made, so a set is complete or it is not
// made. web/templates/ is part of every set: page.html (the layout), error.html. Immutable; rendering is safe from
// several threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/view.h"

namespace schoolgate::web {

class Templates {
 public:
  /// Of an array that schoolgate_templates() made. A name is the file's without folder and ".html". A template that is
  /// broken or names one that there is not is a defect: it throws std::logic_error.
  template <class Files>
  explicit Templates(const Files& files) : Templates(listed(files)) {}
  explicit Templates(const std::vector<std::pair<std::string_view, std::string_view>>& files);
  ~Templates();
  Templates(Templates&&) noexcept;

  /// What is set here is known to every template: the school's name and the like. Before the first render().
  void set_common(std::string_view name, std::string_view text);
  void set_common(std::string_view name, const char* text) { set_common(name, std::string_view(text)); }
  void set_common(std::string_view name, bool flag);

  /// An unknown name is a defect: it throws std::logic_error, which the server answers with 500.
  [[nodiscard]] std::string render(std::string_view name, const View& view) const;
  [[nodiscard]] bool has(std::string_view name) const noexcept;

 private:
  template <class Files>
  static std::vector<std::pair<std::string_view, std::string_view>> listed(const Files& files) {
    std::vector<std::pair<std::string_view, std::string_view>> list;
    for (const auto& file : files) list.emplace_back(file.name, file.text);
    return list;
  }
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::web
