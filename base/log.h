// The gateway's own log: one line an event, logfmt on stderr (systemd's journal takes it from there).
//
//   log::info("reload accepted", {{"policy", version}, {"seconds", took}});
//   -> time=2026-11-22T09:30:00.125Z level=info event="reload accepted" policy="6f1c…" seconds="0.4"
//
// Values are always quoted and escaped as JSON strings are, so a hostile name cannot forge a line or a field.
// Thread-safe: each line leaves in one write(2). Never used per request (that is the decision log's work).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace schoolgate::log {

struct Field {
  std::string_view name;
  std::string value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(v) {}
  Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  template <class N>
    requires std::is_arithmetic_v<N>
  Field(std::string_view n, N v) : name(n), value(std::to_string(v)) {}
};
using Fields = std::initializer_list<Field>;

void info(std::string_view event, Fields fields = {});
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace schoolgate::log
