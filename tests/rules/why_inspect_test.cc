// Which connections are opened, and why: hard cases TLS-21 and TLS-26 as far as the judge decides them.
#include "rules/why_inspect.h"

#include <set>

#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/shipped_tables.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

class WhyInspect : public ::testing::Test {
 protected:
  InspectReason reason(PolicySpec spec, std::string_view host, std::string_view group = "ks2",
                       std::shared_ptr<const blocklists::CategoryDb> lists = nullptr,
                       InspectionMode mode = InspectionMode::selective) {
    spec.inspection = mode;
    snapshot_ = compiled(spec, std::move(lists));
    request_.emplace(connect(host));
    const Verdict verdict = ask(*snapshot_, *request_, group);
    found_ = snapshot_->why_inspect({.group = *snapshot_->find_group(group)}, *request_, sunday_noon());
    EXPECT_EQ(found_.reason, verdict.inspect_reason);
    EXPECT_EQ(verdict.inspect, opens(verdict.inspect_reason));
    return found_.reason;
  }
  std::shared_ptr<const PolicySnapshot> snapshot_;
  std::optional<Request> request_;
  Inspection found_;
};

TEST_F(WhyInspect, SaysOffWhenOff) {
  EXPECT_EQ(reason(school({block_url("forum.example/casino")}), "forum.example", "ks2", nullptr, InspectionMode::off),
            InspectReason::off);
}

TEST_F(WhyInspect, NamesTheRuleAboutPartOfTheHost) {
  EXPECT_EQ(reason(school({block_site("x.example"), block_url("forum.example/casino")}), "forum.example"),
            InspectReason::url_entry);
  EXPECT_EQ(found_.rule, 1);
  EXPECT_EQ(found_.entry, "forum.example/casino");
  EXPECT_EQ(reason(school({block_url("forum.example/casino")}), "other.example"), InspectReason::none);
  EXPECT_EQ(reason(school({block_url("forum.example/casino", "terrorism")}), "forum.example"),
            InspectReason::url_entry);
  EXPECT_TRUE(found_.entry.empty()) << "what an illegal rule names is not repeated";
}

TEST_F(WhyInspect, NamesTheListAboutPartOfTheHost) {
  const TestLists lists({{"chats", "chat", blocklists::Format::urls, "mixed.example/room\n"},
                         {"bets", "gambling", blocklists::Format::urls, "mixed.example/casino\n"},
                         {"rest", "violence", blocklists::Format::urls, "other.example/x\n"}});
  EXPECT_EQ(reason(school(), "www.mixed.example", "ks2", lists.database()), InspectReason::url_entry);
  EXPECT_EQ(snapshot_->lists().lists()[std::size_t(found_.list)].name, "chats");
  EXPECT_EQ(reason(school(), "mixed.example", "staff", lists.database()), InspectReason::url_entry);
  EXPECT_EQ(snapshot_->lists().lists()[std::size_t(found_.list)].name, "bets") << "staff may chat";
  EXPECT_EQ(reason(school(), "other.example", "ks2", lists.database()), InspectReason::none)
      << "a list whose category the group does not name changes nothing";
}

TEST_F(WhyInspect, APatternOfAListOpensNothing) {
  const TestLists lists({{"words", "gambling", blocklists::Format::expressions, "free[-_]?spins\n"}});
  EXPECT_EQ(reason(school(), "any.example", "ks2", lists.database()), InspectReason::none);
  const auto snapshot = compiled(school(), lists.database());
  const Request request = get("https://any.example/free-spins");
  EXPECT_EQ(ask(*snapshot, request).action, Action::block) << "but it counts where the address is seen";
}

TEST_F(WhyInspect, AnIllegalListOpensAlsoWhatTheSchoolAllows) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true}});
  EXPECT_EQ(reason(school({allow_site("files.example")}), "files.example", "staff", lists.database()),
            InspectReason::url_entry);
  EXPECT_EQ(snapshot_->lists().lists()[std::size_t(found_.list)].name, "iwf");
  EXPECT_EQ(reason(school(), "other.example", "staff", lists.database()), InspectReason::none);
}

TEST_F(WhyInspect, AListThatAllowsPartOfABlockedHostOpensIt) {
  PolicySpec spec = school();
  ASSERT_TRUE(spec.categories.add({.id = "education", .title = "Education", .theme = "education", .urgency = 1}));
  const TestLists lists({{"lessons", "education", blocklists::Format::urls, "bbc.example/bitesize\n"}});
  EXPECT_EQ(reason(spec, "bbc.example", "ks1", lists.database()), InspectReason::none) << "not named by the group";
  spec.groups[0].categories.push_back({"education", Action::allow, {}});
  EXPECT_EQ(reason(spec, "bbc.example", "ks1", lists.database()), InspectReason::url_entry);
}

