#include "changes/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "breaches/decision_line.h"
#include "tests/changes/two_policies.h"

namespace schoolgate::changes {
namespace {

using breaches::Decision;
using rules::Action;
using test::Policy;
using test::policy_of;
using test::TemporaryFolder;

TimePoint at(std::string_view text) { return *from_rfc3339(text); }

const TimePoint kSince = at("2026-10-20T00:00:00Z"), kUntil = at("2026-10-27T00:00:00Z");  // a clock change is in it

constexpr std::string_view kGroups = R"(groups:
  ks1: { members: { networks: ["10.20.1.0/24"] }, unlisted: block }
  ks2:
    members: { networks: ["10.20.2.0/23"] }
    categories: { gambling: block, games: warn, social-media: block }
  staff: { members: { groups: [teachers], networks: ["10.20.8.0/24"] } }
fallback: ks2
)";

std::string line_of(const Decision& decision) {
  std::string out;
  breaches::TimeText time_text;
  breaches::append_decision_line(out, decision, time_text);
  out.pop_back();
  return out;
}

class Replayed : public ::testing::Test {
 protected:
  std::unique_ptr<Policy> policy(std::string_view rules, std::string_view groups = kGroups) const {
    return policy_of(std::string(groups), std::string(rules), lists_);
  }
  ReplayResult replay(const Policy& before, const Policy& after, const std::vector<Decision>& decisions,
                      bool can_open = true) const {
    Replay replay(before.side(can_open), after.side(can_open), clock_, kSince, kUntil);
    for (const Decision& decision : decisions) replay.add_line(line_of(decision));
    return replay.result();
  }
  static Decision request(std::string_view url, std::string_view host, std::string_view device = "10.20.2.7",
                          std::string_view action = "allow") {
    return {.time = at("2026-10-21T10:00:00Z"),
            .group = "ks2",
            .device = device,
            .method = "GET",
            .host = host,
            .url = url,
            .action = action,
            .stage = "request",
            .rule = "unlisted"};
  }
  static Decision connect(std::string_view url, std::string_view host, std::string_view device = "10.20.2.7") {
    Decision decision = request(url, host, device);
    decision.method = "CONNECT";
    decision.stage = "connect";
    return decision;
  }

  TemporaryFolder folder_;
  std::shared_ptr<const blocklists::CategoryDb> lists_ = test::small_lists(folder_.path());
  rules::SiteClock clock_ = *rules::SiteClock::open("Europe/London");
};

TEST_F(Replayed, ANewBlockIsNewlyClosedByHostAndGroupWithDevicesAndPeopleCounted) {
  const auto before = policy("{}"), after = policy("block:\n  - { site: craze.example, category: violence }\n");
  std::vector<Decision> log{request("http://craze.example/a", "craze.example"),
                            request("http://craze.example/b", "craze.example", "10.20.2.8"),
                            request("http://craze.example/b", "craze.example", "10.20.2.8"),
                            request("http://www.craze.example/", "www.craze.example", "10.20.8.1"),
                            request("http://maths.example/", "maths.example")};
  log[0].person = log[1].person = "jo.oak";
  const ReplayResult result = replay(*before, *after, log);
  EXPECT_EQ(result.decisions, 5u);
  EXPECT_EQ(result.judged, 5u);
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].turn, Turn::closed);
  EXPECT_EQ(result.rows[0].host, "craze.example");
  EXPECT_EQ(result.rows[0].group, "ks2");
  EXPECT_EQ(result.rows[0].decisions, 3u);
  EXPECT_EQ(result.rows[0].devices, 2u);
  EXPECT_EQ(result.rows[0].people, 1u);
  EXPECT_EQ(result.rows[0].because, "rule 'block site craze.example' at config/rules/a.yaml:2");
  ASSERT_EQ(result.rows[0].first.size(), 2u) << "one example of an address";
  EXPECT_EQ(result.rows[0].first[0].was, "allow");
  EXPECT_EQ(result.rows[0].first[0].becomes, "block");
  EXPECT_EQ(result.rows[1].group, "staff");
}

