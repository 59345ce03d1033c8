#include "proxy/flow/pages.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <system_error>

#include "base/base64.h"
#include "base/digest.h"
#include "base/file.h"
#include "embedded/built_in_pages.h"

namespace schoolgate::flow {
namespace {

constexpr std::size_t kLargestFile = 64 * 1024;
constexpr std::size_t kLongestContinueUrl = 2048;
constexpr std::size_t kLongestReportUrl = 2048;

constexpr std::string_view kFileOfKind[kPageKinds] = {
    "policy.html",      "illegal.html",     "malware.html", "warn.html",    "destination.html", "upstream.html",
    "bad-request.html", "certificate.html", "login.html",   "sign-in.html", "no-answer.html"};

// The values that templates may use. Those of the illegal page come first: its template knows no others.
enum Value : std::size_t {
  kSchool,
  kReference,
  kContact,
  kStatus,
  kValuesOfIllegal,
  kSite = kValuesOfIllegal,
  kReason,
  kGroupTitle,
  kDetail,
  kContinueUrl,
  kReportUrl,
  kFaultClient,
  kFaultUpstream,
  kFaultConfig,
  kFaultHost,
  kFaultSelf,
  kFaultNotReady,
  kValues,
};
constexpr std::string_view kNames[kValues] = {"school",       "reference",  "contact",      "status",
                                              "site",         "reason",     "group_title",  "detail",
                                              "continue_url", "report_url", "fault_client", "fault_upstream",
                                              "fault_config", "fault_host", "fault_self",   "fault_not_ready"};

// "www[.]site[.]example": nothing that a program would turn into a link. A path that came along by mistake is cut off.
std::string_view defang(std::string_view host, std::span<char> room) noexcept {
  host = host.substr(0, host.find_first_of("/?#"));
  std::size_t size = 0;
  for (std::size_t i = 0; i < host.size() && size + 3 <= room.size(); ++i) {
    if (host[i] == '.' && (i == 0 || host[i - 1] != '[')) {
      size = std::size_t(std::ranges::copy(std::string_view("[.]"), room.data() + size).out - room.data());
    } else {
      room[size++] = host[i];
    }
  }
  return {room.data(), size};
}

// A form may post to the site itself and to nothing that is not the web ("javascript:").
bool leads_to_the_web(std::string_view url) noexcept {
  return url.size() <= kLongestContinueUrl && ((url.starts_with('/') && !url.starts_with("//")) ||
                                               url.starts_with("http://") || url.starts_with("https://"));
}

// The desk is behind TLS, and a link to it is the gateway's own words: no other scheme can come of them.
bool leads_to_the_desk(std::string_view url) noexcept {
  return url.size() <= kLongestReportUrl && url.starts_with("https://");
}

// The facts as templates take them: escaped once, on the stack.
class Values {
 public:
  explicit Values(const PageFacts& facts) noexcept {
    put(kSchool, facts.school, 480);
    put(kReference, facts.reference, 120);
    put(kContact, facts.contact, 800);
    const auto [end, error] = std::to_chars(status_, status_ + sizeof status_, facts.status);
    text_[kStatus] = {status_, std::size_t(end - status_)};
    if (facts.kind == PageKind::illegal) return;
    char host[800];
    put(kSite, defang(facts.site, host), 1000);
    put(kReason, facts.reason, 1200);
    put(kGroupTitle, facts.group_title, 480);
    put(kDetail, facts.detail, 800);
    if (leads_to_the_web(facts.continue_url)) put(kContinueUrl, facts.continue_url, 6 * kLongestContinueUrl);
    if (leads_to_the_desk(facts.report_url)) put(kReportUrl, facts.report_url, 6 * kLongestReportUrl);
    for (std::size_t fault = kFaultClient; fault < kValues; ++fault)
      if (kNames[fault].substr(sizeof "fault_" - 1) == facts.fault) text_[fault] = "1";
  }

  [[nodiscard]] std::span<const std::string_view> all() const noexcept { return text_; }

 private:
  void put(Value name, std::string_view text, std::size_t most) noexcept {
    text_[name] = html_escape(text, std::span(room_).subspan(used_, most));
    used_ += text_[name].size();
  }

  std::string_view text_[kValues];
  std::size_t used_ = 0;
  char status_[12];
  char room_[5000 + 6 * kLongestContinueUrl + 6 * kLongestReportUrl];
};

// Nothing may be loaded but pictures inside the page; only the styles that are in the template apply.
std::string fixed_fields(PageKind kind, const PageTemplate& html) {
  std::string out = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n";
  out += "Content-Security-Policy: default-src 'none'; img-src data:; base-uri 'none'; ";
  const auto styles = html.styles();
  if (!styles.empty()) out += "style-src";
  for (const std::string_view style : styles) {
    const Sha256 digest = sha256(style);
    out += " 'sha256-" + to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'";
  }
  if (!styles.empty()) out += "; ";
  // The button of a warning must not be pressed through somebody else's page.
  out += kind == PageKind::warn ? "form-action 'self'; frame-ancestors 'none'\r\n" : "form-action 'none'\r\n";
  out += "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  return out;
}

/// The files that pages are made of: the school's before the built-in ones.
class Files {
 public:
  Files() {
    for (const auto& [name, text] : embedded::built_in_pages)
      built_in_.try_emplace(std::string(name), TemplateFile{"built-in " + std::string(name), std::string(text)});
  }

