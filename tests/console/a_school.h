// A configuration for the desk's pages about the filter: files in a folder of its own, the policy that they make, and
// changes of them without a gateway.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "blocklists/category_db.h"
#include "changes/change_control.h"
#include "console/console.h"
#include "identity/user_database.h"
#include "identity/users.h"

namespace schoolgate::console {

class ASchool {
 public:
  ASchool(const std::filesystem::path& state, identity::UserDatabase& users)
      : state_(state), config_(state / "config"), users_(users) {
    if (std::filesystem::exists(config_ / "policy.yaml")) return;
    std::filesystem::create_directories(config_ / "rules");
    std::ofstream(config_ / "schoolgate.yaml")
        << "site: { name: Ashford Oaks Primary School, timezone: Europe/London }\nstate: state\n"
           "listen: { proxy: [\"127.0.0.1:8080\"] }\n";
    std::ofstream(config_ / "policy.yaml")
        << "groups:\n"
           "  ks1: { title: Early Years and Key Stage 1, members: { networks: [\"10.20.1.0/24\"] }, unlisted: block }\n"
           "  ks2:\n    title: Key Stage 2\n    members: { networks: [\"10.20.2.0/23\"] }\n"
           "    categories: { gambling: block, games: warn, social-media: block }\n"
           "    schedules:\n"
           "      - when: { days: [mon, tue, wed, thu, fri], from: \"12:00\", to: \"13:00\" }\n"
           "        categories: { games: allow }\n"
           "  staff: { title: Staff, members: { networks: [\"10.20.8.0/24\"] }, categories: { gambling: block } }\n"
           "fallback: ks1\n";
    std::ofstream(config_ / "rules/school.yaml")
        << "# Rules of the school.\nblock:\n"
           "  - { site: lucky-spins.example, category: gambling, why: \"reported by Year 5\" }\n"
           "  - { url: \"forum.example/casino/\", category: gambling }\n"
           "allow:\n"
           "  - { site: phonics.example, groups: [ks1], why: \"letters\" }\n"
           "  - { site: over.example, groups: [ks2], until: 2025-12-18, approved_by: headteacher }\n";
  }

  [[nodiscard]] config::Configuration configuration() const {
    auto loaded = config::load(config_);
    if (!loaded.configuration) throw std::runtime_error(loaded.problems.front().text());
    return std::move(*loaded.configuration);
  }
  [[nodiscard]] std::shared_ptr<const rules::PolicySnapshot> snapshot() const {
    Problems warnings;
    auto compiled = rules::PolicySnapshot::compile(configuration().policy, lists(), wall_now(), warnings);
    if (!compiled) throw std::runtime_error(compiled.error().front().text());
    return *compiled;
  }
  void add_to(Hooks& hooks) const {
    hooks.spec = [this] { return configuration().policy; };
    hooks.snapshot = [this] { return snapshot(); };
    hooks.opens = [] { return false; };
  }
  /// The gate compiles, as a reload does.
  [[nodiscard]] changes::ChangeControl::Parts parts() const {
    return {.config = config_,
            .state = state_,
            .roles = [this]() -> Result<std::map<std::string, std::string, std::less<>>> {
              const auto all = identity::Users(users_).all();
              if (!all) return std::unexpected(all.error());
              std::map<std::string, std::string, std::less<>> roles;
              for (const identity::User& user : *all)
                if (!user.disabled) roles.emplace(user.user, identity::to_string(user.role));
              return roles;
            },
            .gate =
                [this](config::Loaded wanted) {
                  Problems warnings;
                  auto compiled =
                      rules::PolicySnapshot::compile(wanted.configuration->policy, lists(), wall_now(), warnings);
                  return compiled ? Problems() : std::move(compiled.error());
                },
            .reload = [] { return changes::GatewayAnswer{changes::GatewayAnswer::What::took_it, ""}; },
            .pseudonym = [](const std::string&) { return std::string("0123456789abcdef"); }};
  }
  [[nodiscard]] const std::filesystem::path& config() const { return config_; }

 private:
  [[nodiscard]] std::shared_ptr<const blocklists::CategoryDb> lists() const { return blocklists::CategoryDb::empty(); }

  std::filesystem::path state_, config_;
  identity::UserDatabase& users_;
};

}  // namespace schoolgate::console
