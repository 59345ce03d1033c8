#include "breaches/decision_line.h"

#include <cmath>

namespace schoolgate::breaches {
namespace {

// Milliseconds with three decimals, without the machinery of formatting a double.
void append_ms(std::string& out, double ms) {
  const bool sensible = ms >= 0 && ms < 1e12;
  const auto micros = sensible ? std::uint64_t(ms * 1000 + 0.5) : 0;
  append_number(out, micros / 1000);
  const auto rest = unsigned(micros % 1000);
  const char fraction[4] = {'.', char('0' + rest / 100), char('0' + rest / 10 % 10), char('0' + rest % 10)};
  out.append(fraction, sizeof fraction);
}

// All of them or, where that would make the line long, null: a part of them would put the person into another group.
void append_groups(std::string& out, std::span<const std::string> groups) {
  constexpr std::size_t kMostBytes = 1024;
  std::size_t bytes = 0;
  for (const std::string& group : groups) bytes += group.size() + 3;
  if (bytes > kMostBytes) {
    out += R"(,"groups":null)";
    return;
  }
  out += R"(,"groups":[)";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    out += i == 0 ? "\"" : ",\"";
    append_bounded(out, groups[i], kMostBytes);
    out += '"';
  }
  out += ']';
}

}  // namespace

void append_decision_line(std::string& out, const Decision& decision, TimeText& time_text) {
  out += R"({"time":")";
  time_text.append(out, decision.time);
  append_field(out, R"(","group":")", decision.group);
  if (!decision.person.empty()) append_field(out, R"(","person":")", decision.person);
  if (!decision.confidence.empty()) append_field(out, R"(","confidence":")", decision.confidence);
  if (!decision.source.empty()) append_field(out, R"(","source":")", decision.source);
  append_field(out, R"(","device":")", decision.device);
  append_field(out, R"(","kind":")", decision.kind);
  append_field(out, R"(","method":")", decision.method);
  if (decision.sealed) {
    out += R"(","host":"sealed","url":"sealed)";
  } else {
    append_field(out, R"(","host":")", decision.host);
    out += R"(","url":")";
    append_redacted_url(out, decision.url);
    if (!decision.search.empty()) append_field(out, R"(","search":")", decision.search);
    if (!decision.page.empty()) append_field(out, R"(","page":")", decision.page);
  }
  append_field(out, R"(","action":")", decision.action);
  append_field(out, R"(","category":")", decision.category);
  append_field(out, R"(","stage":")", decision.stage);
  out += decision.inspected ? R"(","inspected":true)" : R"(","inspected":false)";
  if (!decision.groups.empty()) append_groups(out, decision.groups);
  if (decision.by_name_only) out += R"(,"by_name_only":true)";
  if (decision.query && !decision.sealed) out += R"(,"query":true)";
  out += R"(,"bytes_in":)";
  append_number(out, decision.bytes_in);
  out += R"(,"bytes_out":)";
  append_number(out, decision.bytes_out);
  out += R"(,"ms":)";
  append_ms(out, decision.ms);
  append_field(out, R"(,"rule":")", decision.rule);
  if (!decision.reference.empty()) append_field(out, R"(","reference":")", decision.reference);
  out += "\"}\n";
}

}  // namespace schoolgate::breaches
