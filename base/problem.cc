#include "base/problem.h"

#include <algorithm>

namespace schoolgate {

std::string SourcePosition::text() const {
  return line == 0 ? file : file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string SourcePosition::line_text() const { return line == 0 ? file : file + ":" + std::to_string(line); }

std::string Problem::text() const {
  std::string out = at.text() + ": ";
  if (severity == Severity::warning) out += "warning: ";
  out += message;
  if (!hint.empty()) out += " (" + hint + ")";
  return out;
}

bool has_errors(const Problems& problems) noexcept {
  return std::ranges::any_of(problems, [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

}  // namespace schoolgate
