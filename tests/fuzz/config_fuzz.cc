// The first byte chooses which configuration file the rest is; beside it stand small sound files, so that a reader's
// finding is not drowned by missing ones. Whatever the bytes are: an answer, and never a configuration with an error.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/load_texts.h"

namespace {

constexpr const char* kNames[] = {"schoolgate.yaml", "policy.yaml", "categories.yaml",
                                  "lists.yaml",      "alerts.yaml", "rules/fuzz.yaml"};
constexpr const char* kSound[] = {"site: {name: S, timezone: UTC}\nstate: s\nlisten: {proxy: [\"127.0.0.1:8080\"]}\n",
                                  "groups: {a: {members: {networks: [10.0.0.0/8]}}}\nfallback: a\n",
                                  "",
                                  "",
                                  "",
                                  ""};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chosen = data[0] % std::size(kNames);
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    files.emplace_back(kNames[i],
                       i == chosen ? std::string(reinterpret_cast<const char*>(data) + 1, size - 1) : kSound[i]);
  const auto loaded = schoolgate::config::load_texts("no-such-folder", std::move(files), {});
  if (loaded.configuration.has_value() == schoolgate::has_errors(loaded.problems)) std::abort();
  for (const auto& problem : loaded.problems) {
    const std::string text = problem.text();
    for (const char c : text)
      if (static_cast<unsigned char>(c) < 0x20) std::abort();  // a message is one line and cannot forge another
  }
  return 0;
}
