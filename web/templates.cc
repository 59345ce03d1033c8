#include "web/templates.h"

#include <kainjow/mustache.hpp>
#include <stdexcept>

#include "embedded/web_templates.h"
#include "web/assets.h"
#include "web/template_text.h"
#include "web/view_data.h"

namespace schoolgate::web {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

/// "templates/sign_in.html" -> "sign_in".
std::string stem(std::string_view file) {
  if (const std::size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file.substr(0, file.find('.')));
}

data made_of(const View& view) {
  data object;
  for (const auto& [name, value] : view.data().values) {
    data& place = object[name];
    if (const auto* text = std::get_if<std::string>(&value)) {
      place = data(*text);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      place = data(*flag);
    } else if (const auto* inner = std::get_if<std::unique_ptr<View>>(&value)) {
      place = made_of(**inner);
    } else {
      data list(data::type::list);
      for (const auto& item : std::get<View::Data::List>(value)) list.push_back(made_of(*item));
      place = std::move(list);
    }
  }
  return object;
}

}  // namespace

struct Templates::State {
  // render() of the library is not const, but writes only when a template has lambdas or partials of its own, which
  // ours have not: several threads may render the same one.
  std::map<std::string, std::unique_ptr<mustache>, std::less<>> compiled;
  View common;
  data common_data;
};

Templates::Templates(const std::vector<std::pair<std::string_view, std::string_view>>& files)
    : state_(std::make_unique<State>()) {
  TemplateTexts texts;
  for (const auto& file : embedded::web_templates) texts[stem(file.name)] = file.text;
  for (const auto& [name, text] : files) texts[stem(name)] = text;
  for (const auto& [name, text] : texts) {
    auto compiled = std::make_unique<mustache>(assemble_template(texts, name));
    if (!compiled->is_valid()) throw std::logic_error("template " + name + ": " + compiled->error_message());
    state_->compiled.emplace(name, std::move(compiled));
  }
  for (const Asset& asset : assets()) set_common("asset_" + stem(asset.name), asset.path);
}

Templates::~Templates() = default;
Templates::Templates(Templates&&) noexcept = default;

void Templates::set_common(std::string_view name, std::string_view text) {
  state_->common.set(name, text);
  state_->common_data = made_of(state_->common);
}

void Templates::set_common(std::string_view name, bool flag) {
  state_->common.set(name, flag);
  state_->common_data = made_of(state_->common);
}

std::string Templates::render(std::string_view name, const View& view) const {
  const auto found = state_->compiled.find(name);
  if (found == state_->compiled.end()) throw std::logic_error("there is no template " + std::string(name));
  const data filled = made_of(view);
  kainjow::mustache::context<std::string> context(&state_->common_data);
  context.push(&filled);
  return found->second->render(context);
}

bool Templates::has(std::string_view name) const noexcept { return state_->compiled.contains(name); }

}  // namespace schoolgate::web
