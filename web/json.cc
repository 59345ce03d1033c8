#include "web/json.h"

#include <nlohmann/json.hpp>
#include <set>

namespace schoolgate::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDeepest = 32;

const Json& at(const void* node) noexcept { return *static_cast<const Json*>(node); }

/// Builds the value by nlohmann's own parser while it watches depth and keys.
std::optional<Json> read(std::string_view text, std::string& why) {
  std::vector<std::set<std::string>> keys;
  bool too_deep = false, doubled = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth >= kDeepest && (event == Event::object_start || event == Event::array_start)) too_deep = true;
    if (too_deep) return false;  // what is below is thrown away instead of kept
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end && !keys.empty()) keys.pop_back();
    if (event == Event::key && !keys.empty() && !keys.back().insert(parsed.get<std::string>()).second) doubled = true;
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (too_deep)
    why = "is nested too deeply";
  else if (doubled)
    why = "has a key twice in one object";
  else if (value.is_discarded())
    why = "is no JSON";
  else
    return value;
  return std::nullopt;
}

}  // namespace

struct JsonValue::Document {
  Json root;
};

Result<JsonValue> JsonValue::parse(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return fail(Fault::client, "the text is too long");
  std::string why;
  auto value = read(text, why);
  if (!value) return fail(Fault::client, "the text " + why);
  auto document = std::make_shared<const Document>(std::move(*value));
  const void* const root = &document->root;
  return JsonValue(std::move(document), root);
}

bool JsonValue::is_object() const noexcept { return at(node_).is_object(); }
bool JsonValue::is_array() const noexcept { return at(node_).is_array(); }
bool JsonValue::is_null() const noexcept { return at(node_).is_null(); }

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!is_object()) return std::nullopt;
  const auto found = at(node_).find(std::string(key));
  if (found == at(node_).end()) return std::nullopt;
  return JsonValue(document_, &*found);
}

std::vector<JsonValue> JsonValue::items() const {
  std::vector<JsonValue> out;
  if (!is_array()) return out;
  for (const Json& item : at(node_)) out.push_back(JsonValue(document_, &item));
  return out;
}

std::vector<std::string> JsonValue::keys() const {
  std::vector<std::string> out;
  if (!is_object()) return out;
  for (const auto& item : at(node_).items()) out.push_back(item.key());
  return out;
}

std::optional<std::string> JsonValue::as_text() const {
  if (!at(node_).is_string()) return std::nullopt;
  return at(node_).get_ref<const std::string&>();
}

std::optional<std::int64_t> JsonValue::as_integer() const {
  if (!at(node_).is_number_integer()) return std::nullopt;
  if (at(node_).is_number_unsigned() && at(node_).get<std::uint64_t>() > std::uint64_t(INT64_MAX)) return std::nullopt;
  return at(node_).get<std::int64_t>();
}

std::optional<double> JsonValue::as_number() const {
  if (!at(node_).is_number()) return std::nullopt;
  return at(node_).get<double>();
}

std::optional<bool> JsonValue::as_flag() const {
  if (!at(node_).is_boolean()) return std::nullopt;
  return at(node_).get<bool>();
}

std::optional<std::string> JsonValue::text(std::string_view key) const {
  const auto member = find(key);
  return member ? member->as_text() : std::nullopt;
}

}  // namespace schoolgate::web
