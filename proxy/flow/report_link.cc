#include "proxy/flow/report_link.h"

namespace schoolgate::flow {
namespace {

constexpr std::size_t kLongestAddress = 300;

// All but the unreserved characters of RFC 3986 section 2.3.
void append_escaped(std::string& out, std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
}

// The judge's own form, which is all ASCII: cutting it splits no character, but for an escape at its end.
std::string_view cut(std::string_view address) {
  if (address.size() <= kLongestAddress) return address;
  address = address.substr(0, kLongestAddress);
  const std::size_t escape = address.find_last_of('%');
  return escape != std::string_view::npos && escape + 3 > address.size() ? address.substr(0, escape) : address;
}

bool is_withheld(const Judgement& judgement) {
  const rules::Citation citation = judgement.policy->cite(judgement.verdict);
  return citation.sealed || citation.illegal;
}

}  // namespace

std::string report_link(std::string_view desk, const Judgement& judgement, const rules::Request& request,
                        std::string_view reference) {
  std::string link(desk);
  if (desk.empty()) return link;
  link += "/report?kind=wrongly-blocked&reference=";
  append_escaped(link, reference);
  if (is_withheld(judgement)) return link;
  link += "&address=";
  const names::Url& url = request.url();
  if (url.names_only())
    append_escaped(link, cut(url.host()));
  else
    append_escaped(link, cut(std::string_view(url.text()).substr(0, url.text().find('?'))));
  return link;
}

}  // namespace schoolgate::flow
