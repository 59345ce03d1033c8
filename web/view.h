// What a template is filled with: named texts, flags and lists, built where the page's facts are at hand.
//
//   web::View view;
//   view.set("title", "Episodes").set("more", page < pages);
//   for (const Episode& e : episodes) view.item("episodes").set("person", e.person).set("urgent", e.urgency >= 4);
//
// Texts are shown(): what is no UTF-8 or would turn the page's direction is replaced; the template escapes them for
// HTML. A value that lives for one page, one thread.
#pragma once

#include <concepts>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::web {

class View {
 public:
  View();
  ~View();
  View(View&&) noexcept;
  View& operator=(View&&) noexcept;

  View& set(std::string_view name, std::string_view text);
  View& set(std::string_view name, const char* text) { return set(name, std::string_view(text)); }
  View& set(std::string_view name, const std::string& text) { return set(name, std::string_view(text)); }
  /// A flag: {{#name}}…{{/name}} and {{^name}}…{{/name}}.
  View& set(std::string_view name, std::same_as<bool> auto flag) { return set_flag(name, flag); }
  template <std::integral N>
    requires(!std::same_as<N, bool> && !std::same_as<N, char>)
  View& set(std::string_view name, N number) {
    return set(name, std::to_string(number));
  }
  /// A text that is left out, with its section, when it is empty: {{#note}}<p>{{note}}</p>{{/note}}.
  View& set_if(std::string_view name, std::string_view text);
  /// HTML that is already escaped, for {{{name}}}: from Templates::render() or a constant of ours, never from outside.
  /// The name ends in "_html", and only such names may stand in {{{ }}}: no text can get there by mistake.
  View& set_html(std::string_view name, std::string html);
  /// One more item of the list `name`: fill what this returns; it is valid as long as this View.
  View& item(std::string_view name);
  /// An object of its own: {{#person}}{{name}}{{/person}} or {{person.name}}.
  View& object(std::string_view name);
  /// The list exists even without items, so that it hides one of the same name further out.
  View& list(std::string_view name);

  struct Data;
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  View& set_flag(std::string_view name, bool flag);
  std::unique_ptr<Data> data_;
};

}  // namespace schoolgate::web
