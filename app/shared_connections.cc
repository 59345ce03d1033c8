#include "app/shared_connections.h"

#include <algorithm>

#include "app/control_plane.h"
#include "blocklists/public_suffix.h"
#include "rules/siblings.h"

namespace schoolgate::app {
namespace {

using Unwatched = flow::CertificateNames::Unwatched;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The wildcards under which a certificate for `site` may stand: "*.PARENT" and "*.SITE".
std::vector<rules::CoveredName> likely_wildcards(const std::string& site) {
  std::vector<rules::CoveredName> names;
  const std::size_t dot = site.find('.');
  for (const std::string& parent : {dot == std::string::npos ? std::string() : site.substr(dot + 1), site})
    if (parent.find('.') != std::string::npos && !blocklists::is_public_suffix(parent))
      if (auto name = rules::covered_name("*." + parent)) names.push_back(std::move(*name));
  return names;
}

/// What is refused beside this site, for the first group that it is refused for; empty when nothing is.
std::string refused_beside(const LoadedPolicy& loaded, const std::string& site, TimePoint now) {
  for (const rules::GroupSpec& group : loaded.configuration.policy.groups) {
    const rules::Subject subject{.group = *loaded.snapshot->find_group(group.id)};
    const auto itself = rules::covered_name(site);  // where it is refused no connection to it is open
    if (!itself || rules::treatment_of(*loaded.snapshot, subject, *itself, now).treatment == rules::Treatment::refused)
      continue;
    for (const rules::CoveredName& name : likely_wildcards(site)) {
      const rules::CoveredAnswer answer = rules::treatment_of(*loaded.snapshot, subject, name, now);
      if (answer.treatment != rules::Treatment::refused || answer.example == site) continue;
      const bool named = !answer.example.empty() && !answer.sealed;
      return (named ? answer.example : "a site directly under " + name.host.text()) + ", which is refused to " +
             group.id;
    }
  }
  return {};
}

Problem sharing_warning(const std::filesystem::path& folder, std::string message, std::string hint) {
  return {.severity = Problem::Severity::warning,
          .at = {.file = (folder / "schoolgate.yaml").string()},
          .message = std::move(message),
          .hint = std::move(hint)};
}

}  // namespace

std::string shared_lines(const std::vector<Unwatched>& shared) {
  std::string lines;
  for (const Unwatched& each : shared) lines += each.host + '\t' + each.sibling + '\n';
  return lines;
}

std::vector<Unwatched> read_shared_lines(std::string_view text) {
  std::vector<Unwatched> shared;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos || tab == 0 || tab + 1 == line.size()) continue;
    shared.push_back({std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))});
  }
  return shared;
}

std::string opened_because_of(const LoadedPolicy& loaded, const rules::Subject& subject, const std::string& host,
                              TimePoint now) {
  const config::Settings& settings = loaded.configuration.settings;
  if (settings.listen.tls.empty()) return {};
  const auto told = ask_running_gateway(settings.state, "certificate " + host);
  if (!told || !told->done) return {};
  std::string_view lines = told->text;
  while (!lines.empty()) {
    const auto name = rules::covered_name(take_line(lines));
    if (!name) continue;
    const rules::CoveredAnswer answer = rules::treatment_of(*loaded.snapshot, subject, *name, now);
    if (answer.treatment != rules::Treatment::alike) return answer.sealed ? "a name that is withheld" : name->text();
  }
  return {};
}

Problems shared_connection_warnings(const LoadedPolicy& loaded, const std::filesystem::path& folder, TimePoint now) {
  const config::Settings& settings = loaded.configuration.settings;
  Problems warnings;
  if (settings.listen.tls.empty()) return warnings;
  if (settings.inspection == rules::InspectionMode::off)
    warnings.push_back(sharing_warning(
        folder,
        "inspection is off: where an allowed site and a refused one share a certificate, a browser can reach the "
        "refused one over the connection to the allowed one, unseen",
        "inspection.mode: selective opens such connections; a name server that refuses blocked names prevents it"));
  else
    for (const std::string& site : loaded.configuration.policy.never_inspect)
      if (const auto host = names::Host::parse(site); host && site.find('.') != std::string::npos)
        if (const std::string refused = refused_beside(loaded, host->text(), now); !refused.empty())
          warnings.push_back(
              sharing_warning(folder,
                              "inspection.never: " + site + " may share its certificate with " + refused +
                                  ": a browser can then reach that site over the connection to this one, unseen",
                              "take it out of inspection.never, or accept it"));
  if (const auto told = ask_running_gateway(settings.state, "shared"); told && told->done)
    for (const Unwatched& each : read_shared_lines(told->text))
      warnings.push_back(
          sharing_warning(folder,
                          each.host + " is not opened, and its certificate also covers " + each.sibling +
                              ", where a site is refused: it can be reached over the connection to this one, unseen",
                          "take it out of inspection.never, or accept it"));
  return warnings;
}

}  // namespace schoolgate::app