  Result<void> read_folder(const std::filesystem::path& folder) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::filesystem::path& path = entry->path();
      if (path.extension() != ".html" && path.extension() != ".css") continue;
      auto text = read_file(path, kLargestFile);
      if (!text) return std::unexpected(std::move(text.error()));
      own_.try_emplace(path.filename().string(), TemplateFile{path.string(), std::move(*text)});
    }
    if (error) return fail(Fault::config, folder.string() + ": cannot read the folder of pages: " + error.message());
    return {};
  }

  const TemplateFile* find(std::string_view name) {
    for (auto* files : {&own_, &built_in_}) {
      if (const auto file = files->find(name); file != files->end()) {
        used_.insert(&file->second);
        return &file->second;
      }
    }
    return nullptr;
  }

  [[nodiscard]] const TemplateFile* own_but_unused() const {
    for (const auto& [name, file] : own_)
      if (!used_.contains(&file)) return &file;
    return nullptr;
  }

 private:
  using ByName = std::map<std::string, TemplateFile, std::less<>>;
  ByName own_, built_in_;
  std::set<const TemplateFile*> used_;
};

}  // namespace

Result<Pages> Pages::load(const std::filesystem::path& folder) {
  Files files;
  if (!folder.empty())
    if (auto read = files.read_folder(folder); !read) return std::unexpected(std::move(read.error()));
  Pages pages;
  for (std::size_t i = 0; i < kPageKinds; ++i) {
    const auto kind = PageKind(i);
    const auto names = std::span(kNames).first(kind == PageKind::illegal ? kValuesOfIllegal : kValues);
    auto html = PageTemplate::read(kFileOfKind[i], names, [&](std::string_view name) { return files.find(name); });
    if (!html) return std::unexpected(std::move(html.error()));
    const auto shown = [&] { return files.find(kFileOfKind[i])->shown; };
    if (!html->shows(kReference))
      return fail(Fault::config, shown() + ": the page does not show its reference number",
                  "put {{reference}} into it");
    if (kind == PageKind::warn && !html->shows(kContinueUrl))
      return fail(Fault::config, shown() + ": the page has no way to go on", "give a form the action {{continue_url}}");
    pages.pages_[i].fields = fixed_fields(kind, *html);
    pages.pages_[i].html = std::move(*html);
  }
  if (const TemplateFile* file = files.own_but_unused()) {
    std::string known;
    for (const std::string_view name : kFileOfKind) (known += known.empty() ? "" : ", ") += name;
    return fail(Fault::config, file->shown + ": no page uses this file", "pages are " + known);
  }
  return pages;
}

std::string Pages::render(const PageFacts& facts) const {
  const Values values(facts);
  const PageTemplate& html = page(facts.kind).html;
  std::string out;
  out.reserve(html.size(values.all()));
  html.append(out, values.all());
  return out;
}

void Pages::append_response(std::string& out, const PageFacts& facts, bool keep_alive, bool head_only) const {
  const Values values(facts);
  const Page& answer = page(facts.kind);
  const std::size_t size = answer.html.size(values.all());
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size);
  out.reserve(out.size() + 256 + answer.fields.size() + (head_only ? 0 : size));
  out += "HTTP/1.1 ";
  out += status_text(facts.status);
  out += "\r\n";
  out += answer.fields;
  out += "Content-Length: ";
  out.append(digits, end);
  if (facts.status == 405) out += "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT";
  out += keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (!head_only) answer.html.append(out, values.all());
}

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 200: return "200 OK";
    case 204: return "204 No Content";
    case 400: return "400 Bad Request";
    case 403: return "403 Forbidden";
    case 405: return "405 Method Not Allowed";
    case 407: return "407 Proxy Authentication Required";
    case 408: return "408 Request Timeout";
    case 413: return "413 Content Too Large";
    case 414: return "414 URI Too Long";
    case 417: return "417 Expectation Failed";
    case 421: return "421 Misdirected Request";
    case 429: return "429 Too Many Requests";
    case 431: return "431 Request Header Fields Too Large";
    case 501: return "501 Not Implemented";
    case 502: return "502 Bad Gateway";
    case 503: return "503 Service Unavailable";
    case 504: return "504 Gateway Timeout";
    case 505: return "505 HTTP Version Not Supported";
    case 508: return "508 Loop Detected";
    case 511: return "511 Network Authentication Required";
    default: return "500 Internal Server Error";
  }
}

}  // namespace schoolgate::flow
