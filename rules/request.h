// What is asked, in canonical form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "names/url.h"
#include "rules/nested_urls.h"

namespace schoolgate::rules {

/// At which moment of a connection the question is put; each sees more than the one before.
enum class Stage : std::uint8_t { connect, client_hello, request, response, content };
[[nodiscard]] std::string_view to_string(Stage stage) noexcept;

/// Which page a request comes from, as far as the browser says: what the helpers of a site (`needs:`) are judged by.
struct AskingPage {
  std::string host;     ///< canonical; empty when it is not told
  bool a_page = false;  ///< a page asks for it; false: the address was typed
};

/// Reads the fields Origin, Referer, Sec-Fetch-Site and Sec-Fetch-Dest of a request; empty where one is missing.
[[nodiscard]] AskingPage asking_page(std::string_view origin, std::string_view referer, std::string_view fetch_site,
                                     std::string_view fetch_dest);

/// `method` lives as long as the connection that asks. Built only here, so a Request is always canonical. A Verdict's
/// views point into it: it stays where it is while one is in use.
class Request {
 public:
  /// `target` is what came on the wire (origin-form or absolute), for what the canonical form cannot tell: which '&' of
  /// a query was an escaped one. Empty: the canonical query is read.
  [[nodiscard]] static Request of_url(names::Url url, std::string_view method, std::string_view target = {}) {
    return {std::move(url), method, target};
  }
  /// CONNECT or a TLS server name: only the host and port are known.
  [[nodiscard]] static Request of_host(const names::Host& host, std::uint16_t port, std::string_view method) {
    return {names::Url::of_host(host, port), method, {}};
  }
  [[nodiscard]] const names::Url& url() const noexcept { return url_; }
  [[nodiscard]] std::string_view method() const noexcept { return method_; }
  /// The query as it came, or empty. A copy: a request outlives the bytes that it came in.
  [[nodiscard]] std::string_view raw_query() const noexcept { return raw_query_; }
  /// Where the request comes from; to be told before it is judged at Stage::request, and seen only there.
  void comes_from(AskingPage page) noexcept { page_ = std::move(page); }
  [[nodiscard]] const AskingPage& page() const noexcept { return page_; }
  /// The addresses inside this one.
  [[nodiscard]] const InnerUrls& inner() const noexcept { return inner_; }

 private:
  Request(names::Url url, std::string_view method, std::string_view target)
      : url_(std::move(url)), method_(method), inner_(nested_urls(url_)) {
    target = target.substr(0, target.find('#'));
    if (const std::size_t mark = target.find('?'); mark != std::string_view::npos) raw_query_ = target.substr(mark + 1);
  }
  names::Url url_;
  std::string_view method_;
  std::string raw_query_;
  AskingPage page_;
  InnerUrls inner_;
};

/// What was searched for, as typed, for the record of a breach: at most 512 bytes of UTF-8. Empty when the address is
/// no search of a known engine.
[[nodiscard]] std::string search_term_text(const Request& request);

}  // namespace schoolgate::rules
