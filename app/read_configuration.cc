#include "app/read_configuration.h"

#include "app/command.h"
#include "app/group_view.h"

namespace schoolgate::app {

std::optional<config::Configuration> read_configuration(const Arguments& arguments) {
  config::Loaded loaded = configuration_asked_about(arguments.get("--config"));
  if (!loaded.configuration) report(loaded.problems);
  return std::move(loaded.configuration);
}

}  // namespace schoolgate::app
