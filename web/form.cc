#include "web/form.h"

#include <charconv>

#include "web/text.h"

namespace schoolgate::web {
namespace {

std::optional<std::string> decoded(std::string_view part) {
  std::string text(part);
  for (char& c : text)
    if (c == '+') c = ' ';
  auto out = percent_decode(text);
  if (out && out->contains('\0')) return std::nullopt;
  return out;
}

}  // namespace

Result<Form> Form::parse(std::string_view encoded, const FormBounds& bounds) {
  Form form;
  while (!encoded.empty()) {
    const std::size_t end = encoded.find('&');
    const std::string_view pair = encoded.substr(0, end);
    encoded.remove_prefix(end == std::string_view::npos ? encoded.size() : end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return fail(Fault::client, "a field of the form is no UTF-8 text or has a broken escape");
    if (name->size() > bounds.name || value->size() > bounds.value)
      return fail(Fault::client, "a field of the form is too long");
    if (form.fields_.size() == bounds.fields) return fail(Fault::client, "the form has too many fields");
    form.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

std::optional<std::string_view> Form::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_)
    if (key == name) return value;
  return std::nullopt;
}

std::string_view Form::get(std::string_view name) const noexcept { return find(name).value_or(std::string_view()); }

std::optional<std::string> Form::text(std::string_view name, std::size_t most) const {
  const std::string_view value = trimmed(get(name));
  if (value.empty() || count_characters(value) > most) return std::nullopt;
  return std::string(value);
}

std::optional<long> Form::number(std::string_view name, long least, long most) const noexcept {
  const std::string_view value = trimmed(get(name));
  long number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  if (number < least || number > most) return std::nullopt;
  return number;
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : fields_)
    if (key == name) values.emplace_back(value);
  return values;
}

std::string encode_query(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

}  // namespace schoolgate::web
