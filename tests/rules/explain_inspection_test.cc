// Why a connection is opened or not, in words.
#include "rules/explain.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

std::string words(PolicySpec spec, std::string_view host, std::shared_ptr<const blocklists::CategoryDb> lists = nullptr,
                  InspectionMode mode = InspectionMode::selective) {
  spec.inspection = mode;
  const auto snapshot = compiled(spec, std::move(lists));
  const Request request = connect(host);
  return explain_inspection(*snapshot, 1, snapshot->why_inspect({.group = 1}, request, sunday_noon()));
}

TEST(InspectionWords, OfWhatIsOpenedNameWhatAsksForIt) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::urls, "mixed.example/casino\n"},
                         {"chats", "chat", blocklists::Format::domains, "chat.example\n"}});
  PolicySpec spec = school({block_url("forum.example/casino"), block_url("web.whatsapp.com/x"),
                            block_pattern("^https?://here\\.example/.*spins")});
  spec.groups[1].inspect = {"chat"};
  spec.groups[1].safe_search = true;
  spec.groups[1].tenants.google = {"school.example"};
  for (const auto& [host, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"forum.example",
            "opened: the rule 'block url forum.example/casino' at rules/local.yaml:1 is about part of this host"},
           {"web.whatsapp.com",
            "opened: the rule 'block url web.whatsapp.com/x' at rules/local.yaml:2 is about part of this host, which "
            "outranks the shipped list of services that are not opened (messenger): if its app stops working, remove "
            "that rule"},
           {"mixed.example", "opened: list 'bets' (category gambling) has entries about part of this host"},
           {"chat.example", "opened: group 'ks2' inspects category chat, in which list 'chats' has it"},
           {"www.google.co.uk",
            "opened: it belongs to the search engine google, and group 'ks2' has its searches judged"},
           {"accounts.google.com", "opened: group 'ks2' limits the tenants into which one may sign in here"},
           {"web.archive.org", "opened: web.archive.org shows other sites under its own name, and each is judged"},
           {"here.example",
            "opened: the rule 'block pattern ^https?://here\\.example/.*spins' at rules/local.yaml:3 could apply to "
            "any "
            "address of this host"},
           {"other.example", "not opened: no rule could change the answer with more than the name"}})
    EXPECT_EQ(words(spec, host, lists.database()), expected) << host;
  spec.groups[1].search_terms = false;
  EXPECT_EQ(words(spec, "uk.search.yahoo.com"),
            "opened: group 'ks2' has safe_search, and here it can be had by a parameter only");
  EXPECT_EQ(words(school({block_pattern("spins")}), "a.example"),
            "opened: the rule 'block pattern spins' at rules/local.yaml:1 could apply to any address of any host");
  EXPECT_EQ(words(school(), "a.example", nullptr, InspectionMode::always), "opened: inspection.mode is always");
}

TEST(InspectionWords, OfWhatIsNotOpenedSayWhatForbidsIt) {
  const TestLists lists({{"banks", "banking", blocklists::Format::domains, "bank.example\n"}});
  PolicySpec spec = school();
  spec.never_inspect = {"private.example"};
  EXPECT_EQ(words(spec, "www.private.example"), "never opened: inspection.never names private.example");
  EXPECT_EQ(words(spec, "bank.example", lists.database()),
            "never opened: list 'banks' has it in category banking, which is not to be opened");
  EXPECT_EQ(words(spec, "media.whatsapp.com"),
            "never opened: whatsapp.com is on the shipped list (messenger, rules/data/never_inspect.txt); a url rule "
            "about this very host would open it");
  EXPECT_EQ(words(spec, "www.childline.org.uk"), "never opened: it is a site of help and support");
  EXPECT_EQ(words(spec, "a.example", nullptr, InspectionMode::off), "not opened: inspection is off");
}

TEST(InspectionWords, OfAnIllegalRuleShowNothingOfIt) {
  const std::string text = words(school({block_url("files.example/secret", "child-abuse")}), "files.example");
  EXPECT_EQ(text, "opened: the rule 'block url sealed' at rules/local.yaml:1 is about part of this host");
}

}  // namespace
}  // namespace schoolgate::rules