TEST_F(Replayed, AnAllowAgainstAListIsNewlyOpen) {
  const auto before = policy("{}");
  const auto after = policy("allow:\n  - { site: bet1.example, groups: [ks2], why: dice }\n");
  const auto result = replay(*before, *after,
                             {request("http://bet1.example/", "bet1.example", "10.20.2.7", "block"),
                              request("http://bet2.example/", "bet2.example", "10.20.2.7", "block")});
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].turn, Turn::open);
  EXPECT_EQ(result.rows[0].host, "bet1.example");
  EXPECT_EQ(result.otherwise, 0u);
}

TEST_F(Replayed, ATakenBlockSaysWhatNoLongerStandsAgainstIt) {
  const auto before = policy("block:\n  - { site: craze.example, category: violence }\n"), after = policy("{}");
  const auto result =
      replay(*before, *after, {request("http://craze.example/", "craze.example", "10.20.2.7", "block")});
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].because, "no longer rule 'block site craze.example' at config/rules/a.yaml:2");
}

TEST_F(Replayed, AUrlRuleOpensTlsAndWhatIsInsideCannotBeKnown) {
  const auto before = policy("{}");
  const auto after = policy("block:\n  - { url: \"forum.example/casino/\", category: gambling }\n");
  const std::vector<Decision> log{connect("https://forum.example/", "forum.example")};
  const auto result = replay(*before, *after, log);
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].turn, Turn::tls_opened);
  EXPECT_EQ(result.rows[0].because, "url_entry");
  EXPECT_EQ(result.unknown.inside_opened, 1u);
  EXPECT_EQ(result.by_name, 1u);
  EXPECT_TRUE(replay(*before, *after, log, false).rows.empty()) << "nothing can be opened";
}

TEST_F(Replayed, AWarningThatCannotBeShownIsNewlyClosed) {
  const auto before = policy("{}", "groups: { ks2: { members: { networks: [\"10.20.2.0/23\"] } } }\nfallback: ks2\n");
  const auto after =
      policy("{}", R"(groups: { ks2: { members: { networks: ["10.20.2.0/23"] }, categories: { games: warn } } }
fallback: ks2
)");
  const std::vector<Decision> log{connect("https://play1.example/", "play1.example")};
  EXPECT_EQ(replay(*before, *after, log, false).turns[std::size_t(Turn::closed)], 1u);
  const auto shown = replay(*before, *after, log, true);
  EXPECT_EQ(shown.turns[std::size_t(Turn::warned)], 1u);
  EXPECT_EQ(shown.turns[std::size_t(Turn::tls_opened)], 1u);
}

TEST_F(Replayed, GroupsOfThePersonAndKindOfDevicePutThemIntoTheGroup) {
  const auto before = policy("{}");
  const auto after = policy("{}", R"(groups:
  ks2: { members: { networks: ["10.20.2.0/23"] }, categories: { gambling: block } }
  guests: { members: { devices: [phone] }, unlisted: block }
  staff: { members: { groups: [teachers] } }
fallback: ks2
)");
  Decision teacher = request("http://bet1.example/", "bet1.example");
  const std::vector<std::string> groups{"all", "teachers"};
  teacher.person = "t.elm";
  teacher.groups = groups;
  Decision phone = request("http://maths.example/", "maths.example");
  phone.kind = "phone";
  const auto result = replay(*before, *after, {teacher, phone});
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].host, "maths.example");
  EXPECT_EQ(result.rows[0].group, "ks2");
  EXPECT_EQ(result.rows[0].new_group, "guests");
}

TEST_F(Replayed, ALineThatLacksWhatJudgingNeedsCannotBeKnown) {
  const auto before = policy("{}"), after = policy("block:\n  - { site: craze.example, category: violence }\n");
  Replay replay(before->side(true), after->side(true), clock_, kSince, kUntil);
  std::string line = line_of(request("http://craze.example/", "craze.example"));
  line.replace(line.find(R"("kind":"",)"), 10, "");
  replay.add_line(line);
  replay.add_line(line.substr(0, line.size() / 2));
  Decision help{.time = kSince,
                .group = "ks2",
                .host = "support",
                .action = "allow",
                .category = "support",
                .stage = "request",
                .rule = "support"};
  replay.add_line(line_of(help));
  Decision sealed = request("sealed", "sealed");
  sealed.sealed = true;
  replay.add_line(line_of(sealed));
  Decision fault = request("http://craze.example/", "craze.example", "10.20.2.7", "fault");
  replay.add_line(line_of(fault));
  Decision late = request("http://craze.example/", "craze.example");
  late.time = kUntil;
  replay.add_line(line_of(late));
  const auto result = replay.result();
  EXPECT_EQ(result.unknown.without_fields, 1u);
  EXPECT_EQ(result.unknown.withheld, 2u);
  EXPECT_EQ(result.unreadable, 1u);
  EXPECT_EQ(result.not_policy, 1u);
  EXPECT_EQ(result.judged, 0u);
  EXPECT_EQ(result.lines, 6u);
  EXPECT_TRUE(result.rows.empty());
}

