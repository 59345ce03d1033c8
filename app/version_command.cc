// schoolgate version: what exactly is installed, for a report of a problem.
#include "app/command.h"
#include "app/released.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kVersionHelp = R"(schoolgate version

Prints the version, the revision it was built from, and the compiler and libraries it was built with.
)";

constexpr std::string_view kVersion = SCHOOLGATE_VERSION;
constexpr std::string_view kRevision = SCHOOLGATE_REVISION;  // empty when not built from a checkout
constexpr std::string_view kBuiltWith = SCHOOLGATE_BUILT_WITH;

int print_version(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {});
  if (!arguments) return usage_error(kVersionCommand, arguments.error());
  std::string text = "schoolgate " + release_name();
  text += "\nbuilt with " __VERSION__ "\n           " + std::string(kBuiltWith) + "\n";
  print(text);
  return kDone;
}

}  // namespace

std::string_view version() noexcept { return kVersion; }

std::string release_name() {
  std::string name(kVersion);
  if (!kRevision.empty()) name += " (revision " + std::string(kRevision) + ")";
  return name;
}

TimePoint released() noexcept { return TimePoint(std::chrono::seconds(SCHOOLGATE_RELEASED)); }

const Command kVersionCommand{"version", "print the version and its build", kVersionHelp, print_version};

}  // namespace schoolgate::app
