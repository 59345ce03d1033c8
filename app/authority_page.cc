#include "app/authority_page.h"

#include <array>
#include <utility>

#include "app/authority_renewal.h"
#include "embedded/install_authority.h"
#include "proxy/flow/page_template.h"

namespace schoolgate::app {
namespace {

std::string escaped_html(std::string_view text) {
  std::string room(4096, '\0');
  return std::string(flow::html_escape(text, room));
}

// PEM is the base64 of DER between two lines (RFC 7468).
std::string der_in_base64(std::string_view pem) {
  const std::size_t begin = pem.find('\n'), end = pem.rfind("-----END");
  std::string out(pem.substr(begin, end - begin));
  std::erase(out, '\n');
  return out;
}

// Its name, its fingerprint and a download under a file name of its own: devices keep what they have.
std::string offer(const tls::Authority& authority, std::string_view why, std::string_view file) {
  return "<p>" + (why.empty() ? "Certificate" : escaped_html(why)) + ": <strong>" + escaped_html(authority.subject()) +
         "</strong><br>SHA-256: <code>" + authority.fingerprint_sha256() + "</code></p>\n<p><a download=\"" +
         std::string(file) + "\" href=\"data:application/x-x509-ca-cert;base64," +
         der_in_base64(authority.certificate_pem()) + "\">Download (DER, .crt)</a></p>\n";
}

std::string offers(const Authorities& them) {
  const std::string usual = "schoolgate-authority.crt";
  if (!them.coming && !them.former) return offer(*them.signs, {}, usual);
  const tls::Authority& older = them.coming ? *them.signs : *them.former;
  const tls::Authority& newer = them.coming ? *them.coming : *them.signs;
  std::string when = "The certificate is being renewed, and devices need both meanwhile.";
  if (them.coming && them.switch_at)
    when += " Bring the new one to every device before " + to_rfc3339(*them.switch_at).substr(0, 10) +
            ": from that day on opened pages come with it.";
  if (them.former) when += " Opened pages come with the new one already.";
  return "<p class=\"note\">" + when + "</p>\n" +
         offer(newer, "The new certificate, to be installed", "schoolgate-authority-new.crt") +
         offer(older, "The certificate until now", usual);
}

}  // namespace

std::filesystem::path authority_folder(const config::Settings& settings) { return settings.state / "ca"; }

std::string authority_page(std::string_view school, const Authorities& authorities) {
  struct Value {
    std::string_view mark;
    std::string text;
  };
  std::string pem;
  for (const auto& authority : authorities.all()) pem += authority->certificate_pem();
  const std::array values{Value{"{{school}}", escaped_html(school)}, Value{"{{certificates}}", offers(authorities)},
                          Value{"{{pem}}", std::move(pem)}};
  std::string page(embedded::install_authority[0].text);
  for (const Value& value : values)
    for (std::size_t at = 0; (at = page.find(value.mark, at)) != std::string::npos; at += value.text.size())
      page.replace(at, value.mark.size(), value.text);
  return page;
}

}  // namespace schoolgate::app
