#include "casework/traffic.h"

#include <algorithm>
#include <map>
#include <set>

#include "breaches/decision_search.h"
#include "breaches/flat_json.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kMostLines = 200'000, kMostHosts = 10;

bool is_under(std::string_view host, std::string_view site) {
  return host == site ||
         (host.size() > site.size() && host.ends_with(site) && host[host.size() - site.size() - 1] == '.');
}

}  // namespace

Result<SiteTraffic> traffic_of(const std::filesystem::path& decisions, const std::vector<std::string>& sites,
                               TimePoint since, TimePoint until) {
  SiteTraffic traffic;
  std::map<std::string, std::uint64_t> hosts;
  std::set<std::string> devices, groups;
  std::vector<std::string> names;
  for (const std::string& site : sites) names.push_back(site.substr(0, site.find('/')));
  std::size_t lines = 0;
  const auto looked = breaches::DecisionFiles(decisions).read(since, until, [&](std::string_view line) {
    // Most lines are of other sites: a look for the words saves parsing them.
    if (std::ranges::none_of(names, [&](const std::string& name) { return line.find(name) != std::string_view::npos; }))
      return true;
    const auto json = breaches::FlatJson::parse(line);
    if (!json || json->text("action") == "block" || json->text("action") == "refused") return true;
    const std::string_view host = json->text("host");
    if (std::ranges::none_of(names, [&](const std::string& name) { return is_under(host, name); })) return true;
    ++traffic.requests;
    ++hosts[std::string(host)];
    devices.emplace(json->text("device"));
    groups.emplace(json->text("group"));
    return ++lines < kMostLines;
  });
  if (!looked) return std::unexpected(looked.error());
  traffic.kept = looked->kept;
  traffic.cut_short = looked->cut_short || lines >= kMostLines;
  traffic.devices = devices.size();
  traffic.groups.assign(groups.begin(), groups.end());
  std::vector<std::pair<std::uint64_t, std::string>> by_count;
  for (const auto& [host, count] : hosts) by_count.emplace_back(count, host);
  std::ranges::sort(by_count, std::ranges::greater());
  for (std::size_t i = 0; i < std::min(by_count.size(), kMostHosts); ++i) traffic.hosts.push_back(by_count[i].second);
  return traffic;
}

}  // namespace schoolgate::casework
