#include "rules/site_text.h"

#include <algorithm>

#include "names/host.h"
#include "names/url.h"

namespace schoolgate::rules {
namespace {

std::unexpected<Error> no_site(std::string_view text, std::string why, std::string next) {
  return fail(Fault::client, "'" + std::string(text) + "' is not a site" + std::move(why), std::move(next));
}

}  // namespace

Result<SiteText> read_site_text(std::string_view text) {
  if (text.starts_with("*.") || text.starts_with('.')) {
    const std::string_view name = text.substr(std::min(text.find_first_not_of("*."), text.size()));
    return no_site(text, "",
                   "write " + std::string(name.empty() ? "example.org" : name) + ": a site covers everything under it");
  }
  if (text.find('/') != std::string_view::npos) {
    const auto url = names::Url::parse(text);
    if (!url) return no_site(text, ": " + url.error().what, url.error().next);
    const bool names_port = url->path().data() != url->host().data() + url->host().size();
    if (url->path() != "/" || !url->query().empty() || names_port)
      return SiteText{RuleSpec::Kind::url, std::string(text)};
    return SiteText{RuleSpec::Kind::site, std::string(url->host())};
  }
  const auto host = names::Host::parse(text);
  if (!host) return no_site(text, ": " + host.error().what, host.error().next);
  if (!host->address() && host->text().find('.') == std::string::npos)
    return no_site(text, "", "a site is a host name such as example.org, or part of one such as example.org/lessons");
  return SiteText{RuleSpec::Kind::site, std::string(text)};
}

}  // namespace schoolgate::rules
