// Policies for the tests of this room, from YAML as a school writes it, over a few small lists.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "changes/replay.h"
#include "config/load_texts.h"

namespace schoolgate::changes::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-changes-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// bet0.example to bet4.example are gambling, play0 to play4 games, chat0 to chat4 social-media, dark0 to dark4 are on
/// a sealed list of drugs; part0.example/casino is gambling.
inline std::shared_ptr<const blocklists::CategoryDb> small_lists(const std::filesystem::path& folder) {
  std::vector<blocklists::ListSource> sources;
  for (const auto& [name, category, sealed] : {std::tuple{"bet", "gambling", false},
                                               {"play", "games", false},
                                               {"chat", "social-media", false},
                                               {"dark", "drugs", true}}) {
    std::ofstream out(folder / name);
    for (int i = 0; i < 5; ++i) out << name << i << ".example\n";
    out.close();
    sources.push_back({.name = name, .category = category, .path = folder / name, .sealed = sealed});
  }
  std::ofstream(folder / "parts") << "part0.example/casino\n";
  sources.push_back(
      {.name = "parts", .category = "gambling", .format = blocklists::Format::urls, .path = folder / "parts"});
  const blocklists::SealedKey key{7};
  const auto report = blocklists::compile(sources, folder / "image", {.sealed_key = key});
  EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().text());
  auto opened = blocklists::CategoryDb::open(folder / "image", key);
  EXPECT_TRUE(opened.has_value());
  return *opened;
}

/// A policy that owns what it was compiled from.
struct Policy {
  rules::PolicySpec spec;
  std::shared_ptr<const rules::PolicySnapshot> snapshot;
  [[nodiscard]] ReplayedPolicy side(bool can_open) const { return {snapshot, &spec, can_open}; }
};

inline std::unique_ptr<Policy> policy_of(const std::string& policy_yaml, const std::string& rules_yaml,
                                         std::shared_ptr<const blocklists::CategoryDb> lists) {
  const std::string settings =
      "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n"
      "inspection: { mode: selective }\n";
  config::Loaded loaded = config::load_texts(
      "config", {{"schoolgate.yaml", settings}, {"policy.yaml", policy_yaml}, {"rules/a.yaml", rules_yaml}}, {});
  for (const Problem& problem : loaded.problems)
    EXPECT_NE(problem.severity, Problem::Severity::error) << problem.text() << "\n" << policy_yaml << rules_yaml;
  auto policy = std::make_unique<Policy>();
  if (!loaded.configuration) return policy;
  policy->spec = std::move(loaded.configuration->policy);
  Problems warnings;
  auto compiled = rules::PolicySnapshot::compile(policy->spec, std::move(lists), wall_now(), warnings);
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().front().text() + policy_yaml + rules_yaml);
  if (compiled) policy->snapshot = std::move(*compiled);
  return policy;
}

}  // namespace schoolgate::changes::test
