// Where our canonicaliser and libcurl's URL parser (an implementation of its own) both take a URL, they lead to the
// same host and port: nobody is judged by one name and reached by another.
//
// Left out is what the two read differently on purpose: we follow browsers (WHATWG), who take a backslash for a slash,
// drop tabs and line ends, and map letters beyond ASCII; libcurl does none of these.
#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "names/url.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

struct Handle {
  CURLU* url = curl_url();
  ~Handle() { curl_url_cleanup(url); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::names;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!text.starts_with("http://") && !text.starts_with("https://")) return 0;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\') return 0;
  const auto ours = Url::parse(text);
  const Handle theirs;
  if (!ours || curl_url_set(theirs.url, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return 0;

  std::string host = part(theirs.url, CURLUPART_HOST, CURLU_URLDECODE);
  if (host.starts_with('[') && host.contains('%')) return 0;  // a zone: of one machine, not of the internet
  const auto read = Host::parse(host);
  // A host that libcurl keeps in its own spelling, and that we read as the same one.
  must(read && read->text() == ours->host());
  const std::string port = part(theirs.url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  unsigned number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  must(number == ours->port());
  return 0;
}
