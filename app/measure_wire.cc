#include "app/measure_wire.h"

#include <string>

#include "base/json.h"
#include "web/json.h"

namespace schoolgate::app {
namespace {

Result<std::vector<std::string>> texts(const web::JsonValue& object, std::string_view key) {
  std::vector<std::string> out;
  const auto list = object.find(key);
  if (!list) return out;
  for (const web::JsonValue& item : list->items()) {
    auto text = item.as_text();
    if (!text) return fail(Fault::client, "'" + std::string(key) + "' is no list of texts");
    out.push_back(std::move(*text));
  }
  return out;
}

}  // namespace

std::string measure_json(const rules::Measure& measure) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("kind", rules::to_string(measure.kind)).field("id", measure.id);
  write_texts(json, "groups", measure.groups);
  json.key("networks").begin_array();
  for (const names::IpNetwork& network : measure.networks) json.value(network.text());
  json.end_array();
  write_texts(json, "sites", measure.sites);
  json.field("list", measure.list).field("by", measure.by).field("why", measure.why);
  json.field("from", to_rfc3339(measure.from));
  if (measure.until != TimePoint::max()) json.field("until", to_rfc3339(measure.until));
  json.end_object();
  return out;
}

Result<rules::Measure> measure_from_json(std::string_view text) {
  const auto object = web::JsonValue::parse(text, 64 * 1024);
  if (!object) return std::unexpected(object.error());
  rules::Measure measure;
  const auto kind = rules::measure_kind_from(object->text("kind").value_or(""));
  if (!kind) return fail(Fault::client, "no such kind of measure");
  measure.kind = *kind;
  for (auto [key, list] : {std::pair{"groups", &measure.groups}, std::pair{"sites", &measure.sites}}) {
    auto read = texts(*object, key);
    if (!read) return std::unexpected(std::move(read.error()));
    *list = std::move(*read);
  }
  const auto networks = texts(*object, "networks");
  if (!networks) return std::unexpected(networks.error());
  for (const std::string& network : *networks) {
    const auto parsed = names::IpNetwork::parse(network);
    if (!parsed) return fail(Fault::client, "'" + network + "' is no network");
    measure.networks.push_back(*parsed);
  }
  measure.id = object->text("id").value_or("");
  measure.list = object->text("list").value_or("");
  measure.by = object->text("by").value_or("");
  measure.why = object->text("why").value_or("");
  const auto from = from_rfc3339(object->text("from").value_or(""));
  if (!from) return fail(Fault::client, "no moment at which it begins");
  measure.from = *from;
  measure.until = TimePoint::max();
  if (const auto until = object->text("until")) {
    const auto time = from_rfc3339(*until);
    if (!time) return fail(Fault::client, "'" + *until + "' is no moment");
    measure.until = *time;
  }
  return measure;
}

}  // namespace schoolgate::app
