// Which page a request comes from.
#include "names/url.h"
#include "rules/request.h"

namespace schoolgate::rules {
namespace {

/// Longer ones are cut by no browser; what cannot be read tells nothing.
constexpr std::size_t kLongestField = 8192;

std::string host_of(std::string_view field) {
  if (field.size() > kLongestField || !(field.starts_with("http://") || field.starts_with("https://"))) return {};
  const auto url = names::Url::parse(field);
  return url ? std::string(url->host()) : std::string();
}

}  // namespace

AskingPage asking_page(std::string_view origin, std::string_view referer, std::string_view fetch_site,
                       std::string_view fetch_dest) {
  AskingPage page{.host = host_of(referer)};
  if (page.host.empty()) page.host = host_of(origin);  // "null" where a page hides itself
  const bool from_page = fetch_site == "cross-site" || fetch_site == "same-site" || fetch_site == "same-origin";
  const bool navigates = fetch_dest.empty() || fetch_dest == "document";
  page.a_page = !page.host.empty() || (from_page && !navigates);
  return page;
}

}  // namespace schoolgate::rules
