#include "console/measure_brakes.h"

#include <algorithm>
#include <array>

#include "casework/shown_text.h"

namespace schoolgate::console {

namespace {

// The whole of one of these is much more than a page that somebody saw there.
constexpr std::array<std::string_view, 38> kShared = {
    "google.com",     "google.co.uk",     "bing.com",       "duckduckgo.com",  "yahoo.com",           "ecosia.org",
    "kiddle.co",      "swiggle.org.uk",   "youtube.com",    "googlevideo.com", "ytimg.com",           "gstatic.com",
    "googleapis.com", "microsoft.com",    "office.com",     "office365.com",   "microsoftonline.com", "live.com",
    "sharepoint.com", "windows.com",      "apple.com",      "icloud.com",      "amazon.com",          "amazon.co.uk",
    "amazonaws.com",  "cloudfront.net",   "cloudflare.com", "akamaihd.net",    "fastly.net",          "github.io",
    "blogspot.com",   "wordpress.com",    "wixsite.com",    "wikipedia.org",   "bbc.co.uk",           "gov.uk",
    "weebly.com",     "azurewebsites.net"};

}  // namespace

bool is_shared_host(std::string_view host) {
  if (host.starts_with("www.")) host.remove_prefix(4);
  return std::ranges::find(kShared, host) != kShared.end();
}

Brakes brakes_on(const rules::Measure& measure, const std::vector<SiteFacts>& facts, const casework::Viewer& viewer) {
  Brakes brakes;
  const bool blocks = measure.kind == rules::Measure::Kind::emergency;
  const bool opens = measure.kind == rules::Measure::Kind::supervised;
  const bool may_open_any = viewer.role == casework::Role::dsl || viewer.role == casework::Role::deputy;
  for (const SiteFacts& site : facts) {
    const std::string name = casework::defang(site.host);
    const auto add = [&](std::string text) { brakes.reasons.push_back(name + ": " + std::move(text)); };
    const bool is_search = std::ranges::any_of(site.categories, [](const auto& one) { return one.id == "search"; });
    const bool whole = !site.has_path;
    if (blocks && site.public_suffix)
      add("this is an ending that many thousand sites share; all of them would be closed");
    else if (blocks && whole && (is_search || is_shared_host(site.host)))
      add("very many pages and other sites hang on it; all of them would be closed");
    if (blocks && site.help) add("this is a place of help for children, which is otherwise never closed");
    if (blocks && site.has_path && site.path_unseen)
      add("over HTTPS only the name is seen, so a path alone is not blocked there; block the whole name, " + name +
          ", or have the host opened");
    if (opens && site.public_suffix)
      add("this is an ending that many thousand sites share; all of them would be opened");
    if (!opens) continue;
    for (const SiteFacts::OnList& category : site.categories) {
      if (category.illegal || category.urgency < kOpenedByLeadOnly) continue;
      const std::string what = name + " is listed as " + category.title;
      if (!may_open_any && brakes.refused.empty())
        brakes.refused = what + ". Only the safeguarding lead or a deputy opens such a site in a session.";
      add("it is listed as " + category.title);
    }
  }
  return brakes;
}

}  // namespace schoolgate::console