TEST_F(WhyInspect, FollowsTheScheduleThatIsOpen) {
  const TestLists lists({{"social", "social-media", blocklists::Format::urls, "mixed.example/wall\n"}});
  PolicySpec spec = school();
  EXPECT_EQ(reason(spec, "mixed.example", "staff", lists.database()), InspectReason::url_entry);
  ScheduleSpec noon;
  noon.days.fill(true);
  noon.from_minute = 11 * 60;
  noon.to_minute = 13 * 60;
  noon.categories.push_back({"social-media", Action::allow, {}});
  spec.groups[2].schedules.push_back(noon);
  EXPECT_EQ(reason(spec, "mixed.example", "staff", lists.database()), InspectReason::none);
}

TEST_F(WhyInspect, SearchEnginesWhereSearchTermsAreWanted) {
  PolicySpec spec = school();
  for (const char* host :
       {"www.google.co.uk", "www.bing.com", "duckduckgo.com", "uk.search.yahoo.com", "www.youtube.com"}) {
    spec.groups[1].safe_search = false;
    spec.groups[1].search_terms = std::nullopt;
    EXPECT_EQ(reason(spec, host), InspectReason::none) << host;
    spec.groups[1].safe_search = true;
    EXPECT_EQ(reason(spec, host), InspectReason::search_terms) << host;
    EXPECT_FALSE(found_.entry.empty());
    spec.groups[1].safe_search = false;
    spec.groups[1].search_terms = true;
    EXPECT_EQ(reason(spec, host), InspectReason::search_terms) << host;
  }
  EXPECT_EQ(reason(spec, "mail.google.com"), InspectReason::none);
}

TEST_F(WhyInspect, SafeSearchOnlyWhereItCannotBeHadByAnEndpoint) {
  PolicySpec spec = school();
  spec.groups[1].safe_search = true;
  spec.groups[1].search_terms = false;
  EXPECT_EQ(reason(spec, "www.google.co.uk"), InspectReason::none);
  EXPECT_EQ(reason(spec, "uk.search.yahoo.com"), InspectReason::safe_search);
}

TEST_F(WhyInspect, SignInHostsWhereTenantsAreLimited) {
  PolicySpec spec = school();
  spec.groups[1].tenants.google = {"school.example"};
  EXPECT_EQ(reason(spec, "accounts.google.com"), InspectReason::tenants);
  EXPECT_EQ(reason(spec, "login.microsoftonline.com"), InspectReason::none);
  EXPECT_EQ(reason(spec, "accounts.google.com", "staff"), InspectReason::none);
}

TEST_F(WhyInspect, SitesThatShowOthersUnderTheirOwnName) {
  EXPECT_EQ(reason(school(), "web.archive.org"), InspectReason::wrapper);
  EXPECT_EQ(found_.entry, "web.archive.org");
  EXPECT_EQ(reason(school({block_site("web.archive.org")}), "web.archive.org"), InspectReason::none);
}

TEST_F(WhyInspect, PatternsOfTheSchoolReachEveryHost) {
  EXPECT_EQ(reason(school({block_pattern("(?i)free[-_]?spins")}), "any.example"), InspectReason::pattern);
  EXPECT_EQ(found_.rule, 0);
}

TEST_F(WhyInspect, NeverWinsOverEverything) {
  PolicySpec spec = school({block_url("bank.example/casino"), block_pattern("spins")});
  spec.never_inspect = {"bank.example", "games"};
  EXPECT_EQ(reason(spec, "bank.example"), InspectReason::never_site)
      << "over a rule of the school about that very host";
  EXPECT_EQ(found_.entry, "bank.example");
  EXPECT_EQ(reason(spec, "www.bank.example", "ks2", nullptr, InspectionMode::always), InspectReason::never_site);
  const TestLists lists({{"games-list", "games", blocklists::Format::domains, "g.example\n"}});
  EXPECT_EQ(reason(spec, "g.example", "staff", lists.database()), InspectReason::never_category);
  EXPECT_EQ(snapshot_->categories()[found_.category].id, "games");
}

