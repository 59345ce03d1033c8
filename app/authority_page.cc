#include "app/authority_page.h"

#include <array>

#include "embedded/install_authority.h"
#include "proxy/flow/page_template.h"

namespace schoolgate::app {
namespace {

std::string escaped(std::string_view text) {
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

}  // namespace

std::filesystem::path authority_folder(const config::Settings& settings) { return settings.state / "ca"; }

std::string authority_page(std::string_view school, const tls::Authority& authority) {
  struct Value {
    std::string_view mark;
    std::string text;
  };
  const std::array values{Value{"{{school}}", escaped(school)}, Value{"{{subject}}", escaped(authority.subject())},
                          Value{"{{fingerprint}}", authority.fingerprint_sha256()},
                          Value{"{{pem}}", authority.certificate_pem()},
                          Value{"{{der64}}", der_in_base64(authority.certificate_pem())}};
  std::string page(embedded::install_authority[0].text);
  for (const Value& value : values)
    for (std::size_t at = 0; (at = page.find(value.mark, at)) != std::string::npos; at += value.text.size())
      page.replace(at, value.mark.size(), value.text);
  return page;
}

}  // namespace schoolgate::app
