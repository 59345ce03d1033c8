#include "casework/kept_people.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "breaches/breach_store.h"
#include "casework/shown_text.h"
#include "casework/visibility.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t,()", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t,()", begin), text.size());
    words.push_back(ascii_lower(text.substr(begin, end - begin)));
    at = end;
  }
  return words;
}

}  // namespace

std::string words_of(const KeptPerson& person) {
  return person.name.empty() || person.name == person.account ? person.account
                                                              : person.name + " (" + person.account + ")";
}

Result<std::vector<KeptPerson>> KeptPeople::all(const Viewer& viewer) {
  std::set<std::string> accounts;
  const auto take = [&](store::Statement& row) { accounts.insert(text_at(row, 0)); };
  auto read = select(desk_.database(),
                     "SELECT person FROM incident_subjects UNION SELECT person FROM page_reports UNION SELECT person"
                     " FROM releases UNION SELECT person FROM entries UNION SELECT person FROM journal",
                     take);
  if (!read) return std::unexpected(read.error());
  if (auto log = store::Database::open(desk_.folder() / breaches::kBreachesFile, store::Database::Access::read)) {
    read = select(*log, "SELECT DISTINCT person FROM episodes", take);
    if (!read) return std::unexpected(read.error());
  }
  std::vector<KeptPerson> people;
  for (const std::string& account : accounts) {
    if (account.empty() || !may_see(viewer, account, Field::person)) continue;
    people.push_back({.account = account, .name = name_of_ ? name_of_(account) : std::string()});
  }
  return people;
}

Result<std::vector<KeptPerson>> KeptPeople::matching(const Viewer& viewer, std::string_view text) {
  const std::vector<std::string> words = words_in(text);
  if (words.empty()) return std::vector<KeptPerson>();
  auto people = all(viewer);
  if (!people) return people;
  std::erase_if(*people, [&](const KeptPerson& person) {
    const std::string known = ascii_lower(person.account) + ' ' + ascii_lower(person.name);
    return !std::ranges::all_of(words, [&](const std::string& word) { return known.find(word) != std::string::npos; });
  });
  return people;
}

Result<std::optional<KeptPerson>> KeptPeople::meant(const Viewer& viewer, std::string_view text) {
  auto typed = typed_text("person", text, 200);
  if (!typed) return std::unexpected(typed.error());
  const std::string wanted = ascii_lower(*typed);
  auto people = all(viewer);
  if (!people) return std::unexpected(people.error());
  std::vector<KeptPerson> named;
  for (KeptPerson& person : *people) {
    if (ascii_lower(person.account) == wanted) return std::optional(std::move(person));
    if (ascii_lower(words_of(person)) == wanted || (!person.name.empty() && ascii_lower(person.name) == wanted))
      named.push_back(std::move(person));
  }
  if (named.empty()) return std::optional<KeptPerson>();
  if (named.size() == 1) return std::optional(std::move(named.front()));
  std::string accounts;
  for (const KeptPerson& person : named) accounts += (accounts.empty() ? "" : ", ") + person.account;
  return fail(Fault::client, std::to_string(named.size()) + " people have the name '" + *typed + "': " + accounts,
              "enter the account of the one you mean");
}

}  // namespace schoolgate::casework
