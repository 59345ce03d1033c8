#include "app/command.h"

#include <cstdio>

namespace schoolgate::app {

int usage_error(const Command& command, const Error& error) {
  std::fprintf(stderr, "schoolgate %.*s: %s\nTry: schoolgate %.*s --help\n", int(command.name.size()),
               command.name.data(), error.text().c_str(), int(command.name.size()), command.name.data());
  return kUsage;
}

int report(const Error& error) {
  std::fprintf(stderr, "schoolgate: %s\n", error.text().c_str());
  return kProblem;
}

int report(const Problems& problems) {
  for (const Problem& problem : problems) std::fprintf(stderr, "%s\n", problem.text().c_str());
  return has_errors(problems) ? kProblem : kDone;
}

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

}  // namespace schoolgate::app
