#include "blocklists/list_intake.h"

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <algorithm>
#include <expected>
#include <tuple>

#include "blocklists/canonical.h"
#include "blocklists/public_suffix.h"

#include "names/host.h"

namespace schoolgate::blocklists {
namespace {

// A network as wide as this is no list entry but an accident.
constexpr int kShortestV4 = 96 + 8, kShortestV6 = 16;
constexpr std::size_t kLongestPattern = 4096;

// "[2001:db8::1]:443", "192.0.2.1:8080", "name:443": ports take no part in matching.
std::string_view without_port(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return text;
  if (text.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) return text;
  return text.find(':') == colon || text[colon - 1] == ']' ? text.substr(0, colon) : text;
}

struct ExactPlace {
  names::Url at;
  bool with_path = false;
};

// host or host/path, and nothing that reading it would drop; else why not.
std::expected<ExactPlace, std::string_view> exact_place(std::string_view text, std::string& scratch) {
  if (text.find_first_of("?#") != std::string_view::npos) return std::unexpected("an exception of one query");
  const auto slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash);
  if (without_port(host) != host) return std::unexpected("an exception of one port");
  const auto canonical = canonical_host(host, scratch);
  if (!canonical) return std::unexpected("not a host or URL to leave alone");
  auto at = names::Url::parse(text);
  // A path that reading shortens ("/a/..") named something else.
  if (!at || at->host() != canonical->text || !at->query().empty() ||
      (path.size() > 1 && std::ranges::count(at->path(), '/') != std::ranges::count(path, '/')))
    return std::unexpected("not a host or URL to leave alone");
  return ExactPlace{std::move(*at), path.size() > 1};
}

}  // namespace

ListIntake::ListIntake(const ListSource& source)
    : sealed_(source.sealed), illegal_(source.illegal), keep_public_suffixes_(source.keep_public_suffixes) {
  report_.name = source.name;
  report_.category = source.category;
}

void ListIntake::at(const std::string& file, std::uint64_t line, std::string_view text) noexcept {
  file_ = &file;
  line_ = line;
  text_ = text;
}

bool ListIntake::begin_line(const std::string& file, const LineReader::Line& line) {
  at(file, line.number, line.text);
  ++report_.lines;
  if (line.too_long) return reject("a line too long to be an entry"), false;
  if (line.text.find('\0') != std::string_view::npos) return reject("a NUL inside the line"), false;
  return true;
}

void ListIntake::note(std::uint64_t& counter, std::string_view reason) {
  ++counter;
  if (const auto known = reasons_.find(reason); known != reasons_.end())
    ++known->second;
  else
    reasons_.emplace(reason, 1);
  if (report_.notes.size() < ListReport::kNotes)
    report_.notes.push_back(
        {*file_, line_, std::string(reason), sealed_ ? std::string{} : std::string(text_.substr(0, 120))});
}

void ListIntake::adjust(std::string_view reason) {
  ++report_.adjusted;
  if (const auto known = reasons_.find(reason); known != reasons_.end())
    ++known->second;
  else
    reasons_.emplace(reason, 1);
}

void ListIntake::skip(std::string_view reason) { note(report_.skipped, reason); }
void ListIntake::reject(std::string_view reason) { note(report_.rejected, reason); }

void ListIntake::host(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    const auto wide = canonical_network(text);
    if (!wide) return reject("not a host");
    const int length = wide->prefix_length();
    if (length == 128) {
      const auto single = names::Host::from_address(wide->base());
      return accept_host(single.text(), true);
    }
    if (length < (wide->base().is_v4() ? kShortestV4 : kShortestV6)) return reject("a network too wide to be meant");
    ++entries_;
    return take_network(*wide);
  }
  if (const std::string_view name = without_port(text); name != text) {
    text = name;
    adjust("covers every port, not only the one that is named");
  }
  if (text.find(':') != std::string_view::npos && !text.starts_with('[')) {
    const auto address = names::IpAddress::parse(text);
    if (!address) return reject("not a host");
    return accept_host(names::Host::from_address(*address).text(), true);
  }
  const auto host = canonical_host(text, scratch_);
  if (!host) return reject("not a host");
  accept_host(host->text, host->is_address);
}

void ListIntake::accept_host(std::string_view host, bool is_address) {
  if (host == "0.0.0.0" || host == "[::]") return reject("the unspecified address");
  if (!is_address && !keep_public_suffixes_ && is_public_suffix(host)) {
    if (report_.public_suffixes.size() < ListReport::kNotes && !sealed_) report_.public_suffixes.emplace_back(host);
    ++report_.public_suffix_count;
    return reject("a bare public suffix: it would cover all sites under it");
  }
  ++entries_;
  take_host(host, is_address);
}

void ListIntake::url(std::string_view text) {
  const auto url = names::Url::parse(text);
  if (!url) return reject("not a URL");
  if (url->path() == "/" && url->query().empty()) return accept_host(url->host(), url->address().has_value());
  if (std::count(url->path().begin(), url->path().end(), '/') > std::ptrdiff_t(kDeepestPath))
    return reject("more than 64 path segments");
  ++entries_;
  take_url(*url);
}

void ListIntake::pattern(std::string_view text, bool whole_url) {
  if (text.size() > kLongestPattern) return reject("a pattern longer than 4096 bytes");
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled.ok()) return reject("a pattern that RE2 refuses");
  if (RE2::FullMatch("", compiled)) return reject("a pattern that matches everything");
  ++entries_;
  take_pattern(text, whole_url);
}

void ListIntake::overrule(std::string_view reason) {
  ++report_.overruled_exceptions;
  reject(reason);
}

void ListIntake::except(std::string_view text, Reach reach) {
  if (illegal_) return overrule("an exception in a list of illegal content");
  const auto place = exact_place(text, scratch_);
  if (!place) return skip(place.error());
  if (!place->at.address() && is_public_suffix(place->at.host())) {
    if (report_.wide_exceptions.size() < ListReport::kNotes && !sealed_)
      report_.wide_exceptions.emplace_back(place->at.host());
    return overrule("an exception of a bare public suffix: it would open all sites under it");
  }
  take_exception(place->at, place->with_path, reach);
}

void ListIntake::close_again(std::string_view text) {
  const auto place = exact_place(text, scratch_);
  if (!place) return skip("takes back what is no exception");
  take_exception_back(place->at, place->with_path);
}

void ListIntake::withdraw(std::string_view text) {
  if (illegal_) return overrule("an entry taken back in a list of illegal content");
  const auto host = canonical_host(text, scratch_);
  if (!host) return reject("not a host");
  take_withdrawal(host->text, host->is_address);
}

void ListIntake::close_report() {
  for (const auto& [reason, count] : reasons_) report_.reasons.push_back({reason, count});
  std::sort(report_.reasons.begin(), report_.reasons.end(), [](const ReasonCount& a, const ReasonCount& b) {
    return std::tie(b.count, a.reason) < std::tie(a.count, b.reason);
  });
}

}  // namespace schoolgate::blocklists
