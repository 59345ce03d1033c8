#include "web/csrf.h"

#include "web/text.h"

namespace schoolgate::web {
namespace {

constexpr auto kGoodFor = std::chrono::hours(12);
/// The session is part of the purpose and not of the payload: a page must not hold the id that its cookie hides.
std::string purpose_of(std::string_view session) { return "form " + std::string(session); }

}  // namespace

bool is_same_origin(const Request& request) noexcept {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return true;
  const std::string_view scheme = request.tls ? "https://" : "http://";
  return origin.starts_with(scheme) && equal_ignoring_case(origin.substr(scheme.size()), request.host);
}

std::string make_csrf_token(const Tokens& tokens, std::string_view session, TimePoint now) {
  return tokens.sign(purpose_of(session), "", now + kGoodFor);
}

bool is_own_form(const Request& request, const Tokens& tokens, std::string_view session) {
  if (request.method != Method::post) return true;
  if (!is_same_origin(request)) return false;
  return tokens.verify(purpose_of(session), request.form.get(kCsrfField), request.received).has_value();
}

}  // namespace schoolgate::web