TEST_F(Replayed, ASealedEntryIsNeverShown) {
  const auto before = policy("{}");
  const auto after =
      policy("{}", R"(groups: { ks2: { members: { networks: ["10.20.2.0/23"] }, categories: { drugs: block } } }
fallback: ks2
)");
  const auto result = replay(*before, *after, {request("http://dark1.example/x", "dark1.example")});
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].host, "sealed");
  ASSERT_EQ(result.rows[0].first.size(), 1u);
  EXPECT_EQ(result.rows[0].first[0].url, "sealed");
}

TEST_F(Replayed, TheTimeOfEachDecisionCounts) {
  const auto before = policy("{}");
  const auto after = policy("{}", R"(groups:
  ks2:
    members: { networks: ["10.20.2.0/23"] }
    categories: { gambling: block, games: warn, social-media: block }
    schedules:
      - when: { days: [mon, tue, wed, thu, fri], from: "12:15", to: "13:15" }
        categories: { social-media: allow }
fallback: ks2
)");
  std::vector<Decision> log;
  for (const char* time :
       {"2026-10-21T11:14:59.999Z", "2026-10-21T11:15:00Z", "2026-10-21T12:14:59.999Z", "2026-10-21T12:15:00Z",
        "2026-10-26T12:15:00Z", "2026-10-26T11:30:00Z", "2026-10-24T11:30:00Z"}) {
    log.push_back(request("http://chat1.example/", "chat1.example", "10.20.2.7", "block"));
    log.back().time = at(time);
  }
  const auto result = replay(*before, *after, log);
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].turn, Turn::open);
  EXPECT_EQ(result.rows[0].decisions, 3u) << "two on Wednesday in summer time, one on Monday in winter time";
}

TEST_F(Replayed, WhatWasDecidedOtherwiseAtTheTimeIsCounted) {
  const auto same = policy("{}");
  const auto result = replay(*same, *same, {request("http://bet1.example/", "bet1.example", "10.20.2.7", "allow")});
  EXPECT_EQ(result.otherwise, 1u);
  EXPECT_TRUE(result.rows.empty());
}

// --- the twin: one decision after the other, nothing remembered, written from docs/rules.md
// ---------------------------

struct Tally {
  std::uint64_t decisions = 0;
  std::set<std::string> devices, people;
};
using Tallies = std::map<std::tuple<Turn, std::string, std::string, std::string>, Tally>;

struct Naive {
  const Policy& policy;
  bool can_open;

  struct Told {
    std::string group;
    Action action;
    bool decrypted = false, shown = true;
  };
  [[nodiscard]] bool shown(const rules::Verdict& verdict) const {
    const rules::Citation citation = policy.snapshot->cite(verdict);
    return !citation.sealed && !citation.illegal;
  }
  [[nodiscard]] Told ask(const Decision& decision) const {
    rules::Presence presence;
    presence.address = *names::IpAddress::parse(decision.device);
    presence.device.kind = decision.kind;
    presence.device.by_name_only = decision.by_name_only;
    if (!decision.person.empty()) {
      presence.person.emplace();
      presence.person->user = decision.person;
      presence.person->groups.assign(decision.groups.begin(), decision.groups.end());
    }
    const rules::Subject subject = policy.snapshot->subject_for(presence.address, &presence);
    Told told{std::string(policy.snapshot->group_id(subject.group)), Action::allow};
    const auto url = *names::Url::parse(decision.url);
    const auto name = rules::Request::of_host(*names::Host::parse(url.host()), url.port(), "CONNECT");
    const bool only_name = decision.stage != "request";
    if (only_name || decision.inspected) {
      const auto stage = decision.stage == "client_hello" ? rules::Stage::client_hello : rules::Stage::connect;
      const rules::Verdict by_name = policy.snapshot->decide(subject, name, stage, decision.time);
      const bool forbidden = rules::must_not_open(by_name.inspect_reason);
      told.decrypted = can_open && (by_name.inspect || (by_name.action == Action::warn && !forbidden));
      told.shown = shown(by_name);
      if (!told.decrypted) {
        told.action = by_name.action >= Action::warn ? Action::block : by_name.action;
        return told;
      }
      if (only_name) {
        told.action = by_name.action == Action::block ? Action::allow : by_name.action;
        return told;
      }
    }
    const auto whole = rules::Request::of_url(url, "GET");
    const rules::Verdict verdict = policy.snapshot->decide(subject, whole, rules::Stage::request, decision.time);
    told.action = verdict.action;
    told.shown = shown(verdict);
    return told;
  }
};

