#include "web/view.h"

#include <stdexcept>

#include "web/text.h"
#include "web/view_data.h"

namespace schoolgate::web {
namespace {

/// Names that may hold HTML end in this; see set_html().
bool holds_html(std::string_view name) { return name.ends_with("_html"); }

}  // namespace

View::View() : data_(std::make_unique<Data>()) {}
View::~View() = default;
View::View(View&&) noexcept = default;
View& View::operator=(View&&) noexcept = default;

View& View::set(std::string_view name, std::string_view text) {
  if (holds_html(name)) throw std::logic_error("a text is not HTML: " + std::string(name));
  data_->values.insert_or_assign(std::string(name), shown(text));
  return *this;
}

View& View::set_flag(std::string_view name, bool flag) {
  data_->values.insert_or_assign(std::string(name), flag);
  return *this;
}

View& View::set_if(std::string_view name, std::string_view text) {
  return text.empty() ? set_flag(name, false) : set(name, text);
}

View& View::set_html(std::string_view name, std::string html) {
  if (!holds_html(name)) throw std::logic_error("HTML needs a name that ends in _html: " + std::string(name));
  data_->values.insert_or_assign(std::string(name), std::move(html));
  return *this;
}

View& View::item(std::string_view name) {
  list(name);
  auto& items = std::get<Data::List>(data_->values.find(name)->second);
  return *items.emplace_back(std::make_unique<View>());
}

View& View::object(std::string_view name) {
  auto& value = data_->values[std::string(name)];
  if (!std::holds_alternative<std::unique_ptr<View>>(value)) value = std::make_unique<View>();
  return *std::get<std::unique_ptr<View>>(value);
}

View& View::list(std::string_view name) {
  auto& value = data_->values[std::string(name)];
  if (!std::holds_alternative<Data::List>(value)) value.emplace<Data::List>();
  return *this;
}

}  // namespace schoolgate::web