TEST_F(WhyInspect, BankingAndHealthAreNeverOpened) {
  const TestLists lists({{"banks", "banking", blocklists::Format::domains, "bank.example\n"},
                         {"clinics", "health", blocklists::Format::domains, "clinic.example\n"}});
  PolicySpec spec = school();
  spec.groups[1].inspect = {"banking", "health"};
  for (const char* host : {"www.bank.example", "clinic.example"})
    EXPECT_EQ(reason(spec, host, "ks2", lists.database(), InspectionMode::always), InspectReason::never_category)
        << host;
}

TEST_F(WhyInspect, WhatIsShippedIsNeverOpenedUnlessTheSchoolNamesPartOfThatHost) {  // TLS-21
  const TestLists lists({{"bets", "gambling", blocklists::Format::urls, "web.whatsapp.com/casino\n"}});
  EXPECT_EQ(reason(school(), "web.whatsapp.com", "ks2", lists.database(), InspectionMode::always),
            InspectReason::never_shipped);
  EXPECT_EQ(found_.entry, "whatsapp.com");
  EXPECT_EQ(found_.detail, "messenger");
  EXPECT_EQ(reason(school({block_url("web.whatsapp.com/casino")}), "web.whatsapp.com"), InspectReason::url_entry);
  EXPECT_EQ(reason(school({block_url("web.whatsapp.com/casino")}), "media.whatsapp.com"), InspectReason::never_shipped);
  EXPECT_EQ(reason(school({block_pattern("spins")}), "web.whatsapp.com"), InspectReason::never_shipped);
  PolicySpec spec = school({block_url("web.whatsapp.com/casino")});
  spec.never_inspect = {"whatsapp.com"};
  EXPECT_EQ(reason(spec, "web.whatsapp.com"), InspectReason::never_site);
}

TEST_F(WhyInspect, ABlockedHostKeepsTheWordOfWhatMustStayClosed) {
  EXPECT_EQ(reason(school({block_site("whatsapp.com")}), "web.whatsapp.com"), InspectReason::never_shipped)
      << "not even a page may be shown inside";
  EXPECT_EQ(reason(school({emergency_site("a.example")}), "a.example"), InspectReason::none);
}

TEST_F(WhyInspect, SitesOfHelpAreNeverOpened) {
  EXPECT_EQ(reason(school(), "www.childline.org.uk", "ks2", nullptr, InspectionMode::always), InspectReason::support);
}

TEST_F(WhyInspect, AlwaysOpensWhatPasses) {
  EXPECT_EQ(reason(school(), "any.example", "ks2", nullptr, InspectionMode::always), InspectReason::always);
  EXPECT_EQ(reason(school({block_site("any.example")}), "any.example", "ks2", nullptr, InspectionMode::always),
            InspectReason::none);
}

TEST(NeverTable, EveryRowIsACanonicalNameWithAReasonAndCoversNoOther) {
  std::set<std::string> names;
  for_each_row(data::kNeverInspect, [&](const auto& words) {
    ASSERT_EQ(words.size(), 2u) << words[0];
    const auto host = names::Host::parse(words[0]);
    ASSERT_TRUE(host) << words[0];
    EXPECT_EQ(host->text(), words[0]);
    EXPECT_NE(words[0].find('.'), std::string_view::npos);
    EXPECT_TRUE(names.insert(host->text()).second) << words[0] << " twice";
    const std::set<std::string_view> reasons{"pinned", "os-update", "app-store", "certificate", "messenger", "payment"};
    EXPECT_TRUE(reasons.contains(words[1])) << words[1];
  });
  EXPECT_GT(names.size(), 100u);
  for (const std::string& name : names)
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      EXPECT_FALSE(names.contains(name.substr(dot + 1))) << name << " is covered already";
}

TEST(NeverTable, LeavesReadableWhatPupilsRead) {
  for (const char* host : {"www.apple.com", "www.microsoft.com", "www.google.com", "www.youtube.com", "docs.google.com",
                           "drive.google.com", "sites.google.com", "en.wikipedia.org", "www.bbc.co.uk", "github.io",
                           "raw.githubusercontent.com", "storage.googleapis.com", "login.microsoftonline.com",
                           "accounts.google.com", "www.dropbox.com"})
    EXPECT_EQ(never_inspected_entry_of(host).site, "") << host;
  EXPECT_EQ(never_inspected_entry_of("4-courier.push.apple.com").why, "pinned");
  EXPECT_EQ(never_inspected_entry_of("fe2.update.microsoft.com").why, "os-update");
}

}  // namespace
}  // namespace schoolgate::rules