Tallies tally_naively(const Naive& before, const Naive& after, const std::vector<Decision>& decisions) {
  Tallies tallies;
  for (const Decision& decision : decisions) {
    const auto was = before.ask(decision), now = after.ask(decision);
    const auto put = [&](Turn turn) {
      Tally& tally = tallies[{turn, was.shown && now.shown ? std::string(decision.host) : "sealed", was.group,
                              now.group == was.group ? "" : now.group}];
      ++tally.decisions;
      tally.devices.insert(std::string(decision.device));
      if (!decision.person.empty()) tally.people.insert(std::string(decision.person));
    };
    if (was.action != now.action) {
      if (now.action == Action::block)
        put(Turn::closed);
      else if (now.action == Action::warn)
        put(Turn::warned);
      else if (was.action == Action::block || was.action == Action::warn)
        put(Turn::open);
      else
        put(now.action == Action::monitor ? Turn::recorded : Turn::unrecorded);
    }
    if (was.decrypted != now.decrypted) put(now.decrypted ? Turn::tls_opened : Turn::tls_left);
  }
  return tallies;
}

class RandomSchool {
 public:
  explicit RandomSchool(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[below(of.size())];
  }
  std::string host() {
    static const std::vector<std::string> names{"bet", "play", "chat", "dark", "part", "school"};
    return (below(4) == 0 ? "www." : "") + any(names) + std::to_string(below(5)) + ".example";
  }
  std::string time() {
    char text[16];
    std::snprintf(text, sizeof text, "%02zu:%02zu", below(24), below(4) * 15);
    return text;
  }
  std::string groups() {
    static const std::vector<std::string> actions{"block", "warn", "monitor", "allow"};
    std::string out = "groups:\n";
    int network = 1;
    for (const char* id : {"ks1", "ks2", "staff"}) {
      out += std::string("  ") + id + ":\n    members: { networks: [\"10.20." + std::to_string(network++) + ".0/24\"]";
      if (below(2) == 0)
        out += std::string(", groups: [") + (id[0] == 's' ? "teachers" : std::string("year-") + id) + "]";
      if (id[2] == '1' && below(2) == 0) out += ", devices: [phone]";
      out += " }\n    unlisted: " + std::string(below(4) == 0 ? "block" : "allow") + "\n    categories: { ";
      for (const char* category : {"gambling", "games", "social-media", "drugs"})
        out += std::string(category) + ": " + any(actions) + (category[0] == 'd' ? " }\n" : ", ");
      if (below(3) == 0) out += "    inspect: [games]\n";
      if (below(2) == 0) {
        out += "    schedules:\n";
        for (std::size_t i = 0; i <= below(2); ++i)
          out += "      - { when: { days: [mon, wed, sat, sun], from: \"" + time() + "\", to: \"" + time() +
                 "\" }, categories: { games: " + any(actions) + ", gambling: " + any(actions) + " } }\n";
      }
    }
    return out + "fallback: ks2\n";
  }
  std::string rules() {
    std::string out = "block:\n";
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i) {
      out += below(2) == 0 ? "  - { site: " + host() + ", category: violence"
                           : "  - { url: \"" + host() + "/casino\", category: gambling";
      out += below(2) == 0 ? ", groups: [ks2]" : "";
      out += (below(3) == 0 ? ", until: 2026-10-2" + std::to_string(2 + below(4)) : "") + " }\n";
    }
    out += "allow:\n";
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i)
      out += (below(2) == 0 ? "  - { site: " + host() : "  - { url: \"" + host() + "/maths\"") +
             (below(2) == 0 ? ", groups: [ks1, ks2]" : "") + " }\n";
    return out;
  }

 private:
  std::mt19937 random_;
};

