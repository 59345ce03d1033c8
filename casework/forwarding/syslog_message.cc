#include "casework/forwarding/syslog_message.h"

#include <algorithm>

#include "base/json.h"
#include "breaches/flat_json.h"

namespace schoolgate::casework {
namespace {

constexpr int kLogAudit = 13;

// HOSTNAME and MSGID: printable ASCII without blanks, bounded (RFC 5424 section 6).
std::string header_field(std::string_view text, std::size_t most) {
  std::string field;
  for (const char c : text.substr(0, most)) field += c > ' ' && c < '\x7f' ? c : '_';
  return field.empty() ? "-" : field;
}

// In the header of CEF a pipe and a backslash are escaped, in its extension an equals sign and a backslash.
std::string cef_escaped(std::string_view text, char separator) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == separator) out += '\\';
    out += c == '\r' || c == '\n' ? ' ' : c;
  }
  return out;
}

std::string cef_header(const ForwardedFrom& from, std::string_view id, std::string_view name, int severity) {
  return "CEF:0|Schoolgate|Schoolgate|" + cef_escaped(from.version, '|') + '|' + cef_escaped(id, '|') + '|' +
         cef_escaped(name, '|') + '|' + std::to_string(severity) + '|';
}

class CefExtension {
 public:
  explicit CefExtension(std::string& out) : out_(out) {}
  void add(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!first_) out_ += ' ';
    first_ = false;
    out_ += key;
    out_ += '=';
    out_ += cef_escaped(value, '=');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace

Severity severity_of(std::int64_t urgency) noexcept {
  switch (std::clamp<std::int64_t>(urgency, 1, 5)) {
    case 5: return Severity::critical;
    case 4: return Severity::error;
    case 3: return Severity::warning;
    case 2: return Severity::notice;
    default: return Severity::informational;
  }
}

std::string to_rfc5424(const SyslogMessage& message) {
  return '<' + std::to_string(kLogAudit * 8 + int(message.severity)) + ">1 " + to_rfc3339(message.time) + ' ' +
         header_field(message.host, 255) + " schoolgate - " + header_field(message.kind, 32) + " - " +
         std::string(message.text);
}

std::string octet_counted(std::string_view message) {
  return std::to_string(message.size()) + ' ' + std::string(message);
}

std::string alarm_as_json(const Alarm& alarm, const ForwardedFrom& from) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("alarm", alarm.kind).field("text", alarm.text);
  json.field("school", from.school).field("gateway", from.gateway).field("time", to_rfc3339(alarm.time)).end_object();
  return line;
}

std::string alarm_as_cef(const Alarm& alarm, const ForwardedFrom& from) {
  constexpr int kOfTen = 6;
  std::string line = cef_header(from, "alarm", alarm.kind, kOfTen);
  CefExtension extension(line);
  extension.add("rt", std::to_string(alarm.time.time_since_epoch().count()));
  extension.add("dvchost", from.gateway);
  extension.add("msg", alarm.text);
  return line;
}

std::string record_as_cef(std::string_view record, const ForwardedFrom& from) {
  const auto fields = breaches::FlatJson::parse(record);
  if (!fields) return cef_header(from, "breach", "a record that cannot be read", 5);
  const auto text = [&](std::string_view name) { return fields->text(name); };
  const int of_ten = int(std::clamp<std::int64_t>(fields->integer("urgency"), 1, 5)) * 2;
  std::string line =
      cef_header(from, "breach", std::string(text("action")) + ' ' + std::string(text("category")), of_ten);
  CefExtension extension(line);
  if (const auto time = from_rfc3339(text("time")))
    extension.add("rt", std::to_string(time->time_since_epoch().count()));
  extension.add("externalId", text("id"));
  extension.add("dvchost", text("gateway"));
  extension.add("src", text("device"));
  extension.add("suser", text("person"));
  extension.add("act", text("action"));
  extension.add("cat", text("category"));
  extension.add("dhost", text("site"));
  extension.add("request", text("url"));
  extension.add("requestMethod", text("method"));
  extension.add("cs1Label", "group");
  extension.add("cs1", text("group"));
  extension.add("cs2Label", "reference");
  extension.add("cs2", text("reference"));
  extension.add("cs3Label", "list or rule");
  const std::string_view rule = text("reason.rule").empty() ? text("reason.source") : text("reason.rule");
  extension.add("cs3", text("reason.list").empty() ? rule : text("reason.list"));
  return line;
}

}  // namespace schoolgate::casework
