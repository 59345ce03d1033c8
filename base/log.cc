#include "base/log.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

namespace schoolgate::log {
namespace {

void write_line(std::string_view level, std::string_view event, Fields fields) {
  std::string line = "time=" + to_rfc3339(wall_now());
  line += " level=";
  line += level;
  line += " event=\"";
  append_json_escaped(line, event);
  line += '"';
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += "=\"";
    append_json_escaped(line, field.value);
    line += '"';
  }
  line += '\n';
  // A log that cannot be written has nobody to tell.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void info(std::string_view event, Fields fields) { write_line("info", event, fields); }
void warning(std::string_view event, Fields fields) { write_line("warning", event, fields); }
void error(std::string_view event, Fields fields) { write_line("error", event, fields); }

}  // namespace schoolgate::log