TEST_F(Replayed, AgreesWithATwinThatRemembersNothing) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    RandomSchool school(seed);
    const std::string groups = school.groups();
    const auto before = policy(school.rules(), groups),
               after = policy(school.rules(), school.below(2) == 0 ? groups : school.groups());
    ASSERT_TRUE(before->snapshot && after->snapshot);
    const bool open_before = school.below(3) != 0, open_after = school.below(3) != 0;

    std::vector<std::array<std::string, 4>> texts;  // host, url, device, person
    std::vector<Decision> decisions(3000);
    texts.reserve(decisions.size());
    const std::vector<std::vector<std::string>> of_people{{}, {"teachers"}, {"year-ks1", "choir"}, {"year-ks2"}};
    const std::vector<std::string_view> kinds{"", "phone", "school", "unknown"}, paths{"", "casino/x", "maths"};
    for (Decision& decision : decisions) {
      const std::string host = school.host();
      const std::size_t how = school.below(4);  // request, inside TLS, connect, hello
      const std::string url =
          (how == 0 ? "http://" : "https://") + host + "/" + std::string(how < 2 ? school.any(paths) : "");
      const std::size_t person = school.below(6);
      const auto& text = texts.emplace_back(
          std::array{host, url, "10.20." + std::to_string(1 + school.below(4)) + "." + std::to_string(school.below(6)),
                     person < 4 ? "person." + std::to_string(person) : std::string()});
      decision = {.time = kSince + std::chrono::minutes(school.below(7 * 24 * 60)) +
                          std::chrono::milliseconds(school.below(2) * 59'999),
                  .group = "ks2",
                  .device = text[2],
                  .method = how < 2 ? "GET" : "CONNECT",
                  .host = text[0],
                  .url = text[1],
                  .action = "allow",
                  .stage = how < 2    ? "request"
                           : how == 2 ? "connect"
                                      : "client_hello",
                  .rule = "unlisted"};
      decision.person = text[3];
      if (person < 4) decision.groups = of_people[person];
      decision.kind = school.any(kinds);
      decision.by_name_only = school.below(8) == 0;
      decision.inspected = how == 1;
    }
    Replay replay(before->side(open_before), after->side(open_after), clock_, kSince, kUntil);
    for (const Decision& decision : decisions) replay.add_line(line_of(decision));
    const ReplayResult result = replay.result();
    ASSERT_EQ(result.judged, decisions.size());
    EXPECT_LT(result.distinct, decisions.size());

    Tallies got;
    for (const ReplayRow& row : result.rows) {
      Tally& tally = got[{row.turn, row.host, row.group, row.new_group}];
      EXPECT_EQ(tally.decisions, 0u) << "one row for each";
      tally.decisions = row.decisions;
      for (std::uint64_t i = 0; i < row.devices; ++i) tally.devices.insert(std::to_string(i));
      for (std::uint64_t i = 0; i < row.people; ++i) tally.people.insert(std::to_string(i));
    }
    const Tallies want = tally_naively({*before, open_before}, {*after, open_after}, decisions);
    EXPECT_GT(want.size(), 0u) << seed;
    ASSERT_EQ(got.size(), want.size()) << seed;
    for (const auto& [key, tally] : want) {
      const auto& [turn, host, group, new_group] = key;
      ASSERT_TRUE(got.contains(key)) << seed << " " << to_string(turn) << " " << host << " " << group << " "
                                     << new_group;
      EXPECT_EQ(got[key].decisions, tally.decisions) << seed << " " << to_string(turn) << " " << host;
      EXPECT_EQ(got[key].devices.size(), tally.devices.size());
      EXPECT_EQ(got[key].people.size(), tally.people.size());
    }
  }
}

}  // namespace
}  // namespace schoolgate::changes
