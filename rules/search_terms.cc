#include "rules/search_terms.h"

#include <algorithm>
#include <vector>

#include "names/percent.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/host_table.h"
#include "rules/request.h"
#include "rules/utf8.h"

namespace schoolgate::rules {
namespace {

struct ResultPage {
  std::string_view engine, path;
  std::vector<std::string_view> parameters;
};

const HostTable<ResultPage>& engines() {
  static const auto table = [] {
    HostTable<ResultPage> rows;
    for_each_row(data::kSearchEngines, [&](const auto& words) {
      if (words.size() >= 4) rows.add(words[1], {words[0], words[2], {words.begin() + 3, words.end()}});
    });
    rows.finish();
    return rows;
  }();
  return table;
}

/// A piece of a query with its escapes undone and '+' read as a blank (application/x-www-form-urlencoded).
std::string form_decoded(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '+', ' ');
  names::unescape_to_fixpoint(out);
  return out;
}

/// More is not looked at. Engines take far less.
constexpr std::size_t kMostMatched = 8 << 10;

/// Adds `text` as a line: blanks, controls and what is no UTF-8 become one blank each run.
void append_line(std::string& out, std::string_view text) {
  const auto separate = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  separate();
  while (!text.empty()) {
    const auto [c, length] = next_code_point(text);
    const bool blank = c == kNoCodePoint || c <= 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029;
    if (blank)
      separate();
    else if (out.size() + length > kMostMatched)
      break;
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  if (out.ends_with(' ')) out.pop_back();
}

/// Everything that the parameters say. In a canonical query a '&' may have been an escaped one, so what follows it and
/// names no value is taken to go on.
std::string searched(std::string_view query, const ResultPage& page, bool canonical) {
  std::string text;
  bool taking = false;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) {
      if (taking && canonical) append_line(text, form_decoded(piece));
      continue;
    }
    taking = std::ranges::find(page.parameters, form_decoded(piece.substr(0, equals))) != page.parameters.end();
    if (taking) append_line(text, form_decoded(piece.substr(equals + 1)));
    if (text.size() >= kMostMatched) break;
  }
  return text;
}

}  // namespace

std::optional<SearchTerm> search_term_of(const names::Url& url, std::string_view raw_query) {
  const std::string_view query = raw_query.empty() ? url.query() : raw_query;
  if (query.empty() || url.names_only()) return std::nullopt;
  const ResultPage* page = nullptr;
  engines().for_each(url.host(), [&](const ResultPage& row, std::string_view) {
    if (table_path_covers(row.path, url.path())) page = &row;
  });
  if (page == nullptr) return std::nullopt;
  SearchTerm term{.engine = page->engine, .text = searched(query, *page, raw_query.empty()), .words = {}};
  if (term.text.empty()) return std::nullopt;
  term.words = search_words(term.text);
  if (term.text.size() > kMaxSearchBytes) {
    std::size_t end = kMaxSearchBytes;
    while ((static_cast<unsigned char>(term.text[end]) & 0xC0) == 0x80) --end;
    term.text.resize(end);
  }
  return term;
}

std::string_view search_engine_of(std::string_view host) noexcept {
  std::string_view engine;
  engines().for_each(host, [&](const ResultPage& row, std::string_view) { engine = row.engine; });
  return engine;
}

std::string search_term_text(const Request& request) {
  auto term = search_term_of(request.url(), request.raw_query());
  return term ? std::move(term->text) : std::string();
}

}  // namespace schoolgate::rules
