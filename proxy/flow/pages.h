// The pages that the gateway itself shows: blocked, warned, refused, failed. One template a kind; the school may put
// its own in the place of any of them.
//
// A Pages is made at start and at reload, is immutable, and is shared by all workers. Nothing of a request is shown but
// its host, and that defanged; every value is escaped; the pages load nothing, run nothing and are never cached. The
// page for illegal material cannot name what was asked for: its template does not know the words.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "proxy/flow/page_template.h"

namespace schoolgate::flow {

enum class PageKind : std::uint8_t {
  policy,
  illegal,
  malware,
  warn,
  destination,
  upstream,
  bad_request,
  certificate,  ///< a web site that could not prove itself, inside a connection that is opened
  login,        ///< 407: the client has not logged in to the explicit proxy
  sign_in,      ///< 511: no person has signed in yet; continue_url leads to the sign-in page
  no_answer,    ///< 503: a login to the explicit proxy that cannot be verified now
};
inline constexpr std::size_t kPageKinds = 11;

/// What a page tells; every view may be empty, its sentence is then left out. Values longer than about 400 bytes are
/// cut.
struct PageFacts {
  PageKind kind = PageKind::policy;
  int status = 403;
  std::string_view school = {};        ///< the school's name
  std::string_view reference = {};     ///< what is read out on the telephone (Uuid::reference)
  std::string_view site = {};          ///< the host that was judged, as it is; shown defanged; never shown for illegal
  std::string_view reason = {};        ///< the pupil's words of rules::explain
  std::string_view group_title = {};   ///< the group that the policy took the reader for
  std::string_view fault = {};         ///< whose fault, as to_string(Fault) says it: upstream and bad_request
  std::string_view detail = {};        ///< one line for a technician; never from the request's path, query or fields
  std::string_view continue_url = {};  ///< warn: where the button posts to, "/..." or "http..." on the site itself
  std::string_view contact = {};       ///< how to ask: a name, a room, an address
  std::string_view report_url = {};    ///< the form at the desk (report_link.h), "https://..."; never shown for illegal
};

class Pages {
 public:
  /// The built-in templates (proxy/flow/pages), with the school's own from `folder` in their place by file name; an
  /// empty path means no such folder. Errors (config): an unreadable folder; FILE:LINE:COL of a mistake; a page without
  /// its reference number; a file that no page uses.
  [[nodiscard]] static Result<Pages> load(const std::filesystem::path& folder);

  /// The HTML document.
  [[nodiscard]] std::string render(const PageFacts& facts) const;

  /// The whole HTTP/1.1 response. `head_only`: the answer to HEAD, with the Content-Length of the page that is not
  /// sent.
  void append_response(std::string& out, const PageFacts& facts, bool keep_alive, bool head_only) const;

 private:
  struct Page {
    PageTemplate html;
    std::string fields;  // the header fields that are always the same for this page
  };
  Pages() = default;
  [[nodiscard]] const Page& page(PageKind kind) const noexcept { return pages_[std::size_t(kind)]; }

  std::array<Page, kPageKinds> pages_;
};

/// "403" with its phrase (RFC 9110 section 15 and RFC 6585, 5842), for the status line.
[[nodiscard]] std::string_view status_text(int status) noexcept;

}  // namespace schoolgate::flow
