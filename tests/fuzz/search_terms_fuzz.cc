// What somebody searched for: always one line of UTF-8 within its bound, and words that stay as they are when they are
// read again; SafeSearch set once stays set.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/adjustments.h"
#include "rules/search_terms.h"
#include "rules/term_set.h"
#include "rules/utf8.h"

namespace {

using namespace schoolgate;

void check_words(std::string_view words) {
  if (words.empty()) return;
  if (words.size() < 3 || words.front() != ' ' || words.back() != ' ' || words.contains("  ")) std::abort();
  if (rules::search_words(words) != words) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_words(rules::search_words(text));
  if (const auto phrase = rules::TermSet::prepare(text)) {
    const rules::TermSet terms({*phrase});
    bool found = false;
    const std::string words = rules::search_words(text.substr(0, text.find('*')));
    terms.for_each(words, [&](std::size_t, const rules::TermSet::Place&) { found = true; });
    if (!found) std::abort();  // a phrase is in itself
  }
  const std::string query(text.substr(0, 32 << 10));
  for (const char* page : {"https://www.google.com/search?", "https://duckduckgo.com/?"}) {
    const auto url = names::Url::parse(page + query);
    if (!url) continue;
    for (const std::string_view raw : {std::string_view(), std::string_view(query)}) {
      const auto term = rules::search_term_of(*url, raw);
      if (!term) continue;
      check_words(term->words);
      if (term->text.empty() || term->text.size() > rules::kMaxSearchBytes) std::abort();
      for (std::string_view rest = term->text; !rest.empty();) {
        const auto [c, length] = rules::next_code_point(rest);
        if (c == rules::kNoCodePoint || c < 0x20) std::abort();
        rest.remove_prefix(length);
      }
    }
    if (query.contains('#')) continue;  // no target of a request has one
    const std::string target = rules::with_safe_search(url->host(), url->path(), "/x?" + query);
    if (!target.empty() && !rules::with_safe_search(url->host(), url->path(), target).empty()) std::abort();
  }
  return 0;
}
